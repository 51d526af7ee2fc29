/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"
#include "free_space.h"

struct slots;
bool any_slots_in(const struct slot_request *asked, const struct vmap_area *block,
		  struct slots *slots);
bool lowest_below(struct free_space *space, const struct slot_request *asked,
		  const struct vmap_area *below, uintptr_t *address);
bool top_below(struct free_space *space, const struct slot_request *asked,
	       const struct vmap_area *below, uintptr_t *address);
void best_below(struct free_space *space, const struct slot_request *asked,
		const struct vmap_area *below, uint64_t *best, uintptr_t *address);

#include "free_fit.c"

/*
 * Where a request goes, by induction over the tree of free blocks: if the search is right in the
 * two trees below a node, it is right in the node's. Right means for "lowest" and "top": it finds
 * a slot if there is one, and of all slots there are the lowest (highest). For "best": in a block
 * that no block with a slot is shorter than, of equal ones the lowest, and there the first slot.
 * The empty tree is among the cases, so this holds for every tree that tree_step proves valid.
 * Bound: none; any tree, addresses and sizes of 64 bits.
 *
 * The searches' calls of themselves lead to lowest_below() and so on, which answer anything that
 * is right; those of slots_in() to anything that it may answer. `other` is any block of the tree,
 * and `other_slot` any slot of it, if it has one.
 */
enum side { LEFT, RIGHT, NODE };

static struct slot_request request;
static struct vmap_area node, trees[2];	   /* trees: what stands below the node */
static struct vmap_area other, answers[2]; /* answers: the blocks that searches below end in */
static enum side other_side;
static uintptr_t other_slot, node_first, node_last, answer_slots[2];
static bool other_has_slot, node_has_slot, answered[2];

static uint64_t length_of(const struct vmap_area *block)
{
	return block->va_end - block->va_start;
}

/* What is known of any slot but its alignment: it lies in its block, and in the request's limits.
 */
static bool can_be_slot(const struct vmap_area *block, uintptr_t address)
{
	uintptr_t start = address - request.front, end = start + request.length;

	return address >= request.front && end > start && start >= block->va_start &&
	       start >= request.start && end <= block->va_end && end <= request.end;
}

static struct vmap_area any_block(enum side side)
{
	struct vmap_area block = {.va_start = ANY(uintptr_t), .va_end = ANY(uintptr_t)};

