/* SPDX-License-Identifier: BSD-2-Clause */
#include "free_space.h"
#include "levels.h"
#include "lib/assert.h"
#include "lib/format.h"

void free_space_init(struct free_space *space, uint64_t seed)
{
	*space = (struct free_space){.tree = {.augmented = true}};
	random_seed(&space->random, seed);
}

bool free_space_covers(const struct free_space *space, uintptr_t start, uintptr_t end)
{
	const struct vmap_area *block = area_tree_before(&space->tree, start);

	return block && end <= block->va_end;
}

/* Cuts the range out of the middle: `right` becomes the node of what is left behind it. */
static void split(struct free_space *space, struct vmap_area *block, uintptr_t start, uintptr_t end,
		  struct vmap_area *right)
{
	ASSERT(right, "no node for the split at %lx", (unsigned long)start);
	*right = (struct vmap_area){.va_start = end, .va_end = block->va_end};
	block->va_end = start;
	area_tree_resized(&space->tree, block);
	area_tree_insert(&space->tree, right);
}

void free_space_take(struct free_space *space, uintptr_t start, uintptr_t end,
		     struct vmap_area *spare, struct vmap_area *unused[2])
{
	struct vmap_area *block = area_tree_before(&space->tree, start);

	ASSERT(block && end <= block->va_end, "%lx-%lx is not free", (unsigned long)start,
	       (unsigned long)end);
	space->bytes -= end - start;
	unused[0] = spare;
	unused[1] = NULL;
	if (start != block->va_start && end != block->va_end) {
		split(space, block, start, end, spare);
		unused[0] = NULL;
	} else if (start != block->va_start) {
		block->va_end = start;
		area_tree_resized(&space->tree, block);
	} else if (end != block->va_end) {
		block->va_start = end;
		area_tree_resized(&space->tree, block);
	} else {
		area_tree_remove(&space->tree, block);
		unused[1] = block;
	}
}

static bool overlaps(const struct vmap_area *node, const struct vmap_area *block)
{
	if (!block || block->va_start >= node->va_end || block->va_end <= node->va_start)
		return false;
	log_line("vmap_area: %lx-%lx cannot be freed: %lx-%lx is free already", node->va_start,
		 node->va_end, block->va_start, block->va_end);
	return true;
}

/* `left` grows over the range of `node`, and over `right` where that follows at once. */
static void join_left(struct free_space *space, struct vmap_area *left, struct vmap_area *node,
		      struct vmap_area *right, struct vmap_area *unused[2])
{
	uintptr_t end = node->va_end;

	unused[0] = node;
	if (right && right->va_start == end) {
		area_tree_remove(&space->tree, right);
		end = right->va_end;
		unused[1] = right;
	}
	left->va_end = end;
	area_tree_resized(&space->tree, left);
}

bool free_space_give(struct free_space *space, struct vmap_area *node, struct vmap_area *unused[2])
{
	struct vmap_area *left = area_tree_before(&space->tree, node->va_start);
	struct vmap_area *right = area_tree_after(&space->tree, node->va_start);

	unused[0] = unused[1] = NULL;
	if (overlaps(node, left) || overlaps(node, right))
		return false;
	space->bytes += node->va_end - node->va_start;
	if (left && left->va_end == node->va_start) {
		join_left(space, left, node, right, unused);
	} else if (right && right->va_start == node->va_end) {
		right->va_start = node->va_start;
		area_tree_resized(&space->tree, right);
		unused[0] = node;
	} else {
		area_tree_insert(&space->tree, node);
	}
	return true;
}

struct tally {
	const struct vmap_area *last;
	uint64_t bytes;
	bool touching;
};

static void tally_blocks(struct tally *tally, const struct vmap_area *block)
{
	if (!block)
		return;
	tally_blocks(tally, block->left);
	tally->bytes += block->va_end - block->va_start;
	tally->touching |= tally->last && tally->last->va_end >= block->va_start;
	tally->last = block;
	tally_blocks(tally, block->right);
}

const char *free_space_check(const struct free_space *space)
{
	const char *problem = area_tree_check(&space->tree);
	struct tally tally = {0};

	if (problem)
		return problem;
	tally_blocks(&tally, space->tree.root);
	if (tally.touching)
		return "two free blocks touch or overlap";
	return tally.bytes == space->bytes ? NULL : "free address space was lost count of";
}
