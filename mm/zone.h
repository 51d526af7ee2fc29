/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "fault.h"
#include "gfp.h"
#include "page_alloc.h"
#include "percpu.h"

/*
 * The frames of one node within one range of addresses, and its buddy lists: blocks of 2^order
 * frames aligned to their size. Two free buddies of one order are always one block of the next. All
 * calls of this header that name a zone want its lock held, unless a line says otherwise.
 */

enum zone_type { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, MAX_NR_ZONES };
enum zone_watermark { WMARK_MIN, WMARK_LOW, WMARK_HIGH, NR_WMARK };
enum { NR_ZONES = MAX_NUMNODES * MAX_NR_ZONES };

/* First frame beyond ZONE_DMA, and beyond ZONE_DMA32: 16 MiB and 4 GiB. */
#define DMA_END_PFN ((uint64_t)1 << (24 - PAGE_SHIFT))
#define DMA32_END_PFN ((uint64_t)1 << (32 - PAGE_SHIFT))

#define NO_FRAME UINT32_MAX /* the end of a list of frame numbers */

struct free_area {
	uint32_t first;	  /* NO_FRAME: empty */
	uint64_t nr_free; /* blocks */
};

struct zone {
	struct spinlock lock;
	enum zone_type type;
	int node;
	uint64_t start_pfn, end_pfn; /* holes and frames of other nodes may lie within */
	uint64_t managed;	     /* frames of ours */
	uint64_t free;		     /* in the lists below */
	uint64_t watermark[NR_WMARK];
	uint64_t lowmem_reserve[MAX_NR_ZONES]; /* kept from requests that could use that zone */
	uint32_t nonempty;		       /* one bit an order */
	struct free_area free_area[NR_PAGE_ORDERS];
} __cacheline_aligned;

extern struct zone zones[NR_ZONES]; /* by node * MAX_NR_ZONES + type */
extern __hot unsigned int nr_nodes;
extern const char *const zone_names[MAX_NR_ZONES];

#define for_each_populated_zone(each)                                                              \
	for (struct zone *each = zones; each < zones + NR_ZONES; each++)                           \
		if (each->managed)

static inline enum zone_type pfn_zone_type(uint64_t pfn)
{
	return (enum zone_type)((pfn >= DMA_END_PFN) + (pfn >= DMA32_END_PFN));
}

/* The zone of a frame of ours. No lock. */
static inline unsigned int pfn_zone_index(uint64_t pfn)
{
	unsigned int type = pfn_zone_type(pfn);

	if (unlikely(nr_nodes > 1))
		type += (unsigned int)page_to_nid(pfn_to_page(pfn)) * MAX_NR_ZONES;
	return type;
}

static inline uint64_t zone_free(const struct zone *zone)
{
	return __atomic_load_n(&zone->free, __ATOMIC_RELAXED);
}

static inline enum page_kind page_kind(const struct page *page)
{
	return (enum page_kind)__atomic_load_n(&page->kind, __ATOMIC_RELAXED);
}

static inline void page_set_kind(struct page *page, enum page_kind kind)
{
	__atomic_store_n(&page->kind, (uint8_t)kind, __ATOMIC_RELAXED);
}

/* false in an exception handler when somebody has the lock. */
static inline bool zone_lock(struct zone *zone)
{
	if (likely(spin_trylock(&zone->lock)))
		return true;
	if (fault_in_handler())
		return false;
	spin_lock(&zone->lock);
	return true;
}

static inline void zone_unlock(struct zone *zone)
{
	spin_unlock(&zone->lock);
}

/* Fills zones[] and nr_nodes from memblock's ranges; lists empty. No lock. */
void zones_init(void);

/* A block of 2^order frames; false: none of that size or larger is free. */
bool zone_take_block(struct zone *zone, unsigned int order, uint64_t *pfn);
/* The order of the block to take when 2^order frames are wanted and fewer are welcome too; -1:
 * none. */
int zone_best_order(const struct zone *zone, unsigned int order);
/* `nr` frames that follow each other, within the zone: to the lists, in as few blocks as possible.
 */
void zone_give_run(struct zone *zone, uint64_t pfn, uint64_t nr);
/* Takes [pfn, pfn + nr), all of them free, out of the lists. */
void zone_claim_run(struct zone *zone, uint64_t pfn, uint64_t nr);
/*
 * Whether `nr` frames may be taken for `gfp` by a request that could also use zones up to
 * `highest`. No lock needed; then the answer is of a moment.
 */
bool zone_watermark_ok(const struct zone *zone, uint64_t nr, gfp_t gfp, enum zone_type highest);
/* NULL, or what is wrong with the lists. */
const char *zone_check(const struct zone *zone);