	ASSUME(block.va_start < block.va_end);
	ASSUME(side != LEFT || block.va_end < node.va_start);
	ASSUME(side != RIGHT || block.va_start > node.va_end);
	ASSUME(side == NODE || length_of(&block) <= trees[side].subtree_max);
	return block;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void any_node(void)
{
	trees[LEFT].subtree_max = ANY(uint64_t);
	trees[RIGHT].subtree_max = ANY(uint64_t);
	node = any_block(NODE);
	node.left = ANY(bool) ? &trees[LEFT] : NULL;
	node.right = ANY(bool) ? &trees[RIGHT] : NULL;
	node.subtree_max =
		larger(length_of(&node), larger(node.left ? trees[LEFT].subtree_max : 0,
						node.right ? trees[RIGHT].subtree_max : 0));
	node_has_slot = ANY(bool);
	node_first = ANY(uintptr_t);
	node_last = ANY(uintptr_t);
	ASSUME(IMPLIES(node_has_slot, node_first <= node_last && can_be_slot(&node, node_first) &&
					      can_be_slot(&node, node_last)));
}

/* Any block of all of them; when it is the node's, its slots are between the first and the last. */
static void any_other(void)
{
	other_side = ANY(bool) ? NODE : ANY(bool) ? LEFT : RIGHT;
	ASSUME(IMPLIES(other_side == LEFT, node.left) && IMPLIES(other_side == RIGHT, node.right));
	if (other_side == NODE)
		other = node;
	else
		other = any_block(other_side);
	other_slot = ANY(uintptr_t);
	other_has_slot = ANY(bool);
	ASSUME(IMPLIES(other_has_slot, can_be_slot(&other, other_slot)));
	ASSUME(IMPLIES(other_has_slot && other_side == NODE,
		       node_has_slot && node_first <= other_slot && other_slot <= node_last));
}

/* A request, a node and what is below it; or an empty tree. */
static const struct vmap_area *any_tree(void)
{
	request = (struct slot_request){.length = ANY(uint64_t),
					.front = ANY(uint64_t),
					.align = ANY(uint64_t),
					.start = ANY(uintptr_t),
					.end = ANY(uintptr_t)};
	ASSUME(request.length > 0 && request.front <= request.length);
	any_node();
	any_other();
	return ANY(bool) ? &node : NULL;
}

bool any_slots_in(const struct slot_request *asked, const struct vmap_area *block,
		  struct slots *slots)
{
	PROVE(asked == &request && block == &node);
	slots->first = node_first;
	slots->last = node_last;
	return node_has_slot;
}

static enum side side_of(const struct vmap_area *below)
{
	PROVE(below == node.left || below == node.right);
	return below == &trees[LEFT] ? LEFT : RIGHT;
}

/* A search below ends in a block of that side. */
static uintptr_t answer_from(enum side side)
{
	PROVE(!answered[side]);
	answered[side] = true;
	answers[side] = any_block(side);
	answer_slots[side] = ANY(uintptr_t);
	ASSUME(can_be_slot(&answers[side], answer_slots[side]));
	return answer_slots[side];
}

static bool is_answer(uintptr_t address, uintptr_t nodes)
{
	return (node_has_slot && address == nodes) ||
	       (answered[LEFT] && address == answer_slots[LEFT]) ||
	       (answered[RIGHT] && address == answer_slots[RIGHT]);
}

static bool end_below(const struct vmap_area *below, uintptr_t *address, bool top)
{
	bool found = below && ANY(bool), is_here;

	if (!below)
		return false;
	is_here = other_has_slot && side_of(below) == other_side;
	if (found)
		*address = answer_from(side_of(below));
	ASSUME(IMPLIES(is_here, found && (top ? *address >= other_slot : *address <= other_slot)));
	return found;
}

bool lowest_below(struct free_space *space, const struct slot_request *asked,
		  const struct vmap_area *below, uintptr_t *address)
{
	(void)space;
	PROVE(asked == &request);
	return end_below(below, address, false);
}

bool top_below(struct free_space *space, const struct slot_request *asked,
	       const struct vmap_area *below, uintptr_t *address)
{
	(void)space;
	PROVE(asked == &request);
	return end_below(below, address, true);
}

/* What is right of "best" in a tree that `other` is in: length and slot, from `before` on. */
static bool best_is_right(uint64_t before, uint64_t best, uintptr_t address)
{
	return !other_has_slot ||
	       (length_of(&other) >= best &&
		IMPLIES(best < before && length_of(&other) == best, address <= other_slot));
}

void best_below(struct free_space *space, const struct slot_request *asked,
		const struct vmap_area *below, uint64_t *best, uintptr_t *address)
{
	uint64_t before = *best;
	enum side side;

	(void)space;
	PROVE(asked == &request && before >= request.length);
	if (!below)
		return;
	side = side_of(below);
	if (ANY(bool)) {
		*address = answer_from(side);
		*best = length_of(&answers[side]);
		ASSUME(*best < before);
	}
	ASSUME(IMPLIES(side == other_side, best_is_right(before, *best, *address)));
}

static struct free_space space;

static void prove_end(bool (*search)(struct free_space *, const struct slot_request *,
				     const struct vmap_area *, uintptr_t *),
		      bool top)
{
	const struct vmap_area *root = any_tree();
	uintptr_t address = 0;
	bool found = search(&space, &request, root, &address);

	PROVE(IMPLIES(found, root && is_answer(address, top ? node_last : node_first)));
	PROVE(IMPLIES(root && other_has_slot, found));
	PROVE(IMPLIES(root && other_has_slot, top ? address >= other_slot : address <= other_slot));
}

static void prove_lowest(void)
{
	prove_end(find_lowest, false);
}

static void prove_top(void)
{
	prove_end(find_top, true);
}

static void prove_best(void)
{
	const struct vmap_area *root = any_tree();
	uint64_t before = ANY(uint64_t), best = before;
	uintptr_t untouched = ANY(uintptr_t), address = untouched;
	void (*const search)(struct free_space *, const struct slot_request *,
			     const struct vmap_area *, uint64_t *, uintptr_t *) = find_best;

	ASSUME(before >= request.length);
	search(&space, &request, root, &best, &address);
	PROVE(best <= before && best >= request.length);
	PROVE(IMPLIES(best == before, address == untouched));
	PROVE(IMPLIES(best < before, root && is_answer(address, node_first)));
	PROVE(IMPLIES(root, best_is_right(before, best, address)));
}

int main(void)
{
	PROVE_POLICY();
	return 0;
}
