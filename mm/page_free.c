/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault.h"
#include "frames.h"
#include "lib/format.h"

/*
 * Frames coming back: references given up and words marked; frames_give.c does the rest. The common
 * case, a run whose frames have one reference each and one allocation behind them, is checked and
 * marked two frames at a time; whatever differs is looked at frame by frame.
 */

#define CALLER ((uintptr_t)__builtin_return_address(0))

uint64_t frames_refused;

static const char *typed_text(const struct page *page)
{
	switch (page_kind(page)) {
	case PAGE_HEAD:
	case PAGE_TAIL:
		return "is part of a compound block";
	case PAGE_SLAB:
		return "is part of a slab";
	case PAGE_TABLE:
		return "is a page table";
	default:
		return "was had by kmalloc()";
	}
}

static void refuse(uint64_t pfn, uintptr_t caller)
{
	frame_word_t word = pfn_valid(pfn) ? frame_words[pfn] : FRAME_FOREIGN;
	char now[64], before[64];

	frames_count(&frames_refused);
	symbol_format(caller, now, sizeof(now));
	if (word & FRAME_FOREIGN) {
		log_line("page_alloc: %s frees frame %#llx, which is not ours: refused", now,
			 (unsigned long long)pfn);
		return;
	}
	frame_owner_format(word, before, sizeof(before));
	if (!(word & FRAME_ALLOCATED))
		log_line("page_alloc: %s frees frame %#llx, which is free already (freed by %s): "
			 "refused",
			 now, (unsigned long long)pfn, before);
	else
		log_line("page_alloc: %s frees frame %#llx, which %s (%s): refused", now,
			 (unsigned long long)pfn, typed_text(pfn_to_page(pfn)), before);
}

enum outcome { FREED, STILL_USED, REFUSED };

/* Gives up one reference to one frame. */
static enum outcome release_one(uint64_t pfn, frame_word_t freed)
{
	struct page *page = pfn_to_page(pfn);
	frame_word_t word = frame_word(pfn);

	if (!(word & FRAME_ALLOCATED) || word & (FRAME_TYPED | FRAME_FOREIGN))
		return REFUSED;
	if (word & FRAME_COUNTED) {
		if (__atomic_sub_fetch(&page->refcount, 1, __ATOMIC_ACQ_REL) > 0)
			return STILL_USED;
		page->refcount = 1;
	}
	frame_words[pfn] = freed;
	return FREED;
}

static void give_released(uint64_t pfn, uint64_t nr)
{
	if (nr == 0)
		return;
	if (mm_slow_reasons)
		frames_debug_free(pfn, nr);
	frames_give(pfn, nr);
}

/* One line for all frames that are refused. */
bool frames_free_rest(uint64_t pfn, uint64_t nr, uint64_t done, uintptr_t caller)
{
	frame_word_t freed = FRAME_EVER | frame_owner_encode(caller);
	uint64_t first = pfn, end = pfn + nr;
	bool refused = false;

	for (pfn += done; pfn < end; pfn++) {
		enum outcome outcome = release_one(pfn, freed);

		if (outcome == FREED)
			continue;
		give_released(first, pfn - first);
		first = pfn + 1;
		if (outcome == REFUSED && !refused) {
			refused = true;
			refuse(pfn, caller);
		}
	}
	give_released(first, end - first);
	return !refused;
}

bool frames_free_run(uint64_t pfn, size_t nr, uintptr_t caller)
{
	uint64_t done = 0;

	if (unlikely(nr == 0))
		return true;
	if (unlikely(mm_slow_reasons & SLOW_NOT_STARTED))
		return false;
	if (likely(!mm_slow_reasons))
		done = frames_release(pfn, nr, caller);
	if (unlikely(done != nr))
		return frames_free_rest(pfn, nr, done, caller);
	frames_give(pfn, nr);
	return true;
}

bool free_frame_run(uint64_t pfn, size_t nr, uintptr_t caller)
{
	return frames_free(pfn, nr, caller);
}

void frames_free_named(uint64_t pfn, uint64_t nr, uintptr_t caller)
{
	uint64_t known;

	if (mm_slow_reasons & SLOW_NOT_STARTED)
		return;
	known = frames_with_words(pfn, nr);
	if (known == nr)
		free_frame_run(pfn, nr, caller);
	else
		refuse(pfn + known, caller);
}

