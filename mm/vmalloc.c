/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmalloc.h"
#include "frames.h"
#include "vm_area.h"

/* The short cut for usual sizes; and every variant of vmalloc as one request (vm_alloc.c). */

/*
 * The frames of a plain area, marked as allocated, listed and mapped. The list may be right still,
 * from when the range was used last.
 */
static inline __attribute__((always_inline)) void fill_plain(struct area *area, size_t nr,
							     uint64_t pfn, uintptr_t caller)
{
	struct page **pages = area->vm.pages, *page = pfn_to_page(pfn);
	frame_word_t word = FRAME_PLAIN | frame_owner_encode(caller);

	if (__builtin_constant_p(nr) && nr == 1) {
		frame_words[pfn] = word;
		*pages = page;
		held_set(area->entries, pfn << PAGE_SHIFT | PAGE_KERNEL.pgprot);
		return;
	}
	frames_mark(pfn, nr, word);
	if (unlikely(*pages != page))
		vm_list_run(pages, page, nr);
	vm_held_map(area, 0, nr, pfn << PAGE_SHIFT, PAGE_KERNEL);
}

/* The class to take a plain range from, and a run on top of the stack; NULL: not both. */
static __slow struct lazy_class *make_ready(struct area_cpu *cpu, unsigned int size_class,
					    struct run_stack *stack, size_t nr)
{
	struct lazy_class *class = area_class_with(cpu, size_class);

	const struct area *area = class ? class->ready : NULL;

	if (!area || !area->va.plain)
		return NULL;
	return stack->top->nr >= nr || run_stack_raise(stack, nr) ? class : NULL;
}

/*
 * The short cut: a ready range of the class that is plain, `nr` frames in one run, one lock.
 * NULL: the range or the frames are not at hand; `quick`: or it is not as easy as it mostly is.
 */
static inline __attribute__((always_inline)) struct area *alloc_ready(unsigned long size, size_t nr,
								      unsigned int size_class,
								      int node, bool quick,
								      const void *caller)
{
	unsigned int number = this_cpu();
	struct run_stack *stack;
	struct lazy_class *class;
	struct area_cpu *cpu;
	struct area *area;
	struct pcp *pcp;

	if (unlikely(fault_or_detour(number)))
		return NULL;
	cpu = area_cpus[number];
	class = &cpu->classes[size_class];
	pcp = cpu->pcp;
	if (unlikely(node != NUMA_NO_NODE && node != pcp->node) ||
	    unlikely(!local_trylock(&pcp->lock, number)))
		return NULL;
	area = class->ready;
	stack = pcp->preferred;
	if (unlikely(!area) || unlikely(!area->va.plain) || unlikely(stack->top->nr < nr)) {
		class = quick ? NULL : make_ready(cpu, size_class, stack, nr);
		if (!class) {
			local_unlock(&pcp->lock);
			return NULL;
		}
		area = class->ready;
	}
	class->ready = area_next(area);
	cpu->room++;
	fill_plain(area, nr, run_stack_cut(stack, nr), (uintptr_t)caller);
	area->vm.slack = (uint16_t)(-size & ~PAGE_MASK);
	area->vm.caller = caller;
	vm_count_pages_of(cpu, (long)nr);
	vm_publish(area);
	local_unlock(&pcp->lock);
	return area;
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

/* Any flags and alignment. */
static __attribute__((noinline)) void *alloc_any(unsigned long size, unsigned long align, gfp_t gfp,
						 int node, const void *caller)
{
	size_t nr = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
	struct area *area = NULL;
	unsigned int size_class;

	if (likely(!(align & (align - 1)) && nr - 1 < CLASS_PAGES && !(gfp & SLOW_GFP))) {
		size_class = area_class(nr, align);
		if (likely(size_class < CLASS_UNIT))
			area = alloc_ready(size, nr, size_class, node, false, caller);
	}
	if (unlikely(!area))
		return alloc_long_way(size, align, gfp, node, 0, caller);
	if (gfp & __GFP_ZERO)
		frames_clear(page_to_pfn(area->vm.pages[0]), nr);
	return area->vm.addr;
}

/* What vmalloc() does not do by itself: apart from it, whose registers this must not cost. */
static __attribute__((noinline)) void *alloc_pages_ready(unsigned long size, const void *caller)
{
	size_t nr = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
	struct area *area = NULL;

	if (likely(nr - 1 < CLASS_PAGES))
		area = alloc_ready(size, nr, (unsigned int)nr - 1, NUMA_NO_NODE, false, caller);
	return likely(area) ? area->vm.addr
			    : alloc_long_way(size, PAGE_SIZE, GFP_KERNEL, NUMA_NO_NODE, 0, caller);
}

void *vmalloc(unsigned long size)
{
	struct area *area = NULL;

	if (size - 1 < PAGE_SIZE)
		area = alloc_ready(size, 1, 0, NUMA_NO_NODE, true, CALLER_OF_THIS);
	return likely(area) ? area->vm.addr : alloc_pages_ready(size, CALLER_OF_THIS);
}

void *vzalloc(unsigned long size)
{
	return alloc_any(size, PAGE_SIZE, GFP_KERNEL | __GFP_ZERO, NUMA_NO_NODE, CALLER_OF_THIS);
}

void *vmalloc_node(unsigned long size, int node)
{
	return alloc_any(size, PAGE_SIZE, GFP_KERNEL, node, CALLER_OF_THIS);
}

void *vzalloc_node(unsigned long size, int node)
{
	return alloc_any(size, PAGE_SIZE, GFP_KERNEL | __GFP_ZERO, node, CALLER_OF_THIS);
}

void *__vmalloc(unsigned long size, gfp_t gfp)
{
	return alloc_any(size, PAGE_SIZE, gfp, NUMA_NO_NODE, CALLER_OF_THIS);
}

void *vmalloc_32(unsigned long size)
{
	return alloc_any(size, PAGE_SIZE, GFP_KERNEL | GFP_DMA32, NUMA_NO_NODE, CALLER_OF_THIS);
}

void *vmalloc_user(unsigned long size)
{
	return alloc_long_way(size, PAGE_SIZE, GFP_KERNEL | __GFP_ZERO, NUMA_NO_NODE, VM_USERMAP,
			      CALLER_OF_THIS);
}

void *vmalloc_32_user(unsigned long size)
{
	return alloc_long_way(size, PAGE_SIZE, GFP_KERNEL | GFP_DMA32 | __GFP_ZERO, NUMA_NO_NODE,
			      VM_USERMAP, CALLER_OF_THIS);
}

void *vmalloc_huge(unsigned long size, gfp_t gfp)
{
	return alloc_long_way(size, PAGE_SIZE, gfp, NUMA_NO_NODE, VM_ALLOW_HUGE_VMAP,
			      CALLER_OF_THIS);
}

void *vmalloc_huge_node(unsigned long size, gfp_t gfp, int node)
{
	return alloc_long_way(size, PAGE_SIZE, gfp, node, VM_ALLOW_HUGE_VMAP, CALLER_OF_THIS);
}

void *__vmalloc_node(unsigned long size, unsigned long align, gfp_t gfp, int node,
		     const void *caller)
{
	return alloc_any(size, align, gfp, node, caller);
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
	return alloc_any(bytes, PAGE_SIZE, gfp, NUMA_NO_NODE, caller);
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
