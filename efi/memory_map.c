/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory_map.h"
#include "console.h"
#include "firmware_map.h"
#include "instructions.h"
#include "levels.h"
#include "lib/format.h"
#include "lib/string.h"
#include "nodes.h"

/* UEFI 7.2.3; gnu-efi 3 does not name these two. */
#define MEMORY_NV 0x8000
#define MEMORY_SP 0x40000
#define MEMORY_CACHE_TYPES (EFI_MEMORY_UC | EFI_MEMORY_WC | EFI_MEMORY_WT | EFI_MEMORY_WB)

#define STACK_MARGIN ((uint64_t)1 << 20)

enum {
	HALVES_MIN_PAGES = 16, /* a refused range is not halved below this */
	REFUSALS_MAX = 1000,   /* so many, and no more is tried */
};

static struct memory_plan plan;
static struct taken_range taken[TAKEN_RANGES_MAX];
static size_t nr_taken, nr_given_back;
static unsigned int nr_refused;
static uint64_t usable_bytes, asked_bytes; /* by the map; and without what the firmware keeps */
static bool limited_by_option;

/* As far as the map can tell. */
static bool is_usable(const struct map_entry *entry)
{
	uint64_t cache_types = entry->attribute & MEMORY_CACHE_TYPES;

	return entry->type == EfiConventionalMemory &&
	       !(entry->attribute & (MEMORY_NV | MEMORY_SP)) &&
	       (!cache_types || cache_types & EFI_MEMORY_WB);
}

/*
 * What the firmware stands on just now, whatever its map says of it. Seen: U-Boot 2023.01 for
 * qemu-x86_64 calls us on a stack at 0x10d000, in memory that its map calls conventional, with its
 * global data beside it.
 */
static void exclude_what_is_in_use(void)
{
	uint64_t stack = (uintptr_t)__builtin_frame_address(0);
	struct table_register gdt = read_gdtr(), idt = read_idtr();
	uint64_t root = read_cr3() & PAGE_MASK;

	memory_plan_exclude(&plan, stack < STACK_MARGIN ? 0 : stack - STACK_MARGIN,
			    stack + STACK_MARGIN);
	memory_plan_exclude(&plan, gdt.base, gdt.base + gdt.limit + 1);
	memory_plan_exclude(&plan, idt.base, idt.base + idt.limit + 1);
	memory_plan_exclude(&plan, root, root + PAGE_SIZE);
}

/* Each node's part apart, so that something of every node is taken where not all is. */
static void plan_range(uint64_t start, uint64_t end, uint32_t descriptor)
{
	uint64_t node_end;

	for (; start < end; start = node_end) {
		srat_node_of(nodes_table(), start, end, &node_end);
		memory_plan_add(&plan, start, node_end, descriptor);
	}
}

static void plan_all(void)
{
	for (size_t i = 0; i < firmware_map_nr(); i++) {
		struct map_entry entry = firmware_map_entry(i);

		if (is_usable(&entry))
			plan_range(entry.start, entry.end, (uint32_t)i);
	}
	usable_bytes = memory_plan_bytes(&plan);
	exclude_what_is_in_use();
	memory_plan_reserve(&plan);
	asked_bytes = memory_plan_bytes(&plan);
}

/* Whether FreePages writes to what it gets: a page is marked, freed, taken again, looked at. */
static bool firmware_fills(void)
{
	static const char mark[] = "a page of vmlab's, given back";
	char *page = firmware_pages(1);
	EFI_PHYSICAL_ADDRESS address = (uintptr_t)page;
	bool fills;

	if (!page)
		return false;
	memcpy(page, mark, sizeof(mark));
	firmware_free_pages(page, 1);
	if (EFI_ERROR(efi_call(firmware.boot, AllocatePages, AllocateAddress, EfiLoaderData, 1,
			       &address)))
		return false;
	fills = memcmp(page, mark, sizeof(mark)) != 0;
	firmware_free_pages(page, 1);
	return fills;
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
	nodes_read();
	plan_all();
	limited_by_option = limit != 0;
	if (!limit)
		limit = firmware_fills() ? MEMORY_FILLED_BYTES : MEMORY_ALL;
	if (limit < asked_bytes)
		memory_plan_limit(&plan, limit);
	for (size_t i = 0; i < plan.nr; i++)
		take_range(plan.parts[i].start, plan.parts[i].end, plan.parts[i].descriptor);
	if (memory_taken_bytes() >> PAGE_SHIFT >= MEMORY_FRAMES_MIN)
		return EFI_SUCCESS;
	log_note("too little memory: %llu page frames can be had%s, %u are needed",
		 (unsigned long long)(memory_taken_bytes() >> PAGE_SHIFT),
		 limited_by_option ? " within mem=" : "", MEMORY_FRAMES_MIN);
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

static void log_left(const char *why, uint64_t bytes)
{
	if (bytes)
		log_note("memory: %llu KiB left %s", (unsigned long long)bytes >> 10, why);
}

void memory_log(void)
{
	uint64_t bytes = memory_taken_bytes(), planned = memory_plan_bytes(&plan);

	for (size_t i = 0; i < nr_taken; i++)
		log_note("taken 0x%09llx-0x%09llx %8llu KiB, descriptor %u",
			 (unsigned long long)taken[i].start, (unsigned long long)taken[i].end,
			 (unsigned long long)(taken[i].end - taken[i].start) >> 10,
			 taken[i].descriptor);
	log_note("memory: %llu KiB taken (%llu frames in %zu ranges), %llu KiB left",
		 (unsigned long long)bytes >> 10, (unsigned long long)bytes >> PAGE_SHIFT, nr_taken,
		 (unsigned long long)(usable_bytes - bytes) >> 10);
	log_left("for the firmware to work with", usable_bytes - asked_bytes);
	log_left(limited_by_option ? "by mem="
				   : "since this firmware fills all that it gets back, which is "
				     "slow; mem=all takes it",
		 asked_bytes - planned);
	log_left("since the firmware refused it", planned - bytes);
	if (plan.left_out)
		log_note("memory: %u ranges more than our table has room for", plan.left_out);
}

bool memory_is_clear(uint64_t address)
{
	const uint64_t *word = (const uint64_t *)address, *end = word + PAGE_SIZE / sizeof(*word);
	uint64_t bits = 0;

	while (word < end)
		bits |= *word++;
	return !bits;
}

void memory_clear(void)
{
	for (size_t i = 0; i < nr_taken; i++)
		for (uint64_t page = taken[i].start; page < taken[i].end; page += PAGE_SIZE)
			if (!memory_is_clear(page))
				memset((void *)page, 0, PAGE_SIZE);
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
