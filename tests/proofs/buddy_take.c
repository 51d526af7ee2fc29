/* SPDX-License-Identifier: BSD-2-Clause */
enum { FRAMES = 8, ORDERS = 4, ALL = (1 << FRAMES) - 1 };
#include "buddy.h"

/*
 * A block of any order taken, from every state there is of a zone of FRAMES frames: any of them
 * free, in any order on the lists. A block is found if there is one that is large enough, it was
 * free, and afterwards exactly its frames are not: blocks are apart, aligned and as large as they
 * can be, each is on the list of its order once and nothing else is, and the counts are right.
 * Bound: 8 frames, after which come others that are never free.
 */
static bool leads_to(uint32_t free, uint32_t frame, unsigned int order)
{
	return frame == NO_FRAME || (frame < FRAMES && is_largest(free, frame, order));
}

/* A frame that begins a block is on the list of its order, between those that say so as well. */
static bool is_listed(uint32_t free, uint32_t frame, unsigned int order)
{
	const struct page *page = &pages[frame];
	uint32_t next = page->next, prev = page->prev;

	return page->kind == PAGE_BUDDY && page->order == order && leads_to(free, next, order) &&
	       leads_to(free, prev, order) && (next == NO_FRAME || pages[next].prev == frame) &&
	       (prev == NO_FRAME ? zone.free_area[order].first == frame
				 : pages[prev].next == frame);
}

/* A list has its end where the count says. So with is_listed() all that are listed are on it. */
static bool list_is_valid(uint32_t free, unsigned int order)
{
	const struct free_area *area = &zone.free_area[order];
	uint32_t frame = area->first;
	unsigned int nr = 0;

	if (!leads_to(free, frame, order) || (frame != NO_FRAME && pages[frame].prev != NO_FRAME))
		return false;
	for (unsigned int i = 0; i < FRAMES; i++)
		nr += is_largest(free, i, order);
	if (area->nr_free != nr || (zone.nonempty >> order & 1) != (nr != 0))
		return false;
	for (unsigned int i = 0; i < FRAMES / 2; i++)
		if (i < nr)
			frame = frame < FRAMES ? pages[frame].next : FRAMES;
	return frame == NO_FRAME;
}

/* Whether the zone is as it must be when the frames in `free` are. */
static bool is_valid(uint32_t free)
{
	bool valid =
		zone.nonempty < 1u << ORDERS && zone.free == (uint64_t)__builtin_popcount(free);

	for (unsigned int frame = 0; frame < FRAMES; frame++) {
		bool begins = false;

		for (unsigned int order = 0; order < ORDERS; order++)
			if (is_largest(free, frame, order)) {
				begins = true;
				valid = valid && is_listed(free, frame, order);
			}
		valid = valid && (begins || pages[frame].kind != PAGE_BUDDY);
	}
	for (unsigned int order = 0; order < ORDERS; order++)
		valid = valid && list_is_valid(free, order);
	return valid;
}

static uint32_t any_state(void)
{
	uint32_t free = ANY(uint8_t) & ALL;

	zone.nonempty = ANY(uint8_t);
	zone.free = ANY(uint8_t);
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		zone.free_area[order].first = NO_FRAME;
	for (unsigned int order = 0; order < ORDERS; order++) {
		zone.free_area[order].first = ANY(uint32_t);
		zone.free_area[order].nr_free = ANY(uint8_t);
	}
	for (unsigned int frame = 0; frame < FRAMES; frame++) {
		pages[frame].next = ANY(uint32_t);
		pages[frame].prev = ANY(uint32_t);
		pages[frame].kind = ANY(uint8_t);
		pages[frame].order = ANY(uint8_t);
	}
	ASSUME(is_valid(free));
	return free;
}

int main(void)
{
	uint32_t free = any_state(), block;
	unsigned int order = ANY(uint8_t);
	uint64_t pfn = ANY(uint64_t);

	ASSUME(order <= MAX_PAGE_ORDER);
	if (!zone_take_block(&zone, order, &pfn)) {
		PROVE(is_valid(free));
		for (unsigned int frame = 0; frame < FRAMES && order < ORDERS; frame++)
			PROVE(!is_block(free, frame, order));
		return 0;
	}
	PROVE(order < ORDERS && pfn < FRAMES && is_block(free, (unsigned int)pfn, order));
	block = bits_of((unsigned int)pfn, 1u << order);
	PROVE(is_valid(free & ~block));
	return 0;
}
