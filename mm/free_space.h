/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "area_tree.h"
#include "lib/random.h"

/*
 * The free blocks of the vmalloc region: which one a request gets, and how it is cut out and put
 * back. Blocks never touch: neighbours are merged when space comes back. All in bytes, multiples of
 * the page size. No locking, and no memory of its own: nodes are lent by the caller.
 *
 * Finding the lowest block visits O(log n) nodes at page alignment. At a larger alignment the
 * search is exact, so it may have to look into every block that is long enough but lies badly, up
 * to the first one of length + align - page bytes, which always fits: n + 2 log2(n) nodes at worst.
 * "best" looks at every block that is long enough, until one fits exactly; "random" makes
 * RANDOM_TRIES draws and then an exact walk of the same length. The nodes visited are counted.
 */

enum vmap_place {
	PLACE_DEFAULT, /* as the run was told: mm_options.place */
	PLACE_LOWEST,
	PLACE_RANDOM, /* every slot that is free equally likely */
	PLACE_BEST,   /* in the smallest block that fits, the lowest of these */
	PLACE_TOP,
	NR_PLACES,
};

enum { RANDOM_TRIES = 64 };

struct free_space {
	struct area_tree tree;
	struct random random;
	uint64_t bytes;				 /* free, in all blocks */
	uint64_t searches, visited, visited_max; /* nodes looked at */
};

/*
 * A slot of `length` bytes within [start, end), so that its address + `front` is a multiple of
 * `align` (a power of two).
 */
struct slot_request {
	uint64_t length, front, align;
	uintptr_t start, end;
	enum vmap_place place; /* PLACE_DEFAULT: lowest */
};

void free_space_init(struct free_space *space, uint64_t seed);
/* Where a slot is free; nothing is taken. false: nowhere, `start` untouched. */
bool free_space_find(struct free_space *space, const struct slot_request *request,
		     uintptr_t *start);
/* How many slots are free; log2 of it is the entropy of a place drawn at random. */
uint64_t free_space_slots(struct free_space *space, const struct slot_request *request);
/* Whether all of [start, end) is free. */
bool free_space_covers(const struct free_space *space, uintptr_t start, uintptr_t end);
/*
 * Takes [start, end), which is free: whole, at an edge of its block, or from the middle, where
 * `spare` becomes the node of the block's other half. `unused` gets the nodes that are not needed
 * (any more): `spare`, or the block's own too, or none; NULL in the other places.
 */
void free_space_take(struct free_space *space, uintptr_t start, uintptr_t end,
		     struct vmap_area *spare, struct vmap_area *unused[2]);
/*
 * Puts the range of `node` back and merges it with its neighbours. `unused` gets up to two nodes
 * that are not needed any more, NULL otherwise. false, with a line that says what is free there
 * already, when the range overlaps a free block: nothing is changed then.
 */
bool free_space_give(struct free_space *space, struct vmap_area *node, struct vmap_area *unused[2]);
/* NULL, or what is wrong: the tree's order and maxima, blocks that touch, the count of bytes. */
const char *free_space_check(const struct free_space *space);
