/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm_area.h"
#include "slab.h"
#include "walk.h"

/* Areas as such: address space reserved and released by hand, and the questions about them. */

/* VM_IOREMAP is aligned to its size, so that large leaves fit. */
static unsigned long align_for(unsigned long size, unsigned long flags)
{
	unsigned int order;

	if (!(flags & VM_IOREMAP))
		return PAGE_SIZE;
	order = 64 - (unsigned int)__builtin_clzl((size - 1) | ~PAGE_MASK);
	return 1ul << (order > IOREMAP_MAX_ORDER ? IOREMAP_MAX_ORDER : order);
}

static struct vm_struct *get_area(unsigned long size, unsigned long flags, unsigned long start,
				  unsigned long end, const void *caller)
{
	struct vm_request request = vm_request_for(size, caller);
	struct area *area;

	if (!vmap_area_is_up() || !vm_may_wait("get_vm_area", GFP_KERNEL, caller))
		return NULL;
	if (size == 0 || vm_flags_fault(flags)) {
		vm_refuse("get_vm_area", caller, "%lu bytes, flags 0x%lx", size, flags);
		return NULL;
	}
	request.start = start;
	request.end = end;
	request.flags = flags;
	request.by_hand = true;
	request.align = align_for(size, flags);
	area = vm_reserve(&request);
	if (!area) {
		vm_no_memory("get_vm_area", &request);
		return NULL;
	}
	vm_publish(area);
	return &area->vm;
}

struct vm_struct *get_vm_area(unsigned long size, unsigned long flags)
{
	return get_area(size, flags, VMALLOC_START, VMALLOC_END, CALLER_OF_THIS);
}

struct vm_struct *get_vm_area_caller(unsigned long size, unsigned long flags, const void *caller)
{
	return get_area(size, flags, VMALLOC_START, VMALLOC_END, caller);
}

struct vm_struct *__get_vm_area_caller(unsigned long size, unsigned long flags, unsigned long start,
				       unsigned long end, const void *caller)
{
	return get_area(size, flags, start, end, caller);
}

/* What remove_vm_area() hands out: a copy that stays when the descriptor goes back to a cache. */
struct removed {
	struct vm_struct vm;
	struct page *page;
};

static void copy_out(struct removed *copy, struct area *area)
{
	copy->vm = area->vm;
	copy->vm.next = NULL;
	copy->page = area->page;
	if (area->vm.pages == &area->page)
		copy->vm.pages = &copy->page;
	area->vm.pages = NULL;
	if (!(area->vm.flags & VM_MAP_PUT_PAGES))
		vm_count_pages(-(long)area->vm.nr_pages);
}

struct vm_struct *remove_vm_area(const void *addr)
{
	struct removed *copy;
	struct area *area;

	if (!vm_may_wait("remove_vm_area", GFP_KERNEL, CALLER_OF_THIS))
		return NULL;
	copy = kmalloc(sizeof(*copy), GFP_KERNEL);
	area = copy ? vm_claim("remove_vm_area", addr, 0, VM_MAP_RAM, CALLER_OF_THIS) : NULL;
	if (!area) {
		kfree(copy);
		return NULL;
	}
	copy_out(copy, area);
	vm_unmap_area(area, CALLER_OF_THIS);
	return &copy->vm;
}

void free_vm_area(struct vm_struct *vm)
{
	struct area *area;

	if (!vm || !vm_may_wait("free_vm_area", GFP_KERNEL, CALLER_OF_THIS))
		return;
	area = vm_claim("free_vm_area", vm->addr, 0, VM_HAS_PAGES | VM_DMA_FRAMES | VM_MAP_RAM,
			CALLER_OF_THIS);
	if (area)
		vm_unmap_area(area, CALLER_OF_THIS);
}

struct vm_struct *find_vm_area(const void *addr)
{
	struct vmap_area *va = find_vmap_area((unsigned long)(uintptr_t)addr);

	return va ? va->vm : NULL;
}

bool is_vm_area_hugepages(const void *addr)
{
	struct vm_struct *vm = find_vm_area(addr);

	return vm && vm->page_order > 0;
}

unsigned long vmalloc_to_pfn(const void *addr)
{
	uintptr_t address = (uintptr_t)addr;
	struct leaf leaf;

	if (!is_vmalloc_addr(addr) || !walk_lookup(&kernel_space, address, &leaf))
		return 0;
	return (leaf.phys + (address - leaf.start)) >> PAGE_SHIFT;
}

struct page *vmalloc_to_page(const void *addr)
{
	unsigned long pfn = vmalloc_to_pfn(addr);

	return pfn && pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;
}

unsigned long vmalloc_nr_pages(void)
{
	int64_t nr = 0;

	for (unsigned int i = 0; i < platform_nr_cpus() && area_cpus[i]; i++)
		nr += __atomic_load_n(&area_cpus[i]->vmalloc_pages, __ATOMIC_RELAXED);
	return nr > 0 ? (unsigned long)nr : 0;
}
