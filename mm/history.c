/* SPDX-License-Identifier: BSD-2-Clause */
#include "history.h"
#include "area_cache.h"
#include "levels.h"

/* How well an entry answers the question: 2 starts there, 1 the address lies inside, 0 not at all.
 */
static unsigned int match(const struct freed_area *entry, uintptr_t address)
{
	if (entry->start == address)
		return 2;
	return entry->start && address > entry->start &&
	       address - entry->start < (uint64_t)entry->pages << PAGE_SHIFT;
}

/* Whether an entry of that quality is a better answer than `found`, which has `best`. */
static bool is_better(const struct freed_area *entry, unsigned int quality,
		      const struct freed_area *found, unsigned int best)
{
	if (quality != best)
		return quality > best;
	return quality > 0 && (int32_t)(entry->stamp - found->stamp) > 0;
}

/* The best entry of one CPU, the latest of equals, where it is better than what was found. */
static unsigned int search(const struct history *history, uintptr_t address, unsigned int best,
			   struct freed_area *found)
{
	uint64_t nr = history->nr < HISTORY_LENGTH ? history->nr : HISTORY_LENGTH;

	for (uint64_t i = 1; i <= nr; i++) {
		const struct freed_area *entry = &history->ring[(history->nr - i) % HISTORY_LENGTH];
		unsigned int quality = match(entry, address);

		if (is_better(entry, quality, found, best)) {
			*found = *entry;
			best = quality;
		}
	}
	return best;
}

bool history_find(uintptr_t address, struct freed_area *found)
{
	unsigned int best = 0;

	for (unsigned int i = 0; i < platform_nr_cpus(); i++) {
		struct area_cpu *cpu = area_cpus[i];

		if (!cpu || !local_lock(&cpu->lock, platform_cpu()))
			continue;
		best = search(&cpu->history, address, best, found);
		local_unlock(&cpu->lock);
	}
	return best > 0;
}
