/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "platform.h"
#include "space.h"

/*
 * Physical memory before the page allocator: the list of what was taken from the firmware, and a
 * bump allocator over it that feeds the first page tables and the page array. One CPU, no lock.
 * mm_init() takes over what is left; from then on nothing can be had here.
 */

struct memory_range {
	phys_addr_t start, end; /* bytes, multiples of PAGE_SIZE */
	uint32_t descriptor;	/* index of the firmware descriptor that it came from */
	uint16_t node;		/* NUMA node */
};

/*
 * `ranges` is sorted by address, disjoint, and stays where it is for the whole run: it lies in
 * memory that is not among the ranges, or is seen by both worlds.
 */
void memblock_init(const struct memory_range *ranges, size_t nr);
const struct memory_range *memblock_ranges(size_t *nr);
/* The range that `phys` lies in; NULL: not ours. O(log n). */
const struct memory_range *memblock_find(phys_addr_t phys);
uint64_t memblock_bytes(void);
phys_addr_t memblock_end(void); /* end of the highest range */

/*
 * `size` bytes (a multiple of PAGE_SIZE), aligned to `align` (a power of two), below `limit` (0: no
 * limit), not cleared. 0 when there is none. What is skipped for alignment is not lost.
 */
phys_addr_t memblock_alloc(size_t size, size_t align, phys_addr_t limit);
/* table_source functions (pagetables/space.h): one cleared frame; freeing is not possible here. */
phys_addr_t memblock_alloc_table(void *context, bool low);
/* What was handed out: sorted, disjoint. */
const struct phys_range *memblock_used(size_t *nr);
/* From here on memblock_alloc() answers 0: the page allocator has taken over. */
void memblock_close(void);

/* The same on a state of one's own; the calls above work on that of the run. */
enum { MEMBLOCK_MAX_USED = 256 };
struct memblock {
	const struct memory_range *ranges;
	size_t nr_ranges, nr_used;
	bool closed;
	struct phys_range used[MEMBLOCK_MAX_USED]; /* handed out: sorted, no two adjacent */
};
const struct memory_range *memblock_find_in(const struct memblock *memblock, phys_addr_t phys);
phys_addr_t memblock_alloc_from(struct memblock *memblock, size_t size, size_t align,
				phys_addr_t limit);
size_t memblock_free_in(const struct memblock *memblock, struct memory_range *out, size_t max);
