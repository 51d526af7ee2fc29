/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "lib/errno.h"

/* Parts of reserved address space, mapped and taken away page by page: the workers under vmap(),
 * and the calls for VM_SPARSE areas. */

#define GOT (MAY(DONE) | MAY(NO_MEMORY) | MAY(REFUSED) | MAY(BUSY))

struct part {
	struct held *slot;
	size_t first, nr;
	unsigned long start, end;
	uint64_t bits;
	unsigned int frame; /* of the pool, behind the first page */
};

static bool is_sparse(const struct held *slot)
{
	return slot->flags & VM_SPARSE;
}

/* A reserved area, sparse or not; mostly one that has parts mapped. */
static struct held *some_slot(bool sparse)
{
	bool mapped = pick(sparse ? 6 : 3);

	for (unsigned int tries = 0; tries < 20; tries++) {
		struct held *slot = slot_of_kind(RESERVED);

		if (slot && is_sparse(slot) == sparse && (!mapped || slot->parts || tries >= 12))
			return slot;
	}
	return NULL;
}

/* A part of such an area; false: there is none. */
static bool choose_part(struct part *part, bool sparse, size_t most)
{
	struct held *slot = some_slot(sparse);

	if (!slot)
		return false;
	part->slot = slot;
	part->first = pick(slot->nr_pages);
	if (slot->parts && pick(5))
		part->first = (size_t)__builtin_ctzll(slot->parts);
	part->nr = 1 + pick(slot->nr_pages - part->first);
	if (part->nr > most)
		part->nr = 1 + part->nr % most;
	part->start = slot->start + part->first * PAGE_SIZE;
	part->end = part->start + part->nr * PAGE_SIZE;
	part->bits = (((uint64_t)1 << part->nr) - 1) << part->first;
	part->frame = (unsigned int)pick(POOL);
	return true;
}

static void list_part(const struct part *part)
{
	for (size_t i = 0; i < part->nr; i++)
		driver.list[i] = driver.pool[(part->frame + i) % POOL];
}

static void note_mapped(const struct part *part)
{
	part->slot->parts |= part->bits;
	for (size_t i = 0; i < part->nr; i++)
		part->slot->behind[part->first + i] = (uint8_t)((part->frame + i) % POOL);
}

static void check_parts(const struct held *slot)
{
	for (size_t i = 0; i < slot->nr_pages; i++) {
		bool there = slot->parts >> i & 1;
		struct page *page = there ? driver.pool[slot->behind[i]] : NULL;

		same((uintptr_t)vmalloc_to_page((void *)(slot->start + i * PAGE_SIZE)),
		     (uintptr_t)page);
	}
	model_check(slot);
}

static int sparse_error(unsigned int spoiled, struct part *part)
{
	switch (spoiled) {
	case 0:
		part->start += 8;
		return -EINVAL;
	case 1:
		part->end = part->slot->start + (part->slot->nr_pages + 1) * PAGE_SIZE;
		return -ERANGE;
	default:
		part->end = part->start + (totalram_pages() + 1) * PAGE_SIZE;
		return -E2BIG;
	}
}

static void sparse(const char *name, bool map)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED));
	struct part part;
	int expected = 0;

	if (!choose_part(&part, true, PARTS))
		return;
	if (aim == REFUSED)
		expected = sparse_error((unsigned int)pick(3), &part);
	else if (map && part.slot->parts & part.bits)
		expected = -EBUSY;
	saying("%s(%u, page %zu, %zu pages): %d", name, slot_number(part.slot), part.first, part.nr,
	       expected);
	list_part(&part);
	same(map ? vm_area_map_pages(part.slot->cookie, part.start, part.end, driver.list)
		 : vm_area_unmap_pages(part.slot->cookie, part.start, part.end),
	     expected);
	if (!expected && map)
		note_mapped(&part);
	else if (!expected)
		part.slot->parts &= ~part.bits;
	check_parts(part.slot);
	came(expected == -EBUSY ? BUSY : aim);
}

static void step_vm_area_map_pages(void)
{
	sparse("vm_area_map_pages", true);
}

static void step_vm_area_unmap_pages(void)
{
	sparse("vm_area_unmap_pages", false);
}

