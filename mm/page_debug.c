/* SPDX-License-Identifier: BSD-2-Clause */
#include "frames.h"
#include "lib/format.h"
#include "map.h"
#include "tlb.h"
#include "walk.h"

/*
 * Looking for use after free. Under `poison` freed frames are filled, and looked at before they are
 * handed out again; a frame that was never handed out is not touched. Under debug=pagealloc they
 * are not even present in the direct map, which then consists of 4 KiB leaves from the start.
 */

#define POISON_WORD ((uint64_t)0xaaaaaaaaaaaaaaaa)
enum { POISON_WORDS = 4096 / sizeof(uint64_t) };

static uint64_t poison_broken;

uint64_t frames_poison_broken(void)
{
	return __atomic_load_n(&poison_broken, __ATOMIC_RELAXED);
}

static void fill(uint64_t pfn)
{
	uint64_t *words = pfn_to_kaddr(pfn);

	for (size_t i = 0; i < POISON_WORDS; i++)
		words[i] = POISON_WORD;
}

static void look_at(uint64_t pfn)
{
	const uint64_t *words = pfn_to_kaddr(pfn);
	char who[64];
	size_t i = 0;

	while (i < POISON_WORDS && words[i] == POISON_WORD)
		i++;
	if (i == POISON_WORDS)
		return;
	__atomic_fetch_add(&poison_broken, 1, __ATOMIC_RELAXED);
	frame_owner_format(frame_words[pfn], who, sizeof(who));
	log_line("page_alloc: frame %#llx was written at offset %#zx while it was free (%#llx; "
		 "freed by "
		 "%s)",
		 (unsigned long long)pfn, i * sizeof(uint64_t), (unsigned long long)words[i], who);
}

static bool is_present(uint64_t pfn)
{
	uintptr_t address = (uintptr_t)pfn_to_kaddr(pfn);
	unsigned int level;

	return entry_present(walk_entry(&kernel_space, address, &level));
}

static void make_present(uint64_t pfn)
{
	uintptr_t address = (uintptr_t)pfn_to_kaddr(pfn);

	/* unreached: tables that had the frame's leaf are there still */
	if (!is_present(pfn) &&
	    map_range(&kernel_space, address, pfn << PAGE_SHIFT, PAGE_SIZE, PAGE_KERNEL, LEVEL_PTE))
		log_line("page_alloc: frame %#llx cannot be mapped again", (unsigned long long)pfn);
}

static void make_absent(uint64_t pfn, uint64_t nr)
{
	uintptr_t address = (uintptr_t)pfn_to_kaddr(pfn);

	if (unmap_range(&kernel_space, address, nr << PAGE_SHIFT) > 0)
		tlb_flush_range(address, address + (nr << PAGE_SHIFT));
}

void frames_debug_alloc(uint64_t pfn, uint64_t nr)
{
	for (uint64_t i = pfn; i < pfn + nr; i++) {
		if (mm_slow_reasons & SLOW_UNMAP)
			make_present(i);
		if (mm_slow_reasons & SLOW_POISON && frame_words[i] & FRAME_EVER)
			look_at(i);
	}
}

void frames_debug_free(uint64_t pfn, uint64_t nr)
{
	if (mm_slow_reasons & SLOW_POISON)
		for (uint64_t i = pfn; i < pfn + nr; i++)
			fill(i);
	if (mm_slow_reasons & SLOW_UNMAP)
		make_absent(pfn, nr);
}

/* Free frames, some of which debug=pagealloc may have made absent. */
static void fill_run(uint64_t pfn, uint64_t nr)
{
	for (uint64_t i = pfn; i < pfn + nr; i++) {
		bool absent = !is_present(i);

		make_present(i);
		fill(i);
		if (absent)
			make_absent(i, 1);
	}
}

static void make_run_present(uint64_t pfn, uint64_t nr)
{
	for (uint64_t i = pfn; i < pfn + nr; i++)
		make_present(i);
}

void page_alloc_set_debug(const struct page_alloc_options *options)
{
	uint32_t before = mm_slow_reasons, after = before & ~(uint32_t)(SLOW_POISON | SLOW_UNMAP);

	drain_all_pages();
	if (options->poison)
		after |= SLOW_POISON;
	if (options->debug_pagealloc)
		after |= SLOW_UNMAP;
	if (before & ~after & SLOW_UNMAP)
		frames_visit(FRAME_EVER, make_run_present);
	if (after & ~before & SLOW_POISON)
		frames_visit(FRAME_EVER, fill_run);
	mm_slow_begin(after & ~before);
	mm_slow_end(before & ~after);
}
