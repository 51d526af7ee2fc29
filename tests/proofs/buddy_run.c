/* SPDX-License-Identifier: BSD-2-Clause */
enum { FRAMES = 8, ORDERS = 4 };
struct zone;
void list_any(struct zone *of, unsigned long pfn, unsigned int order);
void unlist_any(struct zone *of, unsigned long pfn, unsigned int order);
void give_any(struct zone *of, unsigned long pfn, unsigned long nr);
#include "buddy.h"

/*
 * A run of any length given back, or claimed out of free frames, in every state of a zone:
 * afterwards just its frames more are free, or less; every free block is as large as it can be,
 * aligned, apart from the others, and listed once by its order; nothing else is, and the count is
 * right. Merging, block by block and order by order, is what this is about.
 * Bound: 8 frames, after which come others that are never free.
 *
 * What the lists look like is left out: list_block() and unlist_block() lead to functions that do
 * what buddy_lists proves of those. For a claim, zone_give_run() of what is left of a block leads
 * to one that leaves any state that is right, as is proved of it here.
 */
static uint32_t claim_free; /* which frames are free in the middle of a claim */

static bool is_frame(const struct zone *of, uint64_t pfn)
{
	return of == &zone && pfn < FRAMES;
}

void list_any(struct zone *of, uint64_t pfn, unsigned int order)
{
	PROVE(is_frame(of, pfn) && order < ORDERS && pages[pfn].kind != PAGE_BUDDY);
	pages[pfn].kind = PAGE_BUDDY;
	pages[pfn].order = (uint8_t)order;
}

void unlist_any(struct zone *of, uint64_t pfn, unsigned int order)
{
	PROVE(is_frame(of, pfn) && pages[pfn].kind == PAGE_BUDDY && pages[pfn].order == order);
	pages[pfn].kind = PAGE_PLAIN;
	claim_free &= ~bits_of((unsigned int)pfn, 1u << order);
}

/* Whether the zone is as it must be when the frames in `free` are. */
static bool is_valid(uint32_t free)
{
	bool valid = zone.free == (uint64_t)__builtin_popcount(free);

	for (unsigned int frame = 0; frame < FRAMES; frame++) {
		bool listed = pages[frame].kind == PAGE_BUDDY, begins = false;

		for (unsigned int order = 0; order < ORDERS; order++)
			if (is_largest(free, frame, order)) {
				begins = true;
				valid = valid && pages[frame].order == order;
			}
		valid = valid && begins == listed;
	}
	return valid;
}

static void any_valid(uint32_t free)
{
	zone.free = ANY(uint8_t);
	for (unsigned int frame = 0; frame < FRAMES; frame++) {
		pages[frame].kind = ANY(uint8_t);
		pages[frame].order = ANY(uint8_t);
	}
	ASSUME(is_valid(free));
}

void give_any(struct zone *of, uint64_t pfn, uint64_t nr)
{
	uint32_t run = bits_of((unsigned int)pfn, (unsigned int)nr);

	PROVE(is_frame(of, pfn) && nr > 0 && nr <= FRAMES - pfn && !(claim_free & run));
	PROVE(is_valid(claim_free));
	claim_free |= run;
	any_valid(claim_free);
}

static void give(void)
{
	unsigned int pfn = ANY(uint8_t), nr = ANY(uint8_t);
	uint32_t free = ANY(uint8_t), run;

	any_valid(free);
	ASSUME(pfn < FRAMES && nr <= FRAMES - pfn);
	run = bits_of(pfn, nr);
	ASSUME(!(free & run));
	zone_give_run(&zone, pfn, nr);
	PROVE(is_valid(free | run));
}

static void claim(void)
{
	unsigned int pfn = ANY(uint8_t), nr = ANY(uint8_t);
	uint32_t free = ANY(uint8_t), run;

	any_valid(free);
	ASSUME(pfn < FRAMES && nr <= FRAMES - pfn);
	run = bits_of(pfn, nr);
	ASSUME((free & run) == run);
	claim_free = free;
	zone_claim_run(&zone, pfn, nr);
	PROVE(is_valid(free & ~run));
}

int main(void)
{
	PROVE_PART();
	return 0;
}
