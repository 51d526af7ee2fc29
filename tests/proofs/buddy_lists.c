/* SPDX-License-Identifier: BSD-2-Clause */
enum { FRAMES = 4 };
#include "buddy.h"

/*
 * A block put at the front of the list of its order, or taken off it where it stands. The others
 * stay in their order, links, count and bit of the list say the same, and nothing else is written:
 * no other list, no other frame. That is what buddy_run takes as given of list_block() and
 * unlist_block().
 * Bound: a list of up to 4 blocks, in any order.
 */
static uint32_t listed[FRAMES + 1]; /* the frames on the list, from its front on */
static unsigned int nr, order;

/* What stands at place `i` of the list; NO_FRAME before its front and behind its end. */
static uint32_t at(unsigned int i)
{
	return i < nr ? listed[i] : NO_FRAME;
}

static bool is_listed(uint32_t frame)
{
	bool found = false;

	for (unsigned int i = 0; i < FRAMES; i++)
		found = found || at(i) == frame;
	return found;
}

static bool is_valid(void)
{
	const struct free_area *area = &zone.free_area[order];
	bool valid = area->first == at(0) && area->nr_free == nr &&
		     (zone.nonempty >> order & 1) == (nr != 0);

	for (unsigned int i = 0; i < nr && i < FRAMES; i++) {
		const struct page *page = &pages[listed[i]];

		valid = valid && page->kind == PAGE_BUDDY && page->order == order &&
			page->next == at(i + 1) && page->prev == at(i - 1);
	}
	return valid;
}

static void any_list(void)
{
	nr = ANY(uint8_t);
	order = ANY(uint8_t);
	ASSUME(nr <= FRAMES && order <= MAX_PAGE_ORDER);
	zone = ANY(struct zone);
	for (unsigned int frame = 0; frame < FRAMES; frame++)
		pages[frame] = ANY(struct page);
	for (unsigned int i = 0; i < FRAMES; i++) {
		listed[i] = ANY(uint32_t);
		ASSUME(listed[i] < FRAMES);
		for (unsigned int j = 0; j < i; j++)
			ASSUME(i >= nr || listed[i] != listed[j]);
	}
	ASSUME(is_valid());
}

static void put(uint32_t frame)
{
	list_block(&zone, frame, order);
	for (unsigned int i = FRAMES; i > 0; i--)
		listed[i] = listed[i - 1];
	listed[0] = frame;
	nr++;
}

static void take_off(uint32_t frame)
{
	bool found = false;

	unlist_block(&zone, frame, order);
	for (unsigned int i = 0; i < FRAMES; i++) {
		found = found || listed[i] == frame;
		if (found)
			listed[i] = listed[i + 1];
	}
	nr--;
}

static bool is_same(const struct page *page, const struct page *before)
{
	return page->private == before->private && page->mapping == before->mapping &&
	       page->refcount == before->refcount && page->kind == before->kind &&
	       page->order == before->order && page->range == before->range;
}

int main(void)
{
	uint32_t frame = ANY(uint32_t), other = ANY(uint32_t), nonempty;
	unsigned int other_order = ANY(uint8_t);
	struct free_area other_area;
	struct page before;
	bool on;

	any_list();
	ASSUME(frame < FRAMES && other < FRAMES && other != frame && !is_listed(other));
	ASSUME(other_order <= MAX_PAGE_ORDER && other_order != order);
	before = pages[other];
	other_area = zone.free_area[other_order];
	nonempty = zone.nonempty;
	on = is_listed(frame);
	if (on)
		take_off(frame);
	else
		put(frame);
	PROVE(is_valid() && (pages[frame].kind == PAGE_BUDDY) != on);
	PROVE(is_same(&pages[other], &before));
	PROVE(zone.free_area[other_order].first == other_area.first);
	PROVE(zone.free_area[other_order].nr_free == other_area.nr_free);
	PROVE(!((zone.nonempty ^ nonempty) & ~(1u << order)));
	return 0;
}
