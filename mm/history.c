/* SPDX-License-Identifier: BSD-2-Clause */
#include "history.h"
#include "area_cache.h"
#include "levels.h"

static bool holds(const struct freed_area *entry, uintptr_t address)
{
	return address >= entry->start && address - entry->start < (uint64_t)entry->pages
									   << PAGE_SHIFT;
}

/* The latest entry of one CPU with the address, where it is later than what was found. */
static bool search(const struct history *history, uintptr_t address, bool any,
		   struct freed_area *found)
{
	uint64_t nr = history->nr < HISTORY_LENGTH ? history->nr : HISTORY_LENGTH;

	for (uint64_t i = 1; i <= nr; i++) {
		const struct freed_area *entry = &history->ring[(history->nr - i) % HISTORY_LENGTH];

		if (!holds(entry, address))
			continue;
		if (!any || (int32_t)(entry->stamp - found->stamp) > 0)
			*found = *entry;
		return true;
	}
	return any;
}

bool history_find(uintptr_t address, struct freed_area *found)
{
	bool any = false;

	for (unsigned int i = 0; i < platform_nr_cpus(); i++) {
		struct area_cpu *cpu = area_cpus[i];

		if (!area_cpu_lock(cpu, platform_cpu()))
			continue;
		any = search(&cpu->history, address, any, found);
		area_cpu_unlock(cpu);
	}
	return any;
}
