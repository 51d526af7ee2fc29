/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"

/* Giving frames back, their references, and what was a block. */

/* Ways to free: all frames of the slot, at once or one by one. */
enum way { BLOCK, SINGLE, BULK, BY_ADDRESS, SINGLE_ADDRESS, PUT, RANGE, EXACT };

static void free_all(enum way way, uintptr_t start, size_t nr, unsigned int order)
{
	struct page *page = virt_to_page((void *)start);

	if (way == RANGE)
		free_contig_range(page_to_pfn(page), nr);
	else if (way == EXACT)
		free_pages_exact((void *)start, nr * PAGE_SIZE - 7);
	else if (way == BLOCK && order != NO_ORDER)
		__free_pages(page, order);
	else if (way == BY_ADDRESS && order != NO_ORDER)
		free_pages(start, order);
	else
		for (size_t i = 0; i < nr; i++)
			switch (way) {
			case BLOCK:
				__free_pages(page + i, 0);
				break;
			case SINGLE:
				__free_page(page + i);
				break;
			case BULK:
				free_pages_bulk(1, (struct page *[]){page + i});
				break;
			case BY_ADDRESS:
				free_pages(start + i * PAGE_SIZE, 0);
				break;
			case SINGLE_ADDRESS:
				free_page(start + i * PAGE_SIZE);
				break;
			default:
				put_page(page + i);
			}
}

/* Where other CPUs run, what was just freed may be theirs. */
static unsigned int refusable(void)
{
	return driver.together ? 0 : MAY(REFUSED);
}

/* The frame is free, since its owner has given it back, or was never ours. */
static uintptr_t not_held(struct held *slot)
{
	uintptr_t start = slot->start;
	size_t nr = slot->nr_pages;

	contents_verify(slot);
	protection_undo(slot);
	model_remove(slot);
	free_all(SINGLE, start, nr, NO_ORDER);
	return start;
}

static void let_go(const char *name, enum way way)
{
	enum outcome aim = pick_outcome(MAY(DONE) | refusable());
	struct held *slot = slot_of_kind(FRAMES);
	uintptr_t start;
	size_t nr;

	if (!slot || slot->more)
		return;
	saying("%s(%u)%s", name, slot_number(slot), aim == REFUSED ? ", free already" : "");
	if (aim == REFUSED) {
		start = not_held(slot);
		hush();
		free_all(way, start, 1, NO_ORDER);
		holds(unhush() > 0);
		same(page_count(virt_to_page((void *)start)), 0);
	} else {
		start = slot->start;
		nr = slot->nr_pages;
		contents_verify(slot);
		protection_undo(slot);
		model_remove(slot);
		free_all(way, start, nr, slot->order);
		for (size_t i = 0; !driver.together && i < nr; i++)
			same(page_count(virt_to_page((void *)start) + i), 0);
	}
	came(aim);
}

#define FREEING(function, way)                                                                     \
	static void step_##function(void)                                                          \
	{                                                                                          \
		let_go(#function, way);                                                            \
	}
FREEING(__free_pages, BLOCK)
FREEING(__free_page, SINGLE)
FREEING(free_pages_bulk, BULK)
FREEING(free_pages, BY_ADDRESS)
FREEING(free_page, SINGLE_ADDRESS)
FREEING(free_contig_range, RANGE)
FREEING(free_pages_exact, EXACT)

/* A further reference to every frame of the slot, or to none: what get_page() gives. */
static void step_get_page(void)
{
	enum outcome aim = pick_outcome(MAY(DONE) | refusable());
	struct held *slot = slot_of_kind(FRAMES);
	struct page *page;

	if (!slot)
		return;
	page = virt_to_page((void *)slot->start);
	saying("get_page(%u)", slot_number(slot));
	hush();
	if (aim == REFUSED) {
		if (slot->more)
			aim = DONE;
		else
			not_held(slot);
	}
	if (aim == REFUSED) {
		get_page(page);
	} else {
		for (size_t i = 0; i < slot->nr_pages; i++)
			get_page(page + i);
		slot->more++;
		same(page_count(page), 1 + slot->more);
	}
	same(unhush() > 0, aim == REFUSED);
	came(aim);
}

static void step_put_page(void)
{
	struct held *slot = slot_of_kind(FRAMES);
	struct page *page;

	if (!slot || !slot->more) {
		let_go("put_page", PUT);
		return;
	}
	page = virt_to_page((void *)slot->start);
	saying("put_page(%u), which has more", slot_number(slot));
	for (size_t i = 0; i < slot->nr_pages; i++)
		put_page(page + i);
	slot->more--;
	same(page_count(page), 1 + slot->more);
	contents_verify(slot);
	came(DONE);
}

static void step_split_page(void)
{
	enum outcome aim = pick_outcome(MAY(DONE) | refusable());
	struct held *slot = slot_of_kind(FRAMES);

	if (!slot || slot->more)
		return;
	saying("split_page(%u)%s", slot_number(slot), aim == REFUSED ? ", which is free" : "");
	hush();
	if (aim == REFUSED) {
		split_page(virt_to_page((void *)not_held(slot)), 0);
	} else {
		split_page(virt_to_page((void *)slot->start),
			   slot->order == NO_ORDER ? 0 : slot->order);
		slot->order = NO_ORDER;
		contents_verify(slot);
	}
	same(unhush() > 0, aim == REFUSED);
	came(aim);
}

void release_frames(struct held *slot)
{
	struct page *page = virt_to_page((void *)slot->start);

	for (unsigned int more = 0; more < slot->more; more++)
		for (size_t i = 0; i < slot->nr_pages; i++)
			put_page(page + i);
	free_all(BLOCK, slot->start, slot->nr_pages, slot->order);
}

#define GIVEN(function) CALLS_NAMED(function, MAY(DONE) | MAY(REFUSED))
static const struct call calls[] = {
	GIVEN(__free_pages), GIVEN(__free_page),       GIVEN(free_pages_bulk),	GIVEN(free_pages),
	GIVEN(free_page),    GIVEN(free_contig_range), GIVEN(free_pages_exact), GIVEN(get_page),
	GIVEN(put_page),     GIVEN(split_page),
};
CALL_TABLE(put_table, calls);
