/* SPDX-License-Identifier: BSD-2-Clause */
#include "fail.h"
#include "frames.h"

/*
 * Frames for page tables. They may use all of the reserve, nothing is reclaimed for them, since
 * locks may be held, and nobody but pagetables/ frees them.
 */

static phys_addr_t alloc_table(void *context, bool low)
{
	struct frame_request request = {
		.gfp = __GFP_HIGH | __GFP_MEMALLOC | __GFP_ZERO | (low ? __GFP_DMA32 : 0),
		.nid = NUMA_NO_NODE,
		.wanted = 1,
		.caller = (uintptr_t)alloc_table,
	};
	uint64_t pfn;

	(void)context;
	if (should_fail(FAIL_TABLE) || !frames_alloc_quiet(&request, &pfn))
		return 0;
	page_set_kind(pfn_to_page(pfn), PAGE_TABLE);
	frames_set_typed(pfn, 1);
	return pfn << PAGE_SHIFT;
}

/* Tables from before the page allocator are not typed. */
static void free_table(void *context, phys_addr_t table)
{
	uint64_t pfn = table >> PAGE_SHIFT;

	(void)context;
	page_set_kind(pfn_to_page(pfn), PAGE_PLAIN);
	frames_clear_typed(pfn, 1);
	free_frame_run(pfn, 1, (uintptr_t)free_table);
}

const struct table_source page_table_source = {.alloc = alloc_table, .free = free_table};
