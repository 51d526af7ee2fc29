/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory_map.h"
#include <stdbool.h>
#include "console.h"
#include "firmware_map.h"
#include "levels.h"
#include "lib/format.h"

/* UEFI 7.2.3; gnu-efi 3 does not name these two. */
#define MEMORY_NV 0x8000
#define MEMORY_SP 0x40000
#define MEMORY_CACHE_TYPES (EFI_MEMORY_UC | EFI_MEMORY_WC | EFI_MEMORY_WT | EFI_MEMORY_WB)

enum {
	HALVES_MIN_PAGES = 16, /* a refused range is not halved below this */
	REFUSALS_MAX = 1000,   /* so many, and no more is tried */
	PROBE_PAGES = 1024,
	PROBES = 3,
	/*
	 * Filling 1 MiB takes 0.1 ms where memory is fast and 4 ms under QEMU's TCG; taking it back
	 * without filling takes nothing. Far from all of them, so that the answer does not waver.
	 */
	SLOW_PER_SECOND = 1000, /* MiB */
};

static struct memory_plan plan;
static struct taken_range taken[TAKEN_RANGES_MAX];
static size_t nr_taken, nr_given_back;
static unsigned int nr_refused;
static uint64_t usable_bytes;
static bool capped;

/* As far as the map can tell. */
static bool is_usable(const struct map_entry *entry)
{
	uint64_t cache_types = entry->attribute & MEMORY_CACHE_TYPES;

	return entry->type == EfiConventionalMemory &&
	       !(entry->attribute & (MEMORY_NV | MEMORY_SP)) &&
	       (!cache_types || cache_types & EFI_MEMORY_WB);
}

static void plan_all(void)
{
	for (size_t i = 0; i < firmware_map_nr(); i++) {
		struct map_entry entry = firmware_map_entry(i);

		if (is_usable(&entry))
			memory_plan_add(&plan, entry.start, entry.end, (uint32_t)i);
	}
	usable_bytes = memory_plan_bytes(&plan);
	memory_plan_reserve(&plan);
}

/* Whether FreePages takes as long as filling would; the shortest of a few, past the first touch. */
static bool freeing_is_slow(void)
{
	uint64_t shortest = ~(uint64_t)0;
	uint64_t slow = PROBE_PAGES / 256 * platform_ticks_per_second() / SLOW_PER_SECOND;

	for (int i = 0; i < PROBES; i++) {
		void *pages = firmware_pages(PROBE_PAGES);
		uint64_t start = platform_ticks(), ticks;

		if (!pages)
			return false;
		firmware_free_pages(pages, PROBE_PAGES);
		ticks = platform_ticks() - start;
		shortest = ticks < shortest ? ticks : shortest;
	}
	return shortest > slow;
}

static void record(uint64_t start, uint64_t end, uint32_t descriptor)
{
	size_t i = nr_taken++;

	for (; i > 0 && taken[i - 1].start > start; i--)
		taken[i] = taken[i - 1];
	taken[i] = (struct taken_range){start, end, descriptor};
}

/* Takes [start, end); where the firmware refuses, the halves are tried. */
static void take_range(uint64_t start, uint64_t end, uint32_t descriptor)
{
	uint64_t pages = (end - start) >> PAGE_SHIFT, middle = start + ((pages / 2) << PAGE_SHIFT);
	EFI_PHYSICAL_ADDRESS address = start;

	if (nr_taken == TAKEN_RANGES_MAX || nr_refused == REFUSALS_MAX)
		return;
	if (!EFI_ERROR(efi_call(firmware.boot, AllocatePages, AllocateAddress, EfiLoaderData, pages,
				&address))) {
		record(start, end, descriptor);
		return;
	}
	nr_refused++;
	if (pages < 2 * HALVES_MIN_PAGES)
		return;
	take_range(start, middle, descriptor);
	take_range(middle, end, descriptor);
}

EFI_STATUS memory_take(uint64_t limit)
{
	plan_all();
	capped = !limit && memory_plan_bytes(&plan) > MEMORY_SLOW_FREE_BYTES && freeing_is_slow();
	if (limit || capped)
		memory_plan_limit(&plan, limit ? limit : MEMORY_SLOW_FREE_BYTES);
	for (size_t i = 0; i < plan.nr; i++)
		take_range(plan.parts[i].start, plan.parts[i].end, plan.parts[i].descriptor);
	if (memory_taken_bytes() >> PAGE_SHIFT >= MEMORY_FRAMES_MIN)
		return EFI_SUCCESS;
	log_note("too little memory: %llu page frames can be had%s, %u are needed",
		 (unsigned long long)(memory_taken_bytes() >> PAGE_SHIFT),
		 limit ? " within mem=" : "", MEMORY_FRAMES_MIN);
	return EFI_OUT_OF_RESOURCES;
}

const struct taken_range *memory_taken(size_t *nr)
{
	*nr = nr_taken;
	return taken;
}

uint64_t memory_taken_bytes(void)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < nr_taken; i++)
		bytes += taken[i].end - taken[i].start;
	return bytes;
}

void memory_log(void)
{
	uint64_t bytes = memory_taken_bytes();

	for (size_t i = 0; i < nr_taken; i++)
		log_note("taken 0x%09llx-0x%09llx %8llu KiB, descriptor %u",
			 (unsigned long long)taken[i].start, (unsigned long long)taken[i].end,
			 (unsigned long long)(taken[i].end - taken[i].start) >> 10,
			 taken[i].descriptor);
	log_note("memory: %llu KiB taken (%llu frames in %zu ranges), %llu KiB left",
		 (unsigned long long)bytes >> 10, (unsigned long long)bytes >> PAGE_SHIFT, nr_taken,
		 (unsigned long long)(usable_bytes - bytes) >> 10);
	if (capped)
		log_note("memory: this firmware is slow in taking memory back; mem= takes more");
	if (nr_refused || plan.left_out)
		log_note("memory: %u requests refused by the firmware, %u ranges beyond our table",
			 nr_refused, plan.left_out);
}

const char *memory_give_back(void)
{
	static char problem[128];

	for (; nr_given_back < nr_taken; nr_given_back++) {
		const struct taken_range *range = &taken[nr_given_back];
		EFI_STATUS status = efi_call(firmware.boot, FreePages, range->start,
					     (range->end - range->start) >> PAGE_SHIFT);

		if (EFI_ERROR(status) && !problem[0])
			scnprintf(problem, sizeof(problem), "FreePages of 0x%llx says %s",
				  (unsigned long long)range->start, firmware_status_name(status));
	}
	return problem[0] ? problem : NULL;
}
