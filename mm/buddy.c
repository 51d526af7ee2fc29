/* SPDX-License-Identifier: BSD-2-Clause */
#include "zone.h"
#include "lib/assert.h"
#include "memblock.h"

/*
 * The buddy system (Knowlton 1965; Knuth vol. 1, 2.5). The first frame of a free block carries its
 * order, PAGE_BUDDY and the links of its list; the other frames of it carry nothing. A block's
 * buddy differs from it in the one bit of the frame number that is the block's size.
 */

struct zone zones[NR_ZONES];
unsigned int nr_nodes = 1;
const char *const zone_names[MAX_NR_ZONES] = {"DMA", "DMA32", "NORMAL"};

static void set_free(struct zone *zone, uint64_t free)
{
	__atomic_store_n(&zone->free, free, __ATOMIC_RELAXED);
}

static void list_block(struct zone *zone, uint64_t pfn, unsigned int order)
{
	struct free_area *area = &zone->free_area[order];
	struct page *page = pfn_to_page(pfn);

	page->order = (uint8_t)order;
	page->prev = NO_FRAME;
	page->next = area->first;
	if (area->first != NO_FRAME)
		pfn_to_page(area->first)->prev = (uint32_t)pfn;
	area->first = (uint32_t)pfn;
	area->nr_free++;
	zone->nonempty |= 1u << order;
	page_set_kind(page, PAGE_BUDDY);
}

static void unlist_block(struct zone *zone, uint64_t pfn, unsigned int order)
{
	struct free_area *area = &zone->free_area[order];
	struct page *page = pfn_to_page(pfn);

	if (page->prev != NO_FRAME)
		pfn_to_page(page->prev)->next = page->next;
	else
		area->first = page->next;
	if (page->next != NO_FRAME)
		pfn_to_page(page->next)->prev = page->prev;
	if (--area->nr_free == 0)
		zone->nonempty &= ~(1u << order);
	page_set_kind(page, PAGE_PLAIN);
}

/* A block's buddy may be a hole's or another node's frame: those are never PAGE_BUDDY here. */
static bool is_free_buddy(const struct zone *zone, uint64_t pfn, unsigned int order)
{
	const struct page *page = pfn_to_page(pfn);

	if (nr_nodes > 1 && page_to_nid(page) != zone->node)
		return false;
	return page_kind(page) == PAGE_BUDDY && page->order == order;
}

static void give_block(struct zone *zone, uint64_t pfn, unsigned int order)
{
	for (; order < MAX_PAGE_ORDER; order++) {
		uint64_t buddy = pfn ^ (uint64_t)1 << order;

		if (!is_free_buddy(zone, buddy, order))
			break;
		unlist_block(zone, buddy, order);
		pfn &= ~((uint64_t)1 << order);
	}
	list_block(zone, pfn, order);
}

/* The largest block that may begin at `pfn` and is no longer than `nr` frames. */
static unsigned int largest_order(uint64_t pfn, uint64_t nr)
{
	unsigned int order = 63 - (unsigned int)__builtin_clzl(nr);
	/* unreached: frame 0 is the firmware's */
	unsigned int aligned = pfn ? (unsigned int)__builtin_ctzl(pfn) : MAX_PAGE_ORDER;

	if (order > aligned)
		order = aligned;
	return order > MAX_PAGE_ORDER ? MAX_PAGE_ORDER : order;
}

void zone_give_run(struct zone *zone, uint64_t pfn, uint64_t nr)
{
	set_free(zone, zone->free + nr);
	while (nr != 0) {
		unsigned int order = largest_order(pfn, nr);

		give_block(zone, pfn, order);
		pfn += (uint64_t)1 << order;
		nr -= (uint64_t)1 << order;
	}
}

bool zone_take_block(struct zone *zone, unsigned int order, uint64_t *pfn)
{
	uint32_t large_enough = zone->nonempty >> order << order;
	unsigned int found;

	if (large_enough == 0)
		return false;
	found = (unsigned int)__builtin_ctz(large_enough);
	*pfn = zone->free_area[found].first;
	unlist_block(zone, *pfn, found);
	while (found > order) {
		found--;
		list_block(zone, *pfn + ((uint64_t)1 << found), found);
	}
	set_free(zone, zone->free - ((uint64_t)1 << order));
	return true;
}

int zone_best_order(const struct zone *zone, unsigned int order)
{
	if (zone->nonempty >> order)
		return (int)order;
	return zone->nonempty ? 31 - __builtin_clz(zone->nonempty) : -1;
}

/* The free block that `pfn` lies in. */
static uint64_t block_of(const struct zone *zone, uint64_t pfn, unsigned int *order)
{
	/* unreached: the end, since the frame is free */
	for (*order = 0; *order <= MAX_PAGE_ORDER; ++*order) {
		uint64_t first = pfn & ~(((uint64_t)1 << *order) - 1);
		const struct page *page = pfn_to_page(first);

		if (page_kind(page) == PAGE_BUDDY) /* the first such one down from it holds it */
			return first;
	}
	ASSERT(false, "frame %#llx is not free in zone %s", (unsigned long long)pfn,
	       zone_names[zone->type]);
	return 0;
}

void zone_claim_run(struct zone *zone, uint64_t pfn, uint64_t nr)
{
	uint64_t end = pfn + nr;

	while (pfn < end) {
		unsigned int order;
		uint64_t first = block_of(zone, pfn, &order), last;

		order = pfn_to_page(first)->order;
		last = first + ((uint64_t)1 << order);
		unlist_block(zone, first, order);
		set_free(zone, zone->free - (last - first));
		if (first < pfn)
			zone_give_run(zone, first, pfn - first);
		if (last > end)
			zone_give_run(zone, end, last - end);
		pfn = last;
	}
}

bool zone_watermark_ok(const struct zone *zone, uint64_t nr, gfp_t gfp, enum zone_type highest)
{
	uint64_t keep = zone->watermark[WMARK_MIN] + zone->lowmem_reserve[highest];

	if (gfp & __GFP_HIGH)
		keep -= zone->watermark[WMARK_MIN] / 2;
	if ((gfp & (__GFP_MEMALLOC | __GFP_NOMEMALLOC)) == __GFP_MEMALLOC)
		keep = 0;
	return zone_free(zone) >= nr + keep;
}
