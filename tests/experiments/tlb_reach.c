/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmlab.h>

/*
 * Question: what does a 2 MiB leaf save in TLB misses?
 *
 * 16 MiB are 4,096 translations by 4 KiB leaves, more than the TLB of most processors holds, and 8
 * by 2 MiB leaves. One byte of each page is read, pages in random order; it is the same frames both
 * times, so what differs is the walks.
 *
 * Answer: the difference of the two figures a read, times the reads that were misses (nearly all of
 * them at 4 KiB).
 */

enum { UNITS = 8, PAGES_PER_UNIT = 512, PAGES = UNITS * PAGES_PER_UNIT };

static void map_units(uintptr_t room, struct page *const *units, unsigned int max_level)
{
	for (unsigned int i = 0; i < UNITS; i++)
		require_equal(map_range(&kernel_space, room + i * PMD_SIZE, page_to_phys(units[i]),
					PMD_SIZE, PAGE_KERNEL, max_level),
			      0);
}

static uint64_t ticks_a_page(const char *what, uintptr_t room, const uint16_t *order)
{
	measure(what, option_u64("rounds", 200)) for (unsigned int i = 0; i < PAGES; i++) *
		(volatile char *)(room + order[i] * PAGE_SIZE);
	return measured()->median;
}

EXPERIMENT(tlb_reach, "reading through 2 MiB leaves is no slower than through 4 KiB leaves")
{
	uintptr_t small = play_room(PAGES, PMD_SIZE), large = play_room(PAGES, PMD_SIZE);
	uint16_t *order = play_memory(PAGES * sizeof(*order));
	struct page *units[UNITS];
	uint64_t by_small, by_large;

	if (no_real_tlb())
		test_skip("%s", no_real_tlb());
	for (unsigned int i = 0; i < UNITS; i++)
		units[i] = play_frames(PMD_SHIFT - PAGE_SHIFT);
	for (unsigned int i = 0; i < PAGES; i++) { /* a random permutation */
		unsigned int j = (unsigned int)draw(i + 1);

		order[i] = order[j];
		order[j] = (uint16_t)i;
	}
	map_units(small, units, LEVEL_PTE);
	map_units(large, units, LEVEL_PMD);
	by_small = ticks_a_page("4,096 reads through 4 KiB leaves", small, order);
	by_large = ticks_a_page("4,096 reads through 2 MiB leaves", large, order);
	report("saved by 2 MiB leaves", ((int64_t)by_small - (int64_t)by_large) * 1000 / PAGES,
	       "thousandths of a tick a read");
	expect(by_large <= by_small);
}
