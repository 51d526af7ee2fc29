/* SPDX-License-Identifier: BSD-2-Clause */
#include "page_alloc.h"
#include "fault.h"
#include "frames.h"
#include "lib/format.h"

/*
 * Handing out frames: the short cut through this CPU's stack of runs, and the public calls in front
 * of it. What the short cut cannot serve goes to frame_request.c.
 */

#define CALLER ((uintptr_t)__builtin_return_address(0))

size_t frames_alloc_long_way(gfp_t gfp, int nid, size_t wanted, uint64_t *pfn, uintptr_t caller)
{
	struct frame_request request = {.gfp = gfp, .nid = nid, .wanted = wanted, .caller = caller};
	size_t nr;

	if ((gfp & (SLOW_GFP | __GFP_ZERO)) != __GFP_ZERO || mm_slow_reasons)
		return frames_alloc_slow(&request, pfn);
	nr = frames_alloc(gfp & ~__GFP_ZERO, nid, wanted, pfn, caller);
	if (nr != 0)
		frames_clear(*pfn, nr);
	return nr;
}

size_t alloc_frame_run(gfp_t gfp, int nid, size_t wanted, uint64_t *pfn, uintptr_t caller)
{
	return frames_alloc(gfp, nid, wanted, pfn, caller);
}

/* A block off the front of the topmost run, where that is aligned; false: it is not. */
static bool take_block(gfp_t gfp, int nid, unsigned int order, uint64_t *pfn)
{
	unsigned int cpu = this_cpu();
	size_t nr = (size_t)1 << order;
	struct run_stack *stack;
	struct frame_run *run;
	bool fits;

	if ((gfp & SLOW_GFP) | mm_slow_reasons || (nid != NUMA_NO_NODE && nid != pcps[cpu]->node) ||
	    !local_trylock(&pcps[cpu]->lock, cpu))
		return false;
	stack = pcps[cpu]->preferred;
	run = stack->top;
	fits = run->nr >= nr && !(run->pfn & (nr - 1));
	if (fits)
		run_stack_take(stack, nr, pfn);
	local_unlock(&pcps[cpu]->lock);
	return fits;
}

struct page *alloc_frame_block(gfp_t gfp, int nid, unsigned int order, uintptr_t caller)
{
	struct frame_request request = {
		.gfp = gfp, .nid = nid, .block = true, .order = order, .caller = caller};
	uint64_t pfn;

	if (order == 0)
		return alloc_frame_run(gfp, nid, 1, &pfn, caller) ? pfn_to_page(pfn) : NULL;
	if (order > MAX_PAGE_ORDER || !take_block(gfp, nid, order, &pfn))
		return frames_alloc_slow(&request, &pfn) ? pfn_to_page(pfn) : NULL;
	frames_mark(pfn, (uint64_t)1 << order, FRAME_PLAIN | frame_owner_encode(caller));
	if (gfp & __GFP_ZERO)
		frames_clear(pfn, (uint64_t)1 << order);
	return pfn_to_page(pfn);
}

/* Whether the call may be made here; says so when not. */
static bool context_allows(gfp_t gfp, uintptr_t caller)
{
	char who[64];

	if (likely(!gfpflags_allow_blocking(gfp)) || likely(!fault_in_handler()))
		return true;
	symbol_format(caller, who, sizeof(who));
	log_line("page_alloc: %s asks with a flag that may wait (gfp %#x) in an exception handler: "
		 "refused",
		 who, gfp);
	return false;
}

static struct page *alloc_checked(gfp_t gfp, int nid, unsigned int order, uintptr_t caller)
{
	return context_allows(gfp, caller) ? alloc_frame_block(gfp, nid, order, caller) : NULL;
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	return alloc_checked(gfp, NUMA_NO_NODE, order, CALLER);
}

struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order)
{
	return alloc_checked(gfp, nid, order, CALLER);
}

struct page *alloc_page(gfp_t gfp)
{
	return alloc_checked(gfp, NUMA_NO_NODE, 0, CALLER);
}

static unsigned long count_empty(unsigned long nr, struct page **pages)
{
	unsigned long empty = 0;

	for (unsigned long i = 0; i < nr; i++)
		empty += pages[i] == NULL;
	return empty;
}

static unsigned long alloc_bulk(gfp_t gfp, int nid, unsigned long nr, struct page **pages,
				uintptr_t caller)
{
	unsigned long empty = count_empty(nr, pages);
	size_t run = 0;
	uint64_t pfn = 0;

	if (empty != 0 && !context_allows(gfp, caller))
		empty = 0;
	for (unsigned long i = 0; i < nr; i++) {
		if (pages[i])
			continue;
		if (run == 0)
			run = empty ? alloc_frame_run(gfp, nid, empty, &pfn, caller) : 0;
		if (run == 0)
			return i;
		pages[i] = pfn_to_page(pfn++);
		run--;
		empty--;
	}
	return nr;
}

unsigned long alloc_pages_bulk_array(gfp_t gfp, unsigned long nr, struct page **pages)
{
	return alloc_bulk(gfp, NUMA_NO_NODE, nr, pages, CALLER);
}

unsigned long alloc_pages_bulk_array_node(gfp_t gfp, int nid, unsigned long nr, struct page **pages)
{
	return alloc_bulk(gfp, nid, nr, pages, CALLER);
}

unsigned long alloc_pages_bulk(gfp_t gfp, unsigned long nr, struct page **pages)
{
	return alloc_bulk(gfp, NUMA_NO_NODE, nr, pages, CALLER);
}

static unsigned long page_to_address(struct page *page)
{
	return page ? (unsigned long)(uintptr_t)page_address(page) : 0;
}

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	return page_to_address(alloc_checked(gfp, NUMA_NO_NODE, order, CALLER));
}

unsigned long __get_free_page(gfp_t gfp)
{
	return page_to_address(alloc_checked(gfp, NUMA_NO_NODE, 0, CALLER));
}

unsigned long get_zeroed_page(gfp_t gfp)
{
	return page_to_address(alloc_checked(gfp | __GFP_ZERO, NUMA_NO_NODE, 0, CALLER));
}

void *alloc_pages_exact(size_t size, gfp_t gfp)
{
	size_t nr = (size >> PAGE_SHIFT) + ((size & ~PAGE_MASK) != 0);
	unsigned int order = get_order(size);
	struct page *page;

	if (size == 0 || order > MAX_PAGE_ORDER) {
		warn_alloc(gfp, CALLER, "page_alloc: no block holds exactly %zu bytes", size);
		return NULL;
	}
	page = alloc_checked(gfp & ~__GFP_COMP, NUMA_NO_NODE, order, CALLER);
	if (!page)
		return NULL;
	free_frame_run(page_to_pfn(page) + nr, ((size_t)1 << order) - nr, CALLER);
	return page_address(page);
}

void free_pages_exact(void *address, size_t size)
{
	size_t nr = (size >> PAGE_SHIFT) + ((size & ~PAGE_MASK) != 0);

	if (address)
		frames_free_named(virt_to_phys(address) >> PAGE_SHIFT, nr, CALLER);
}
