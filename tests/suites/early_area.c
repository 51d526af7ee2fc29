/* SPDX-License-Identifier: BSD-2-Clause */
#include "plain.h"
#include "vm_area.h"

/* Areas from before vmalloc_init(): the run's stacks, and on the host one at an address of its own.
 */

enum { GUARD_MAX = 17 };

/* The nth early area in address order; NULL: there are not so many. */
static struct vm_struct *early(unsigned int nth)
{
	struct area *area;

	for (uintptr_t at = VMALLOC_START; (area = vmap_area_pin_next(at));) {
		struct vm_struct *vm = area->va.vm != &area->vm ? area->va.vm : NULL;

		at = area->va.va_start;
		vmap_area_unpin(area);
		if (vm && nth-- == 0)
			return vm;
	}
	return NULL;
}

static uintptr_t start_of(const struct vm_struct *vm)
{
	return (uintptr_t)vm->addr;
}

static void is_an_area(struct vm_struct *vm)
{
	char *addr = vm->addr;

	expect(find_vm_area(addr) == vm);
	expect(find_vm_area(addr + get_vm_area_size(vm) - 1) == vm);
	vfree(addr);
	vunmap(addr);
	expect(!remove_vm_area(addr));
	expect(find_vm_area(addr) == vm);
}

TEST(vm_area_register_early, area,
     "it is an area where nobody else is, and is not freed by mistake")
{
	struct vm_struct *vm = early(0);

	require(vm);
	expect(vm->flags & VM_NO_GUARD);
	expect_equal(start_of(vm), VMALLOC_START + GUARD_MAX * PAGE_SIZE);
	is_an_area(vm);
}

TEST(vm_area_add_early, area, "it is an area at the address that it had, with its guard")
{
	struct vm_struct *vm = NULL;

	for (unsigned int nth = 0; (vm = early(nth)) && vm->flags & VM_NO_GUARD;)
		nth++;
	if (!vm)
		test_skip("this platform adds no early area at an address of its own");
	expect_equal(vm->size, get_vm_area_size(vm) + PAGE_SIZE);
	expect_equal(*(volatile char *)vm->addr, 0);
	expect_fault_read(start_of(vm) - 1);
	expect_fault_read(start_of(vm) + get_vm_area_size(vm));
	is_an_area(vm);
}

/* A page as near to the early area as can be, before it or behind it. */
static char *near(const struct vm_struct *vm, bool behind, unsigned int width)
{
	uintptr_t start = behind ? start_of(vm) + get_vm_area_size(vm) : VMALLOC_START;
	uintptr_t end = behind ? start + (2 * width + 1) * PAGE_SIZE : start_of(vm) + PAGE_SIZE;

	return __vmalloc_node_range_place(PAGE_SIZE, 1, start, end, GFP_KERNEL | __GFP_NOWARN,
					  PAGE_KERNEL, 0, NUMA_NO_NODE, NULL,
					  behind ? PLACE_LOWEST : PLACE_TOP);
}

PLAIN_TEST(early_area, guards, "to an early area too the gap is the wider of the two")
{
	struct vm_struct *vm;
	unsigned int seen = 0;

	for (unsigned int nth = 0; (vm = early(nth)); nth++)
		for (unsigned int width = 1; width <= GUARD_MAX; width++) {
			char *before, *behind;

			vmap_area_set_guard(width);
			before = near(vm, false, width);
			behind = near(vm, true, width);
			if (before)
				expect(start_of(vm) - (uintptr_t)before >= (width + 1) * PAGE_SIZE);
			/* Another one, or a device's registers, may be too near behind it. */
			if (behind && ++seen)
				expect_equal(behind - (char *)vm->addr,
					     get_vm_area_size(vm) + width * PAGE_SIZE);
			vfree(before);
			vfree(behind);
			vm_unmap_aliases();
		}
	if (!seen)
		test_skip("no early area has room behind it here");
}
