/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "gfp.h"
#include "page.h"
#include "percpu.h"
#include "space.h"

/*
 * Page frames. Buddy lists of blocks of 2^0 to 2^MAX_PAGE_ORDER frames, one set a zone and node
 * (zone.h), and before them, for each CPU, a short stack of runs: frames that follow each other,
 * taken and given back as a whole (pcp.h). All calls: any CPU; no lock of rank LOCK_RANK_PERCPU or
 * above held. In an exception handler calls that may wait are refused, and the others only try.
 *
 * Each frame has one reference when it is handed out; the last one given up frees it. Freeing what
 * is free already, or is not ours, is refused with a line that says who freed it and who does it
 * now.
 */

enum { MAX_PAGE_ORDER = 10, NR_PAGE_ORDERS = MAX_PAGE_ORDER + 1, MAX_NUMNODES = 8 };
#define NUMA_NO_NODE (-1)

typedef struct {
	uint64_t bits;
} nodemask_t;

/* 2^order frames, naturally aligned; NULL when there are none. Order 0 to MAX_PAGE_ORDER. */
struct page *alloc_pages(gfp_t gfp, unsigned int order);
struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order);
struct page *alloc_page(gfp_t gfp);

/*
 * Fills the empty (NULL) slots of `pages` from the front on. Returns how many slots are full
 * counted from the front; fewer than `nr` when memory ran out.
 */
unsigned long alloc_pages_bulk_array(gfp_t gfp, unsigned long nr, struct page **pages);
unsigned long alloc_pages_bulk_array_node(gfp_t gfp, int nid, unsigned long nr,
					  struct page **pages);
unsigned long alloc_pages_bulk(gfp_t gfp, unsigned long nr, struct page **pages);

void __free_pages(struct page *page, unsigned int order);
void __free_page(struct page *page);
void free_pages_bulk(unsigned long nr, struct page **pages);
void get_page(struct page *page);
void put_page(struct page *page);
/* A block of 2^order frames becomes as many single ones, each with one reference. */
void split_page(struct page *page, unsigned int order);

/* The same by address in the direct map. 0 and NULL are ignored when freed. */
unsigned long __get_free_pages(gfp_t gfp, unsigned int order);
unsigned long __get_free_page(gfp_t gfp);
unsigned long get_zeroed_page(gfp_t gfp);
void free_pages(unsigned long address, unsigned int order);
void free_page(unsigned long address);
/* Frames for `size` bytes that are no power of two: the rest of the block is free again. */
void *alloc_pages_exact(size_t size, gfp_t gfp);
void free_pages_exact(void *address, size_t size);
static inline unsigned int get_order(size_t size)
{
	return size <= PAGE_SIZE ? 0 : 64 - (unsigned int)__builtin_clzl((size - 1) >> PAGE_SHIFT);
}

/*
 * `nr` frames that follow each other, any number; single frames afterwards. Searches the zones:
 * slow. `nodemask` NULL: every node, `nid` first. The second form also aligns the start to `align`
 * frames (a power of two).
 */
struct page *alloc_contig_pages(unsigned long nr, gfp_t gfp, int nid, const nodemask_t *nodemask);
struct page *alloc_contig_pages_aligned(unsigned long nr, unsigned long align, gfp_t gfp, int nid,
					const nodemask_t *nodemask);
void free_contig_range(unsigned long pfn, unsigned long nr);

/*
 * For the rest of mm: single frames by the run. Up to `wanted` frames that follow each other, the
 * first one's number in `*pfn`; returns how many, at least 1, or 0 when there is none. Each is a
 * frame of its own, as if from alloc_page(). `caller` is noted as who allocated or freed it. Costs
 * a few instructions and one store for two frames. Whether a call with GFP_KERNEL is made in an
 * exception handler has been looked at by the caller.
 */
size_t alloc_frame_run(gfp_t gfp, int nid, size_t wanted, uint64_t *pfn, uintptr_t caller);
/* Gives up one reference to each of `nr` frames; false when some were refused. */
bool free_frame_run(uint64_t pfn, size_t nr, uintptr_t caller);
/* One naturally aligned block by the same way: alloc_pages_node() without the check of context. */
struct page *alloc_frame_block(gfp_t gfp, int nid, unsigned int order, uintptr_t caller);

/*
 * Called when memory is short, from GFP_KERNEL calls, with no lock held: gives back what can be
 * had, returns roughly how many frames that was. `hook` stays registered.
 */
struct reclaim_hook {
	const char *name;
	unsigned long (*reclaim)(void);
	struct reclaim_hook *next;
};
void register_reclaim_hook(struct reclaim_hook *hook);

/* Frames in our care altogether; free ones (those in per-CPU lists too). Exact when all are quiet.
 */
uint64_t totalram_pages(void);
uint64_t nr_free_pages(void);
/* Nodes: how many there are; this CPU's; said by the platform before mm_init(), 0 otherwise. */
unsigned int nr_online_nodes(void);
int numa_node_id(void);
int cpu_to_node(unsigned int cpu);
void set_cpu_node(unsigned int cpu, int nid);

/* Back to the buddy lists: what the CPUs hold. Returns how many frames that was. */
unsigned long drain_all_pages(void);

/* One line about an allocation that failed, at most ten a second; nothing under __GFP_NOWARN. */
void warn_alloc(gfp_t gfp, uintptr_t caller, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

struct page_alloc_options {
	bool poison; /* freed frames are filled, and looked at before they are handed out */
	bool debug_pagealloc; /* freed frames are not present in the direct map */
};
/* From here on; every CPU but this one rests. Free frames are brought into the state that is
 * wanted, but those that are present stay so until they are freed again. */
void page_alloc_set_debug(const struct page_alloc_options *options);
struct page_alloc_stats {
	uint64_t refills, drains; /* of per-CPU stacks, from and to the buddy lists */
	uint64_t fallbacks;	  /* frames from another node than the one asked for */
	uint64_t poison_broken;	  /* frames that were written while free */
	uint64_t refused;	  /* frees refused */
	uint64_t cleared;	  /* frames cleared because __GFP_ZERO asked for it */
	uint64_t failed;	  /* allocations that found nothing */
	uint64_t warned;	  /* lines of warn_alloc() */
};
/* Takes over all frames of memblock: 0 or -ENOMEM. What memblock handed out counts as allocated. */
int page_alloc_init(const struct page_alloc_options *options);
/* Clears every free frame that was ever handed out. Nothing can be had afterwards. */
void page_alloc_exit(void);
/* Clears those that were not free then; with the page array not needed any more. */
void page_alloc_clear_rest(void);
/* For mm_handed_out(). */
const struct phys_range *page_alloc_handed_out(size_t *nr, uint64_t *left_out);
/* Walks all lists and all frames: NULL, or what is wrong. */
const char *page_alloc_check(void);
void page_alloc_get_stats(struct page_alloc_stats *stats);
/* Where tables come from once the page allocator runs. */
extern const struct table_source page_table_source;
