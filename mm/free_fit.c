/* SPDX-License-Identifier: BSD-2-Clause */
#include "free_space.h"
#include "levels.h"

/*
 * Where a request goes: the placement policies over the tree of free blocks. Subtrees whose largest
 * block is too short, or which lie outside of the request's range, are not entered.
 */

/* The addresses that a block offers a request: from `first` to `last` in steps of the alignment. */
struct slots {
	uintptr_t first, last;
};

/* `address` rounded up; 0 when that wraps around. */
static uintptr_t align_up(uintptr_t address, uint64_t align)
{
	return (address + align - 1) & ~(align - 1);
}

/* The aligned addresses for `request` within [start, end); false when there is none. */
static bool slots_within(const struct slot_request *request, uintptr_t start, uintptr_t end,
			 struct slots *slots)
{
	if (start < request->start)
		start = request->start;
	if (end > request->end)
		end = request->end;
	if (start >= end || end - start < request->length)
		return false;
	slots->first = align_up(start + request->front, request->align);
	slots->last = (end - request->length + request->front) & ~(request->align - 1);
	return slots->first >= start + request->front && slots->first <= slots->last;
}

static bool slots_in(const struct slot_request *request, const struct vmap_area *block,
		     struct slots *slots)
{
	return slots_within(request, block->va_start, block->va_end, slots);
}

static uint64_t nr_slots(const struct slot_request *request, const struct slots *slots)
{
	return (slots->last - slots->first) / request->align + 1;
}

static bool worth_entering(struct free_space *space, const struct slot_request *request,
			   const struct vmap_area *node)
{
	if (!node)
		return false;
	space->visited++;
	return node->subtree_max >= request->length;
}

static bool find_lowest(struct free_space *space, const struct slot_request *request,
			const struct vmap_area *node, uintptr_t *address)
{
	struct slots slots;

	if (!worth_entering(space, request, node))
		return false;
	if (node->va_start > request->start && find_lowest(space, request, node->left, address))
		return true;
	if (slots_in(request, node, &slots)) {
		*address = slots.first;
		return true;
	}
	return node->va_end < request->end && find_lowest(space, request, node->right, address);
}

static bool find_top(struct free_space *space, const struct slot_request *request,
		     const struct vmap_area *node, uintptr_t *address)
{
	struct slots slots;

	if (!worth_entering(space, request, node))
		return false;
	if (node->va_end < request->end && find_top(space, request, node->right, address))
		return true;
	if (slots_in(request, node, &slots)) {
		*address = slots.last;
		return true;
	}
	return node->va_start > request->start && find_top(space, request, node->left, address);
}

/* `best` holds the size of the smallest block so far; blocks come in the order of addresses. */
static void find_best(struct free_space *space, const struct slot_request *request,
		      const struct vmap_area *node, uint64_t *best, uintptr_t *address)
{
	struct slots slots;
	uint64_t size;

	if (!worth_entering(space, request, node))
		return;
	if (node->va_start > request->start)
		find_best(space, request, node->left, best, address);
	size = node->va_end - node->va_start;
	if (size < *best && slots_in(request, node, &slots)) {
		*best = size;
		*address = slots.first;
	}
	if (node->va_end<request->end && * best> request->length)
		find_best(space, request, node->right, best, address);
}

/* Counts slots in the order of addresses; the one with number `wanted` is put into `address`. */
static void count_slots(struct free_space *space, const struct slot_request *request,
			const struct vmap_area *node, uint64_t *count, uint64_t wanted,
			uintptr_t *address)
{
	struct slots slots;

	if (!worth_entering(space, request, node))
		return;
	count_slots(space, request, node->left, count, wanted, address);
	if (slots_in(request, node, &slots)) {
		uint64_t nr = nr_slots(request, &slots);

		if (wanted >= *count && wanted - *count < nr)
			*address = slots.first + (wanted - *count) * request->align;
		*count += nr;
	}
	count_slots(space, request, node->right, count, wanted, address);
}

uint64_t free_space_slots(struct free_space *space, const struct slot_request *request)
{
	uint64_t count = 0;
	uintptr_t address;

	count_slots(space, request, space->tree.root, &count, UINT64_MAX, &address);
	return count;
}

static bool find_random(struct free_space *space, const struct slot_request *request,
			uintptr_t *address)
{
	uint64_t count = 0, total;
	struct slots all;

	if (!slots_within(request, request->start, request->end, &all))
		return false;
	for (unsigned int i = 0; i < RANDOM_TRIES; i++) {
		uint64_t step = random_below(&space->random, nr_slots(request, &all));
		uintptr_t start = all.first + step * request->align - request->front;

		if (free_space_covers(space, start, start + request->length)) {
			*address = start + request->front;
			return true;
		}
	}
	total = free_space_slots(space, request);
	if (total == 0)
		return false;
	count_slots(space, request, space->tree.root, &count, random_below(&space->random, total),
		    address);
	return true;
}

static bool find_by_policy(struct free_space *space, const struct slot_request *request,
			   uintptr_t *address)
{
	const struct vmap_area *root = space->tree.root;
	uint64_t best = UINT64_MAX;

	switch (request->place) {
	case PLACE_RANDOM:
		return find_random(space, request, address);
	case PLACE_BEST:
		find_best(space, request, root, &best, address);
		return best != UINT64_MAX;
	case PLACE_TOP:
		return find_top(space, request, root, address);
	default:
		return find_lowest(space, request, root, address);
	}
}

bool free_space_find(struct free_space *space, const struct slot_request *request, uintptr_t *start)
{
	uint64_t before = space->visited;
	uintptr_t address;
	bool found = find_by_policy(space, request, &address);

	space->searches++;
	if (space->visited - before > space->visited_max)
		space->visited_max = space->visited - before;
	if (found)
		*start = address - request->front;
	return found;
}
