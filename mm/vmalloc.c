/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmalloc.h"
#include "frames.h"
#include "vm_area.h"

/* The short cut for usual sizes; and every variant of vmalloc as one request (vm_alloc.c). */

/* The frames did not come in one run, only the first `got` pages of the list. */
static __slow bool get_rest(struct area *area, size_t got, size_t nr, gfp_t gfp, int node,
			    const void *caller)
{
	struct vm_request request = {.gfp = gfp, .node = node, .caller = caller};

	if (got > 0 && vm_get_pages(area, area->vm.pages, got, nr, &request))
		return true;
	vm_put_pages(area->vm.pages, got, caller);
	return false;
}

/* Frames for a ready area, mapped. */
static inline __attribute__((always_inline)) bool
fill_ready(struct area *area, size_t nr, gfp_t gfp, int node, const void *caller)
{
	struct page **pages = area->vm.pages, *page;
	uint64_t pfn;
	size_t got =
		frames_alloc((gfp & ~__GFP_ZERO) | __GFP_NOWARN, node, nr, &pfn, (uintptr_t)caller);

	if (gfp & __GFP_ZERO && likely(got != 0))
		frames_clear(pfn, got);
	page = pfn_to_page(pfn);
	if (likely(got == nr)) {
		/* the list may be right still, from when the range was used last */
		if (unlikely(pages[0] != page || !area->va.one_run))
			vm_list_run(pages, page, nr);
		area->va.one_run = true;
		vm_held_map(area, 0, nr, pfn << PAGE_SHIFT, PAGE_KERNEL);
		return true;
	}
	vm_list_run(pages, page, got);
	if (!get_rest(area, got, nr, gfp, node, caller))
		return false;
	vm_map_pages(area, pages, 0, nr, PAGE_KERNEL);
	return true;
}

/*
 * The short cut: a size and an alignment that have a class, PAGE_KERNEL, anywhere in the region,
 * with a ready range at hand. NULL: take the long way, which also says what is wrong.
 */
static inline __attribute__((always_inline)) void *
alloc_ready(unsigned long size, unsigned int size_class, gfp_t gfp, int node, const void *caller)
{
	size_t nr = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
	unsigned int cpu = this_cpu();
	struct area *area;
	struct vm_struct *vm;

	if (unlikely(!area_cpus[cpu] || mm_slow_reasons) ||
	    unlikely(__atomic_load_n(&area_cpus[cpu]->waiting, __ATOMIC_RELAXED)) ||
	    unlikely(fault_in_handler()))
		return NULL;
	area = area_cache_take(cpu, size_class);
	if (unlikely(!area))
		return NULL;
	vm = &area->vm;
	if (unlikely(!area->va.held || !vm->pages || !fill_ready(area, nr, gfp, node, caller))) {
		vmap_area_free_unused(area);
		return NULL;
	}
	vm->flags = VM_ALLOC;
	vm->nr_pages = (unsigned int)nr;
	vm->slack = (uint16_t)(-size & ~PAGE_MASK);
	vm->page_order = 0;
	vm->phys_addr = 0;
	vm->caller = caller;
	vm_count_pages((long)nr);
	vm_publish(area);
	return vm->addr;
}

static __slow void *alloc_long_way(unsigned long size, unsigned long align, gfp_t gfp, int node,
				   unsigned long flags, const void *caller)
{
	struct vm_request request = vm_request_for(size, caller);

	request.align = align;
	request.gfp = gfp;
	request.node = node;
	request.flags = VM_ALLOC | flags;
	return vm_alloc(&request);
}

/* Not in line: the public calls only lead here. */
static __attribute__((noinline)) void *alloc_simple(unsigned long size, gfp_t gfp, int node,
						    unsigned long flags, const void *caller)
{
	void *addr = NULL;

	if (likely(size - 1 < CLASS_PAGES * PAGE_SIZE && !flags && node == NUMA_NO_NODE))
		addr = alloc_ready(size, (unsigned int)((size - 1) >> PAGE_SHIFT), gfp, node,
				   caller);
	return likely(addr) ? addr : alloc_long_way(size, PAGE_SIZE, gfp, node, flags, caller);
}

void *vmalloc(unsigned long size)
{
	return alloc_simple(size, GFP_KERNEL, NUMA_NO_NODE, 0, CALLER_OF_THIS);
}