/* vmap_pages_range() of listed frames, or vmap_page_range() of frames that follow each other. */
static int map_part(const struct part *part, bool listed, pgprot_t prot)
{
	return listed ? vmap_pages_range(part->start, part->end, prot, driver.list, PAGE_SHIFT)
		      : vmap_page_range(part->start, part->end, page_to_phys(driver.list[0]), prot);
}

/* Where no table is yet. */
static void map_starved(bool listed)
{
	struct vm_struct *vm = get_vm_area(PMD_SIZE, VM_IOREMAP);
	struct part part = {.nr = 1 + pick(POOL_RUN)};
	int error;
	bool struck;

	holds(vm);
	part.start = (unsigned long)(uintptr_t)vm->addr;
	part.end = part.start + part.nr * PAGE_SIZE;
	list_part(&part);
	starve(1);
	error = map_part(&part, listed, PAGE_KERNEL);
	struck = starved();
	same(error, struck ? -ENOMEM : 0);
	for (size_t i = 0; i < part.nr; i++)
		same((uintptr_t)vmalloc_to_page((char *)vm->addr + i * PAGE_SIZE),
		     (uintptr_t)(struck ? NULL : driver.list[i]));
	vunmap_range(part.start, part.end);
	free_vm_area(vm);
	came(struck ? NO_MEMORY : DONE);
}

static int map_wrongly(struct part *part, bool listed)
{
	int expected = -EINVAL;
	pgprot_t prot = PAGE_KERNEL;

	switch (pick(3)) {
	case 0:
		part->end = part->start - pick(3) * PAGE_SIZE;
		break;
	case 1:
		part->start += 8;
		break;
	default:
		prot = PAGE_KERNEL_EXEC;
		expected = -EPERM;
	}
	same(map_part(part, listed, prot), expected);
	return expected;
}

static void map_range_of(const char *name, bool listed)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED) | MAY(NO_MEMORY));
	struct part part;
	int expected = 0;

	if (aim == NO_MEMORY) {
		saying("%s(), starved", name);
		map_starved(listed);
		return;
	}
	if (!choose_part(&part, false, listed ? PARTS : POOL_RUN))
		return;
	if (!listed)
		part.frame = (unsigned int)pick(POOL_RUN + 1 - part.nr);
	list_part(&part);
	saying("%s(%u, page %zu, %zu pages)%s", name, slot_number(part.slot), part.first, part.nr,
	       aim == REFUSED ? ", wrong" : "");
	if (aim == REFUSED)
		expected = map_wrongly(&part, listed);
	else
		expected = part.slot->parts & part.bits ? -EBUSY : 0;
	if (aim == DONE)
		same(map_part(&part, listed, PAGE_KERNEL), expected);
	if (!expected)
		note_mapped(&part);
	check_parts(part.slot);
	came(expected == -EBUSY ? BUSY : aim);
}

static void step_vmap_pages_range(void)
{
	map_range_of("vmap_pages_range", true);
}

static void step_vmap_page_range(void)
{
	map_range_of("vmap_page_range", false);
}

/* It flushes: what was there faults at once. */
static void step_vunmap_range(void)
{
	struct part part;
	bool any;

	if (!choose_part(&part, one_in(2), PARTS))
		return;
	any = part.slot->parts & part.bits;
	saying("vunmap_range(%u, page %zu, %zu pages)", slot_number(part.slot), part.first,
	       part.nr);
	vunmap_range(part.start, part.end);
	part.slot->parts &= ~part.bits;
	holds(fault_expect_read(part.start) && fault_expect_read(part.end - 1));
	check_parts(part.slot);
	came(any ? DONE : NOTHING);
}

static const struct call calls[] = {
	CALLS_NAMED(vm_area_map_pages, MAY(DONE) | MAY(REFUSED) | MAY(BUSY)),
	CALLS_NAMED(vm_area_unmap_pages, MAY(DONE) | MAY(REFUSED)),
	CALLS_NAMED(vmap_pages_range, GOT),
	CALLS_NAMED(vmap_page_range, GOT),
	CALLS_NAMED(vunmap_range, MAY(DONE) | MAY(NOTHING)),
};
CALL_TABLE(range_table, calls);
