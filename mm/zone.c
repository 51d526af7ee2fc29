/* SPDX-License-Identifier: BSD-2-Clause */
#include "zone.h"
#include "lib/string.h"
#include "memblock.h"

/* Zones at the start of a run, and their check. */

enum { WMARK_FRACTION = 256, WMARK_LEAST = 16, WMARK_MOST = 4096, LOWMEM_RESERVE_FRACTION = 256 };

static void init_zone(struct zone *zone, int node, enum zone_type type)
{
	memset(zone, 0, sizeof(*zone));
	zone->lock = (struct spinlock)SPINLOCK("zone", LOCK_RANK_ZONE);
	zone->type = type;
	zone->node = node;
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		zone->free_area[order].first = NO_FRAME;
}

static void add_frames(struct zone *zone, uint64_t start, uint64_t end)
{
	if (zone->managed == 0)
		zone->start_pfn = start;
	zone->end_pfn = end;
	zone->managed += end - start;
}

/* A range counts for each zone that it reaches into. */
static void add_range(const struct memory_range *range)
{
	uint64_t pfn = range->start >> PAGE_SHIFT, end = range->end >> PAGE_SHIFT;
	static const uint64_t ends[MAX_NR_ZONES] = {DMA_END_PFN, DMA32_END_PFN, UINT64_MAX};

	for (unsigned int type = 0; pfn < end; type++) {
		uint64_t stop = end < ends[type] ? end : ends[type];

		if (pfn >= stop)
			continue;
		add_frames(&zones[range->node * MAX_NR_ZONES + type], pfn, stop);
		pfn = stop;
	}
	if (range->node >= nr_nodes)
		nr_nodes = range->node + 1u;
}

/* What requests for a higher zone must leave: a part of what that zone and those between have. */
static void set_lowmem_reserve(struct zone *zone)
{
	uint64_t above = 0;

	for (unsigned int type = zone->type + 1u; type < MAX_NR_ZONES; type++) {
		above += zones[(unsigned int)zone->node * MAX_NR_ZONES + type].managed;
		zone->lowmem_reserve[type] = above / LOWMEM_RESERVE_FRACTION;
	}
}

static void set_watermarks(struct zone *zone)
{
	uint64_t min = zone->managed / WMARK_FRACTION;

	min = min < WMARK_LEAST ? WMARK_LEAST : min;
	min = min > WMARK_MOST ? WMARK_MOST : min;
	zone->watermark[WMARK_MIN] = min;
	zone->watermark[WMARK_LOW] = min + min / 4;
	zone->watermark[WMARK_HIGH] = min + min / 2;
}

void zones_init(void)
{
	size_t nr;
	const struct memory_range *ranges = memblock_ranges(&nr);

	nr_nodes = 1;
	for (unsigned int i = 0; i < NR_ZONES; i++)
		init_zone(&zones[i], (int)(i / MAX_NR_ZONES), (enum zone_type)(i % MAX_NR_ZONES));
	for (size_t i = 0; i < nr; i++)
		add_range(&ranges[i]);
	for_each_populated_zone(zone)
	{
		set_watermarks(zone);
		set_lowmem_reserve(zone);
	}
}

/* A free block: where it may lie, that nothing in it is in use, that it and its buddy are not both
 * free. */
static const char *check_block(const struct zone *zone, uint64_t pfn, unsigned int order)
{
	const struct page *page = pfn_to_page(pfn),
			  *buddy = pfn_to_page(pfn ^ (uint64_t)1 << order);

	if (pfn & (((uint64_t)1 << order) - 1))
		return "buddy: a free block is not aligned to its size";
	if (page_kind(page) != PAGE_BUDDY || page->order != order)
		return "buddy: a listed block does not say that it is free and of that order";
	if (order < MAX_PAGE_ORDER && page_kind(buddy) == PAGE_BUDDY && buddy->order == order &&
	    page_to_nid(buddy) == zone->node)
		return "buddy: two free buddies were not joined";
	if (frame_words_or(pfn, (uint64_t)1 << order) & (FRAME_ALLOCATED | FRAME_FOREIGN))
		return "buddy: a free block holds a frame that is in use or not ours";
	if (&zones[pfn_zone_index(pfn)] != zone)
		return "buddy: a free block lies in another zone";
	return NULL;
}

static const char *check_list(const struct zone *zone, unsigned int order)
{
	uint64_t nr = 0;
	uint32_t before = NO_FRAME;

	for (uint32_t pfn = zone->free_area[order].first; pfn != NO_FRAME;
	     pfn = pfn_to_page(pfn)->next) {
		const char *problem = pfn_valid(pfn) ? check_block(zone, pfn, order)
						     : "buddy: a list leads out of our frames";

		if (problem)
			return problem;
		if (pfn_to_page(pfn)->prev != before)
			return "buddy: a list's links back are wrong";
		before = pfn;
		nr++;
	}
	if (nr != zone->free_area[order].nr_free)
		return "buddy: a list is longer or shorter than its count";
	if ((nr != 0) != (zone->nonempty >> order & 1))
		return "buddy: the bit of a list that is not empty is wrong";
	return NULL;
}

const char *zone_check(const struct zone *zone)
{
	uint64_t free = 0;

	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		const char *problem = check_list(zone, order);

		if (problem)
			return problem;
		free += zone->free_area[order].nr_free << order;
	}
	return free == zone->free ? NULL
				  : "buddy: the count of free frames is not what the lists hold";
}
