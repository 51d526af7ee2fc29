/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "area_tree.h"
#include "free_space.h"
#include "lib/lock.h"
#include "slab.h"
#include "vmap_area.h"

/*
 * What the parts of the address-space allocator share: the two trees, and descriptors. Nobody else
 * includes this.
 */

struct areas {
	struct spinlock lock; /* over both trees, and over the ranges of what is in them */
	struct free_space free;
	struct area_tree taken;
	struct kmem_cache *descriptors;
	uint8_t guard;			    /* pages */
	bool cache_on, cache_wanted, ready; /* wanted, but off: under quarantine */
	enum vmap_place place;
};

extern struct areas areas;

/* false: in an exception handler, and the lock is taken. */
bool areas_lock(void);
void areas_unlock(void);

/* Descriptors of areas, one spare a CPU for the next split. */
struct area *area_node_alloc(gfp_t gfp);
void area_node_free(struct area *area);
/*
 * Makes it that of a claimed range of no class: [start, end) with `behind` pages of guard at its
 * end, and `front` pages of guard before it. All else of it is zero.
 */
void area_describe(struct area *area, uintptr_t start, uintptr_t end, unsigned int front,
		   unsigned int behind);
void area_nodes_free(struct vmap_area *unused[2]);

/*
 * Ranges that no TLB knows, a list through area_next(), back to the free tree; their tables, if
 * empty, are freed first. Returns whether that flushed every TLB.
 */
bool areas_reclaim_tables(struct area *list);
void areas_give_back(struct area *list);
