/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"
#include "free_fit.c"

/*
 * Which slots one block offers a request, for every block, request and power of two as alignment.
 * Bound: none; addresses and sizes of 64 bits.
 *
 * Three proofs, by PROVE_PART. limits: with an alignment of 1, the slots are just the addresses
 * that have room for the request's length around them. ends: those that another alignment leaves
 * are among these, the first and the last are slots, every slot lies between them, and slots_in()
 * is false where there is none. count: nr_slots() is the number of steps from the first to the
 * last.
 */
enum { SHIFTS = 64 };

static struct slot_request request;
static struct vmap_area block;

static void any_case(void)
{
	request = (struct slot_request){.length = ANY(uint64_t),
					.front = ANY(uint64_t),
					.align = 1,
					.start = ANY(uintptr_t),
					.end = ANY(uintptr_t)};
	block = (struct vmap_area){.va_start = ANY(uintptr_t), .va_end = ANY(uintptr_t)};
	ASSUME(request.length > 0 && request.front <= request.length);
	ASSUME(block.va_start < block.va_end);
}

/* Whether the length around `address` lies in the block and in the request's limits. */
static bool has_room(uintptr_t address)
{
	uintptr_t start = address - request.front, end = start + request.length;

	return address >= request.front && end > start && start >= block.va_start &&
	       start >= request.start && end <= block.va_end && end <= request.end;
}

static void limits(void)
{
	uintptr_t address = ANY(uintptr_t), start, first, last;
	struct slots slots;

	any_case();
	if (!slots_in(&request, &block, &slots)) {
		PROVE(!has_room(address));
		return;
	}
	PROVE(slots.first >= request.front && slots.last >= request.front);
	if (address >= request.front) { /* else has_room() says no, and it is before the first */
		start = address - request.front;
		first = slots.first - request.front;
		last = slots.last - request.front;
		STEP((first <= start) == (slots.first <= address));
		STEP((start <= last) == (address <= slots.last));
		STEP((start <= last) == (start + request.length > start &&
					 start + request.length <= last + request.length));
	}
	PROVE(has_room(address) == (slots.first <= address && address <= slots.last));
}

static void ends(void)
{
	uintptr_t other = ANY(uintptr_t);
	struct slots all, slots;
	bool possible, found;

	any_case();
	possible = slots_in(&request, &block, &all);
	request.align = ANY(uint64_t);
	ASSUME(request.align != 0 && !(request.align & (request.align - 1)));
	found = slots_in(&request, &block, &slots);
	if (possible && all.first <= other && other <= all.last && !(other & (request.align - 1)))
		PROVE(found && slots.first <= other && other <= slots.last);
	if (found) {
		PROVE(possible && all.first <= slots.first && slots.last <= all.last);
		PROVE(slots.first <= slots.last);
		PROVE(!((slots.first | slots.last) & (request.align - 1)));
	}
}

/* A constant shift leaves no multiplication and no division in the formula. */
static void count(void)
{
	for (unsigned int shift = 0; shift < SHIFTS; shift++) {
		struct slots slots = {.first = ANY(uintptr_t), .last = ANY(uintptr_t)};
		uint64_t nr, index = ANY(uint64_t);
		uintptr_t at = slots.first + (index << shift);

		request.align = (uint64_t)1 << shift;
		ASSUME(slots.first <= slots.last && slots.last - slots.first != UINT64_MAX);
		ASSUME(!((slots.first | slots.last) & (request.align - 1)));
		ASSUME(index << shift >> shift == index && at >= slots.first);
		nr = nr_slots(&request, &slots);
		PROVE((index < nr) == (at <= slots.last));
	}
}

int main(void)
{
	PROVE_PART();
	return 0;
}
