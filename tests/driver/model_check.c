/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "memblock.h"
#include "slab.h"

/* Whether mm says and does what the model has. */

/* What the asking calls have to say about an area. */
static void check_area(const struct held *slot)
{
	const void *last = (const void *)(slot->start + slot->nr_pages * PAGE_SIZE - 1);
	struct vm_struct *vm = find_vm_area((const void *)slot->start);

	holds(vm);
	same((uintptr_t)vm->addr, slot->start);
	same(get_vm_area_size(vm), slot->nr_pages * PAGE_SIZE);
	same(vm->flags, slot->flags);
	same(vm->guard, slot->flags & VM_NO_GUARD ? vm->guard : slot->guard);
	same((uintptr_t)find_vm_area(last), (uintptr_t)vm);
	holds(is_vmalloc_addr((const void *)slot->start) && is_vmalloc_addr(last));
}

void check_guards(const struct held *slot)
{
	holds(fault_expect_read(slot->start - 1));
	holds(fault_expect_read(slot->start - slot->guard * PAGE_SIZE));
	if (!(slot->flags & VM_NO_GUARD))
		holds(fault_expect_read(held_end(slot)));
}

void model_check(const struct held *slot)
{
	if (is_area(slot->kind))
		check_area(slot);
	contents_verify(slot);
	if (is_protected(slot))
		protection_check(slot, pick(slot->nr_pages));
}

void check_totals(void)
{
	uint64_t pages, most = driver.deferred + driver.internal;

	if (driver.together)
		return;
	pages = vmalloc_nr_pages();
	holds(pages >= driver.vmalloc_pages && pages <= driver.vmalloc_pages + most);
}

size_t owned_pages(void)
{
	return (memblock_end() >> PAGE_SHIFT) / (8 * PAGE_SIZE) + 1;
}

static uint64_t *owned_word(unsigned long pfn)
{
	return &driver.owned[pfn / 64];
}

/* A frame with one owner, and with as many references as the model says. */
static void own(unsigned long pfn, unsigned int references)
{
	uint64_t bit = (uint64_t)1 << pfn % 64;

	same(page_count(pfn_to_page(pfn)), references);
	holds(!(*owned_word(pfn) & bit));
	*owned_word(pfn) |= bit;
}

static void own_frames(const struct held *slot)
{
	for (size_t i = 0; i < slot->nr_pages; i++) {
		const char *at = (const char *)slot->start + i * PAGE_SIZE;

		if (slot->kind == FRAMES)
			own(virt_to_phys(at) >> PAGE_SHIFT, 1 + slot->more);
		else if (slot->kind == VMALLOC && is_absent(slot, i))
			own(page_to_pfn(find_vm_area((void *)slot->start)->pages[i]), 1);
		else if (slot->kind == VMALLOC || slot->kind == DMA)
			own(vmalloc_to_pfn(at), 1);
	}
}

/* The frames of slabs have no owner among the slots. */
static void check_object(const struct held *slot)
{
	unsigned long pfn = virt_to_phys((const void *)slot->start) >> PAGE_SHIFT;

	holds(!(*owned_word(pfn) >> pfn % 64 & 1));
}

static void check_owners(void)
{
	memset(driver.owned, 0, owned_pages() * PAGE_SIZE);
	for (unsigned int i = 0; i < POOL; i++)
		own(page_to_pfn(driver.pool[i]), 1);
	for (unsigned int i = 0; i < NR_SLOTS; i++)
		own_frames(&driver.slots[i]);
	for (unsigned int i = 0; i < NR_SLOTS; i++)
		if (driver.slots[i].kind == OBJECT || driver.slots[i].kind == KMALLOC)
			check_object(&driver.slots[i]);
}

void model_check_all(void)
{
	const char *problem = driver.together ? NULL : mm_check();

	if (!problem && !driver.together)
		problem = test_check_platform();
	if (problem)
		log_line("# %s", problem);
	holds(!problem);
	check_totals();
	for (unsigned int i = 0; i < NR_SLOTS; i++)
		if (driver.slots[i].kind != FREE_SLOT)
			model_check(&driver.slots[i]);
	for (unsigned int i = 0; i < POOL; i++)
		contents_verify_pool((uintptr_t)page_address(driver.pool[i]), driver.pool[i]);
	check_owners();
}
