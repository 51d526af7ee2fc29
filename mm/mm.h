/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "platform.h"

/*
 * Memory management as a whole: start, checks, quiet, end. The life of a run:
 *
 *	memblock_init()         what was taken from the firmware
 *	layout_choose()         where the regions lie
 *	space_build()           tables, fed by memblock
 *	mm_map_page_array()     the page array into those tables
 *	vm_area_register_early() (the run's stack)
 *	-- the gate closes --
 *	mm_init()               page allocator, slab, vmalloc
 *	...
 *	mm_exit()               everything drained, handed-out frames cleared
 *	-- the gate opens --
 *	mm_clear_rest()         and those that were in use until then
 */

struct mm_options {
	uint64_t seed;
	uint64_t lazy_max;   /* pages; 0: 32 MiB x fls(CPUs) */
	unsigned int guard;  /* pages, 1 to 17; 0: 1 */
	uint64_t quarantine; /* pages */
	bool poison;
	bool debug_pagealloc;
	unsigned int place; /* enum vmap_place (vmap_area.h); 0: lowest */
	bool no_cache;	    /* no per-CPU caches of ready address ranges: lowest fit is exact */
};

/* Frames for, and mapping of, the array of struct page. 0 or -ENOMEM. Gate open. */
int mm_map_page_array(void);
/* 0, or a negative errno with one log line that says what was missing. Gate closed. */
int mm_init(const struct mm_options *options);
/* Frees what mm itself holds, clears every frame that was ever handed out and is free. Gate closed.
 */
void mm_exit(void);
/* Clears those that were still in use then: tables, page array, stacks. After it, gate open. */
void mm_clear_rest(void);
/* From mm_exit() on: the runs of frames that were ever handed out, and how many frames found no
 * room among them. They are all clear by now. */
struct phys_range;
const struct phys_range *mm_handed_out(size_t *nr, uint64_t *left_out);

/* Drains per-CPU lists, cached ranges, partial slabs, preloaded nodes, deferred and lazy frees on
 * every CPU, and rejoins split direct-map leaves. Context: no locks held, not in a handler. */
void mm_quiesce(void);
/* Walks every structure of mm and pagetables. NULL, or the first thing that is wrong. */
const char *mm_check(void);

/* What a test must leave as it found it (after mm_quiesce()). */
struct mm_usage {
	uint64_t free_frames; /* those that hold slabs count as free: their objects are counted */
	uint64_t tables, slab_objects, areas, area_pages;
};
void mm_get_usage(struct mm_usage *usage);
