/* SPDX-License-Identifier: BSD-2-Clause */
#include "fail.h"
#include "fault.h"
#include "frames.h"
#include "lib/format.h"

/*
 * Ranges of frames that no single block holds: a zone is searched from its start for free blocks
 * that follow each other. That looks at every block once with the zone's lock held, so it is slow
 * and exact: when there is such a range among the listed frames, it is found.
 */

#define CALLER ((uintptr_t)__builtin_return_address(0))

struct contig_request {
	uint64_t nr, align; /* frames */
	gfp_t gfp;
	uintptr_t caller;
};

/* How many frames the search may step over at `pfn`; `*free`: they are one free block. */
static uint64_t step_at(const struct zone *zone, uint64_t pfn, bool *free)
{
	uint64_t block = pfn & ~(uint64_t)(FRAME_BLOCK - 1);
	const struct page *page;

	*free = false;
	if (!(frame_blocks_mapped[block / FRAME_BLOCK / 64] >> block / FRAME_BLOCK % 64 & 1))
		return block + FRAME_BLOCK - pfn;
	page = pfn_to_page(pfn);
	if (page_kind(page) != PAGE_BUDDY || (nr_nodes > 1 && page_to_nid(page) != zone->node))
		return 1;
	*free = true;
	return (uint64_t)1 << page->order;
}

/* The first range of free frames that fits; false: there is none. The zone's lock is held. */
static bool find_range(const struct zone *zone, const struct contig_request *request,
		       uint64_t *start)
{
	uint64_t begin = zone->start_pfn;

	for (uint64_t pfn = begin; pfn < zone->end_pfn;) {
		bool free;
		uint64_t step = step_at(zone, pfn, &free);

		pfn += step;
		if (!free)
			begin = pfn;
		*start = (begin + request->align - 1) & ~(request->align - 1);
		if (*start + request->nr <= pfn)
			return true;
	}
	return false;
}

static bool take_from_zone(struct zone *zone, const struct contig_request *request, uint64_t *start)
{
	bool found;

	if (!zone_lock(zone))
		return false;
	found = zone_watermark_ok(zone, request->nr, request->gfp, zone->type) &&
		find_range(zone, request, start);
	if (found)
		zone_claim_run(zone, *start, request->nr);
	zone_unlock(zone);
	return found;
}

static bool take_from_node(unsigned int node, const struct contig_request *request, uint64_t *start)
{
	int highest = request->gfp & __GFP_DMA	   ? ZONE_DMA
		      : request->gfp & __GFP_DMA32 ? ZONE_DMA32
						   : ZONE_NORMAL;

	for (int type = highest; type >= 0; type--) {
		struct zone *zone = &zones[node * MAX_NR_ZONES + (unsigned int)type];

		if (zone->managed >= request->nr && take_from_zone(zone, request, start))
			return true;
	}
	return false;
}

static bool take_range(const struct contig_request *request, int nid, const nodemask_t *nodemask,
		       uint64_t *start)
{
	unsigned int local = (unsigned int)(nid < 0 ? numa_node_id() : nid);

	for (unsigned int i = 0; i < nr_nodes; i++) {
		unsigned int node = (local + i) % nr_nodes;

		if (nodemask && !(nodemask->bits >> node & 1))
			continue;
		if (take_from_node(node, request, start))
			return true;
		if (request->gfp & __GFP_THISNODE)
			break;
	}
	return false;
}

static const char *contig_problem(const struct contig_request *request, int nid)
{
	if (!gfp_known(request->gfp))
		return "an unknown gfp flag";
	if (nid != NUMA_NO_NODE && (unsigned int)nid >= nr_nodes)
		return "no such node";
	if (request->nr == 0 || request->align == 0 || request->align & (request->align - 1))
		return "no frames, or an alignment that is no power of two";
	if (request->align > frame_end || request->nr > frame_end)
		return "more than there is";
	if (gfpflags_allow_blocking(request->gfp) && fault_in_handler())
		return "a flag that may wait, in an exception handler";
	return NULL;
}

static struct page *alloc_contig(const struct contig_request *request, int nid,
				 const nodemask_t *nodemask)
{
	const char *problem = contig_problem(request, nid);
	uint64_t start;

	if (mm_slow_reasons & SLOW_NOT_STARTED)
		return NULL;
	if (!problem && should_fail(FAIL_FRAME))
		problem = "injected failure";
	if (!problem && gfpflags_allow_blocking(request->gfp))
		drain_all_pages();
	if (!problem && !take_range(request, nid, nodemask, &start))
		problem = "no such range is free";
	if (problem) {
		warn_alloc(request->gfp, request->caller, "page_alloc: %llu contiguous frames: %s",
			   (unsigned long long)request->nr, problem);
		return NULL;
	}
	if (mm_slow_reasons)
		frames_debug_alloc(start, request->nr);
	frames_mark(start, request->nr, FRAME_PLAIN | frame_owner_encode(request->caller));
	if (request->gfp & __GFP_ZERO)
		frames_clear(start, request->nr);
	return pfn_to_page(start);
}

struct page *alloc_contig_pages(unsigned long nr, gfp_t gfp, int nid, const nodemask_t *nodemask)
{
	struct contig_request request = {.nr = nr, .align = 1, .gfp = gfp, .caller = CALLER};

	return alloc_contig(&request, nid, nodemask);
}

struct page *alloc_contig_pages_aligned(unsigned long nr, unsigned long align, gfp_t gfp, int nid,
					const nodemask_t *nodemask)
{
	struct contig_request request = {.nr = nr, .align = align, .gfp = gfp, .caller = CALLER};

	return alloc_contig(&request, nid, nodemask);
}

void free_contig_range(unsigned long pfn, unsigned long nr)
{
	frames_free_named(pfn, nr, CALLER);
}
