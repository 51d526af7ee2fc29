/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"
#include "free_space.h"
#include "levels.h"

/*
 * Taking any free range, and giving back any range: exactly its addresses change hands, blocks stay
 * apart (no two free neighbours), bytes are counted, each node is in the tree or among the unused,
 * and a range that overlaps a free block is refused with nothing changed. Bound: addresses of 16
 * bits. The tree is what tree_change and tree_step prove it to be: a set of blocks in order, of
 * which at most the one that begins at or below the range and the one above it matter; any number
 * of others lie outside.
 */
static struct vmap_area below, above, node;
static bool below_in, above_in, node_in;
static uint64_t below_known, above_known, node_known; /* lengths, as the tree was told */
static uintptr_t lowest_other, highest_other;	      /* no other block reaches in between */

static uint64_t length_of(const struct vmap_area *block, bool in)
{
	return in ? block->va_end - block->va_start : 0;
}

/* The tree is only asked and changed while it knows how long each of its blocks is. */
static void prove_known(void)
{
	PROVE(length_of(&below, below_in) == below_known);
	PROVE(length_of(&above, above_in) == above_known);
	PROVE(length_of(&node, node_in) == node_known);
}

struct vmap_area *area_tree_before(const struct area_tree *tree, uintptr_t address)
{
	(void)tree;
	prove_known();
	return below_in && below.va_start <= address ? &below : NULL;
}

struct vmap_area *area_tree_after(const struct area_tree *tree, uintptr_t address)
{
	(void)tree;
	prove_known();
	return above_in && above.va_start > address ? &above : NULL;
}

static void know(void)
{
	below_known = length_of(&below, below_in);
	above_known = length_of(&above, above_in);
	node_known = length_of(&node, node_in);
}

static bool *membership(const struct vmap_area *block)
{
	return block == &below ? &below_in : block == &above ? &above_in : &node_in;
}

void area_tree_insert(struct area_tree *tree, struct vmap_area *block)
{
	(void)tree;
	prove_known();
	PROVE(!*membership(block));
	*membership(block) = true;
	know();
}

void area_tree_remove(struct area_tree *tree, struct vmap_area *block)
{
	(void)tree;
	prove_known();
	PROVE(*membership(block));
	*membership(block) = false;
	know();
}

void area_tree_resized(struct area_tree *tree, struct vmap_area *block)
{
	(void)tree;
	PROVE(*membership(block));
	know();
}

const char *area_tree_check(const struct area_tree *tree)
{
	(void)tree;
	return NULL;
}

void random_seed(struct random *random, uint64_t seed)
{
	(void)random;
	(void)seed;
}

#include "free_space.c"

static bool covers(const struct vmap_area *block, bool in, uintptr_t address)
{
	return in && block->va_start <= address && address < block->va_end;
}

static bool is_free(uintptr_t address)
{
	return covers(&below, below_in, address) || covers(&above, above_in, address) ||
	       covers(&node, node_in, address);
}

/* Neither empty, nor touching the other one, nor the blocks that are not looked at. */
static bool is_sound(const struct vmap_area *block, bool in)
{
	return !in || (block->va_start < block->va_end && block->va_start > lowest_other &&
		       block->va_end < highest_other);
}

static bool are_apart(const struct vmap_area *a, bool a_in, const struct vmap_area *b, bool b_in)
{
	return !a_in || !b_in || a->va_end < b->va_start || b->va_end < a->va_start;
}

static bool all_sound(void)
{
	return is_sound(&below, below_in) && is_sound(&above, above_in) &&
	       is_sound(&node, node_in) && are_apart(&below, below_in, &above, above_in) &&
	       are_apart(&below, below_in, &node, node_in) &&
	       are_apart(&above, above_in, &node, node_in);
}

/* In the tree, or handed back, and not both. */
static bool is_accounted(const struct vmap_area *block, bool in, bool was_in,
			 struct vmap_area *const unused[2])
{
	bool handed = unused[0] == block || unused[1] == block;

	return was_in ? in != handed : !in && !handed;
}

static void any_block(struct vmap_area *block)
{
	block->va_start = ANY(uint16_t);
	block->va_end = ANY(uint16_t);
}

int main(void)
{
	uintptr_t start = ANY(uint16_t), end = ANY(uint16_t), probe = ANY(uint16_t);
	struct free_space space = {.bytes = ANY(uint32_t)};
	uint64_t bytes = space.bytes;
	bool was_below, was_above, was_free, overlaps, done;
	struct vmap_area *unused[2];

	any_block(&below);
	any_block(&above);
	below_in = was_below = ANY(bool);
	above_in = was_above = ANY(bool);
	lowest_other = ANY(uint16_t);
	highest_other = ANY(uint16_t);
	ASSUME(start < end && lowest_other < start && end < highest_other);
	ASSUME(all_sound() && IMPLIES(below_in, below.va_start <= start));
	ASSUME(IMPLIES(above_in, above.va_start > start));
	know();
	was_free = is_free(probe);
	overlaps = (below_in && below.va_end > start) || (above_in && above.va_start < end);
	PROVE(free_space_covers(&space, start, end) == (below_in && below.va_end >= end));
	if (below_in && below.va_end >= end) {
		free_space_take(&space, start, end, &node, unused);
		done = true;
		was_free &= probe < start || probe >= end;
		bytes -= end - start;
	} else {
		node.va_start = start;
		node.va_end = end;
		done = free_space_give(&space, &node, unused);
		PROVE(done == !overlaps);
		was_free |= done && probe >= start && probe < end;
		bytes += done ? end - start : 0;
	}
	PROVE(is_free(probe) == was_free);
	PROVE(all_sound());
	prove_known();
	PROVE(space.bytes == bytes);
	PROVE(is_accounted(&below, below_in, was_below, unused));
	PROVE(is_accounted(&above, above_in, was_above, unused));
	PROVE(is_accounted(&node, node_in, done, unused));
	return 0;
}