void frames_set_typed(uint64_t pfn, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++)
		frame_words[pfn + i] |= FRAME_TYPED;
}

/* Whatever references there were to them. */
void frames_clear_typed(uint64_t pfn, uint64_t nr)
{
	for (uint64_t i = pfn; i < pfn + nr; i++) {
		if (unlikely(frame_words[i] & FRAME_COUNTED))
			pfn_to_page(i)->refcount = 1;
		frame_words[i] &= ~(FRAME_TYPED | FRAME_COUNTED);
	}
}

/* Gives up one reference to a compound block. */
static void put_compound(struct page *head, uintptr_t caller)
{
	uint64_t pfn = page_to_pfn(head), nr = (uint64_t)1 << head->order;

	if (frame_word(pfn) & FRAME_COUNTED &&
	    __atomic_sub_fetch(&head->refcount, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (uint64_t i = 0; i < nr; i++) {
		head[i].head = NULL;
		page_set_kind(&head[i], PAGE_PLAIN);
	}
	frames_clear_typed(pfn, nr);
	free_frame_run(pfn, nr, caller);
}

static void free_block(struct page *page, unsigned int order, uintptr_t caller)
{
	uint64_t pfn = page_to_pfn(page), nr = (uint64_t)1 << order;

	if (!page_valid(page) || order > MAX_PAGE_ORDER || !pfn_valid(pfn + nr - 1) ||
	    !(frame_words[pfn] & FRAME_ALLOCATED))
		refuse(page_valid(page) ? pfn : UINT64_MAX, caller);
	else if (page_kind(page) == PAGE_HEAD && page->order == order)
		put_compound(page, caller);
	else
		free_frame_run(pfn, nr, caller);
}

void __free_pages(struct page *page, unsigned int order)
{
	free_block(page, order, CALLER);
}

void __free_page(struct page *page)
{
	free_block(page, 0, CALLER);
}

void free_pages(unsigned long address, unsigned int order)
{
	if (address != 0)
		free_block(virt_to_page((const void *)(uintptr_t)address), order, CALLER);
}

void free_page(unsigned long address)
{
	if (address != 0)
		free_block(virt_to_page((const void *)(uintptr_t)address), 0, CALLER);
}

void free_pages_bulk(unsigned long nr, struct page **pages)
{
	unsigned long i = 0;

	while (i < nr) {
		struct page *first = pages[i++];
		uint64_t run = 1;

		if (!first)
			continue;
		if (!page_valid(first) || page_kind(first) == PAGE_HEAD) {
			free_block(first, page_valid(first) ? first->order : 0, CALLER);
			continue;
		}
		while (i < nr && pages[i] == first + run && page_valid(pages[i]))
			run++, i++;
		free_frame_run(page_to_pfn(first), run, CALLER);
	}
}

void get_page(struct page *page)
{
	struct page *head = page_valid(page) ? compound_head(page) : NULL;

	if (!head || !(frame_word(page_to_pfn(head)) & FRAME_ALLOCATED)) {
		log_line("page_alloc: get_page() of %p, which is free or not ours: refused",
			 (void *)page);
		return;
	}
	__atomic_add_fetch(&head->refcount, 1, __ATOMIC_RELAXED);
	if (!(frame_word(page_to_pfn(head)) & FRAME_COUNTED))
		__atomic_fetch_or(&frame_words[page_to_pfn(head)], FRAME_COUNTED, __ATOMIC_RELAXED);
}

void put_page(struct page *page)
{
	struct page *head = page_valid(page) ? compound_head(page) : page;

	free_block(head, page_valid(head) && page_kind(head) == PAGE_HEAD ? head->order : 0,
		   CALLER);
}

void split_page(struct page *page, unsigned int order)
{
	uint64_t pfn = page_to_pfn(page);

	if (!page_valid(page) || order > MAX_PAGE_ORDER ||
	    (frame_words[pfn] & (FRAME_ALLOCATED | FRAME_TYPED)) != FRAME_ALLOCATED)
		log_line("page_alloc: split_page() of %p, which is no block of frames: refused",
			 (void *)page);
}
