/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "walk.h"

/*
 * A second opinion after each step, where the platform has one: what the step dealt with is looked
 * up page by page in the tables in force, by a walker that shares nothing with pagetables/, and has
 * to be what the model says and what pagetables/ says. The whole of the tables has its turn with
 * everything else (model_check_all()).
 */

/* Of a large area each page at first, then some. */
enum { EACH_PAGE = 64, THEN_EVERY = 29 };
#define COMPARED                                                                                   \
	(_PAGE_RW | _PAGE_USER | _PAGE_NX | _PAGE_GLOBAL | _PAGE_PWT | _PAGE_PCD | _PAGE_PAT)

void second_touch(const struct held *slot)
{
	unsigned int number = slot_number(slot);

	driver.touched[number / 64] |= (uint64_t)1 << number % 64;
}

/* In the vmalloc region, where each page has a leaf of its owner alone. */
static bool is_in_region(const struct held *slot)
{
	return is_area(slot->kind) || slot->kind == RAM;
}

void second_gone(const struct held *slot)
{
	if (is_in_region(slot) && driver.nr_gone < GONE_MAX)
		driver.gone[driver.nr_gone++] = (struct gone){slot->start, held_end(slot)};
}

void second_begin(void)
{
	memset(driver.touched, 0, sizeof(driver.touched));
	driver.nr_gone = 0;
	driver.deferred_before = driver.deferred;
}

/* What the model says of a page. */
struct said {
	bool mapped, write, execute;
	phys_addr_t phys; /* 0: it does not know */
};

static phys_addr_t pool_phys(size_t number)
{
	return page_to_phys(driver.pool[number % POOL]);
}

static struct said protected_page(const struct held *slot, size_t page)
{
	uint64_t bit = page < PROTECTED ? (uint64_t)1 << page : 0;

	return (struct said){.mapped = !(slot->absent & bit),
			     .write = !slot->read_only && !(slot->ro & bit),
			     .execute = slot->exec & bit};
}

static struct said page_of_direct_map(const struct held *slot, size_t page)
{
	struct said said = protected_page(slot, page);

	said.phys = virt_to_phys((char *)(slot->start & PAGE_MASK) + page * PAGE_SIZE);
	return said;
}

/* Space without memory behind it, as far as there is none. */
static struct said page_of_space(const struct held *slot, size_t page)
{
	bool part = slot->kind == RESERVED && slot->parts >> page & 1;

	return (struct said){part, part, false, part ? pool_phys(slot->behind[page]) : 0};
}

static struct said what_is_said(const struct held *slot, size_t page)
{
	phys_addr_t offset = page * PAGE_SIZE;

	switch (slot->kind) {
	case VMALLOC:
		return protected_page(slot, page);
	case VMAPPED:
	case RAM:
		return (struct said){true, true, false, pool_phys(slot->first + page)};
	case DEVICE:
		if (slot->cookie)
			return page_of_space(slot, page);
		return (struct said){true, true, false,
				     slot->phys ? (slot->phys & PAGE_MASK) + offset : 0};
	case DMA:
		return (struct said){true, true, false, slot->phys + offset};
	case RESERVED:
	case CONGRUENT:
		return page_of_space(slot, page);
	default:
		return page_of_direct_map(slot, page);
	}
}

static void check_page(uintptr_t address, const struct said *said)
{
	struct leaf seen = {0}, told = {0};
	bool mapped = test_look_up(address, &seen);

	same(mapped, said->mapped);
	same(walk_lookup(space_current(), address, &told), mapped);
	if (!mapped)
		return;
	same(seen.prot.pgprot, told.prot.pgprot & COMPARED);
	same(seen.start, told.start);
	same(seen.size, told.size);
	same(seen.phys, told.phys);
	same(!!(seen.prot.pgprot & _PAGE_RW), said->write);
	same(!(seen.prot.pgprot & _PAGE_NX), said->execute);
	holds(!(seen.prot.pgprot & _PAGE_USER));
	if (said->phys)
		same(seen.phys + (address - seen.start), said->phys);
}

static void check_slot(const struct held *slot)
{
	size_t nr = slot->nr_pages ? slot->nr_pages : 1;

	if (slot->kind == FREE_SLOT || slot->kind == CACHE || slot->kind == PERCPU)
		return;
	if (driver.together && !is_in_region(slot))
		return; /* others split and join leaves of the direct map */
	for (size_t page = 0; page < nr; page += page < EACH_PAGE ? 1 : THEN_EVERY) {
		struct said said = what_is_said(slot, page);

		check_page((slot->start & PAGE_MASK) + page * PAGE_SIZE, &said);
	}
	if (is_area(slot->kind))
		check_page(slot->start - PAGE_SIZE, &(struct said){0});
}

/* Nothing is there any more, or it is somebody else's by now. */
static void check_gone(const struct gone *gone)
{
	struct leaf leaf;
	size_t page = 0;

	for (uintptr_t at = gone->start; at < gone->end;
	     at += page++ < EACH_PAGE ? PAGE_SIZE : THEN_EVERY * PAGE_SIZE)
		if (test_look_up(at, &leaf))
			holds(model_find(at) || find_vm_area((void *)at));
}

void second_check(void)
{
	if (!test_has_second_opinion())
		return;
	for (unsigned int i = 0; i < NR_SLOTS; i++)
		if (driver.touched[i / 64] >> i % 64 & 1)
			check_slot(&driver.slots[i]);
	if (driver.together || driver.deferred != driver.deferred_before)
		return;
	for (unsigned int i = 0; i < driver.nr_gone; i++)
		check_gone(&driver.gone[i]);
}