void *vzalloc(unsigned long size)
{
	return alloc_simple(size, GFP_KERNEL | __GFP_ZERO, NUMA_NO_NODE, 0, CALLER_OF_THIS);
}

void *vmalloc_node(unsigned long size, int node)
{
	return alloc_simple(size, GFP_KERNEL, node, 0, CALLER_OF_THIS);
}

void *vzalloc_node(unsigned long size, int node)
{
	return alloc_simple(size, GFP_KERNEL | __GFP_ZERO, node, 0, CALLER_OF_THIS);
}

void *__vmalloc(unsigned long size, gfp_t gfp)
{
	return alloc_simple(size, gfp, NUMA_NO_NODE, 0, CALLER_OF_THIS);
}

void *vmalloc_32(unsigned long size)
{
	return alloc_simple(size, GFP_KERNEL | GFP_DMA32, NUMA_NO_NODE, 0, CALLER_OF_THIS);
}

void *vmalloc_user(unsigned long size)
{
	return alloc_simple(size, GFP_KERNEL | __GFP_ZERO, NUMA_NO_NODE, VM_USERMAP,
			    CALLER_OF_THIS);
}

void *vmalloc_32_user(unsigned long size)
{
	return alloc_simple(size, GFP_KERNEL | GFP_DMA32 | __GFP_ZERO, NUMA_NO_NODE, VM_USERMAP,
			    CALLER_OF_THIS);
}

void *vmalloc_huge(unsigned long size, gfp_t gfp)
{
	return alloc_simple(size, gfp, NUMA_NO_NODE, VM_ALLOW_HUGE_VMAP, CALLER_OF_THIS);
}

void *vmalloc_huge_node(unsigned long size, gfp_t gfp, int node)
{
	return alloc_simple(size, gfp, node, VM_ALLOW_HUGE_VMAP, CALLER_OF_THIS);
}

void *__vmalloc_node(unsigned long size, unsigned long align, gfp_t gfp, int node,
		     const void *caller)
{
	void *addr = NULL;

	if (likely(!(align & (align - 1)) && size - 1 < CLASS_PAGES * PAGE_SIZE &&
		   node < (int)nr_online_nodes() && gfp_known(gfp))) {
		unsigned int size_class = area_class(vm_nr_pages(size), align);

		if (size_class != CLASS_NONE)
			addr = alloc_ready(size, size_class, gfp, node, caller);
	}
	return likely(addr) ? addr : alloc_long_way(size, align, gfp, node, 0, caller);
}

void *__vmalloc_node_range(unsigned long size, unsigned long align, unsigned long start,
			   unsigned long end, gfp_t gfp, pgprot_t prot, unsigned long vm_flags,
			   int node, const void *caller)
{
	return __vmalloc_node_range_place(size, align, start, end, gfp, prot, vm_flags, node,
					  caller, PLACE_DEFAULT);
}

void *__vmalloc_node_range_place(unsigned long size, unsigned long align, unsigned long start,
				 unsigned long end, gfp_t gfp, pgprot_t prot,
				 unsigned long vm_flags, int node, const void *caller,
				 enum vmap_place place)
{
	struct vm_request request = {.size = size,
				     .align = align,
				     .start = start,
				     .end = end,
				     .flags = VM_ALLOC | vm_flags,
				     .gfp = gfp,
				     .node = node,
				     .prot = prot,
				     .place = place,
				     .caller = caller};

	return vm_alloc(&request);
}

static void *alloc_array(size_t n, size_t size, gfp_t gfp, const void *caller)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return alloc_simple(bytes, gfp, NUMA_NO_NODE, 0, caller);
}

void *__vmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	return alloc_array(n, size, gfp, CALLER_OF_THIS);
}

void *vmalloc_array(size_t n, size_t size)
{
	return alloc_array(n, size, GFP_KERNEL, CALLER_OF_THIS);
}

void *__vcalloc(size_t n, size_t size, gfp_t gfp)
{
	return alloc_array(n, size, gfp | __GFP_ZERO, CALLER_OF_THIS);
}

void *vcalloc(size_t n, size_t size)
{
	return alloc_array(n, size, GFP_KERNEL | __GFP_ZERO, CALLER_OF_THIS);
}
