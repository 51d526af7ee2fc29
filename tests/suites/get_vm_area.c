/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmalloc.h"
#include "page_alloc.h"
#include "plain.h"
#include "slab.h"
#include "test.h"

/* Addresses without frames: get_vm_area() and what takes such an area away. */

TEST(vmalloc, get_vm_area_caller,
     "get_vm_area_caller keeps the caller, the longer form the bounds too")
{
	const void *caller = (const void *)0x1234;
	unsigned long width = vmap_area_guard() * PAGE_SIZE, middle;
	struct vm_struct *vm = get_vm_area_caller(2 * PAGE_SIZE, VM_MAP, caller), *bounded;

	middle = (VMALLOC_START / 2 + VMALLOC_END / 2) & PAGE_MASK;
	bounded = __get_vm_area_caller(2 * PAGE_SIZE, VM_MAP, middle,
				       middle + 2 * width + 2 * PAGE_SIZE, caller);
	require(vm && bounded);
	expect(vm->caller == caller && bounded->caller == caller);
	expect_equal(vm->flags & VM_MAP, VM_MAP);
	expect(find_vm_area(vm->addr) == vm);
	expect_equal((uintptr_t)bounded->addr, middle + width);
	expect(!__get_vm_area_caller(2 * PAGE_SIZE, VM_MAP, middle, middle + 2 * PAGE_SIZE,
				     caller));
	free_vm_area(vm);
	free_vm_area(bounded);
}

TEST(vmalloc, get_vm_area_nowhere, "bounds in which nothing can lie are refused without a purge")
{
	unsigned long middle = (VMALLOC_START / 2 + VMALLOC_END / 2) & PAGE_MASK;
	struct vmap_area_stats before, after;

	vfree(vmalloc(PAGE_SIZE)); /* what a purge would take back */
	vmap_area_get_stats(&before);
	expect(!__get_vm_area_caller(PAGE_SIZE, VM_MAP, middle, middle, NULL));
	expect(!__get_vm_area_caller(PAGE_SIZE, VM_MAP, middle, middle - PAGE_SIZE, NULL));
	expect(!__get_vm_area_caller(PAGE_SIZE, VM_MAP, VMALLOC_END, UINTPTR_MAX, NULL));
	expect(!__get_vm_area_caller(PAGE_SIZE, VM_MAP, 0, PAGE_SIZE, NULL));
	vmap_area_get_stats(&after);
	expect_equal(after.purges, before.purges);
}

/* In a range with room for nothing else. */
static void expect_exactly_at(uintptr_t address, size_t size)
{
	unsigned long guard = vmap_area_guard() * PAGE_SIZE;
	struct vm_struct *vm = __get_vm_area_caller(size, VM_IOREMAP, address - guard,
						    address + size + guard, NULL);

	require(vm);
	expect_equal((uintptr_t)vm->addr, address);
	free_vm_area(vm);
}

TEST(vmalloc, get_vm_area_ioremap, "a VM_IOREMAP area is aligned to its size, and to no more")
{
	uintptr_t middle = (VMALLOC_START / 2 + VMALLOC_END / 2) & ~(8 * PMD_SIZE - 1);

	expect_exactly_at(middle + 4 * PAGE_SIZE, 3 * PAGE_SIZE);
	expect_exactly_at(middle + PAGE_SIZE, PAGE_SIZE);
	expect_exactly_at(middle + PMD_SIZE, PMD_SIZE);
	expect(!__get_vm_area_caller(3 * PAGE_SIZE, VM_IOREMAP, middle + PAGE_SIZE,
				     middle + 6 * PAGE_SIZE, NULL));
}

TEST(vmalloc, area_alone, "get_vm_area reserves addresses, free_vm_area gives them back")
{
	struct vm_struct *vm = get_vm_area(5 * PAGE_SIZE, VM_MAP);
	void *addr = vm ? vm->addr : NULL;

	require(vm);
	expect_equal(get_vm_area_size(vm), 5 * PAGE_SIZE);
	expect(!vmalloc_to_page(addr));
	free_vm_area(vm);
	expect(!find_vm_area(addr));
	expect(!get_vm_area(0, VM_MAP));
	vm = get_vm_area(3 * PMD_SIZE, VM_IOREMAP);
	require(vm);
	expect_equal((uintptr_t)vm->addr & (4 * PMD_SIZE - 1), 0);
	free_vm_area(vm);
}

TEST(vmalloc, remove, "remove_vm_area unmaps and hands the descriptor out, frames stay")
{
	char *p = vmalloc(PAGE_SIZE);
	struct page *page = vmalloc_to_page(p);
	struct vm_struct *vm = remove_vm_area(p);

	require(vm);
	expect(!find_vm_area(p));
	expect(!vmalloc_to_page(p));
	expect_equal(vm->nr_pages, 1);
	expect_equal((uintptr_t)vm->pages[0], (uintptr_t)page);
	expect(!remove_vm_area(p));
	__free_page(page);
	kfree(vm);
}
