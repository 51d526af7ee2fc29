/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory_proof.h"
#include "console.h"
#include "firmware_map.h"
#include "levels.h"
#include "lib/format.h"
#include "map_spans.h"
#include "memory_map.h"

enum { SPANS_MAX = 1024 };

static struct map_span spans_before[SPANS_MAX], spans_after[SPANS_MAX];
static struct map_spans before = {.spans = spans_before, .max = SPANS_MAX};
static struct map_spans after = {.spans = spans_after, .max = SPANS_MAX};
static char problem[160];

static void fill(struct map_spans *map)
{
	for (size_t i = 0; i < firmware_map_nr(); i++) {
		struct map_entry entry = firmware_map_entry(i);

		map_spans_add(map, entry.start, entry.end, entry.type);
	}
}

void memory_proof_begin(void)
{
	fill(&before);
}

const char *memory_proof_cleared(const struct phys_range *ranges, size_t nr, uint64_t left_out)
{
	static char problem_clearing[160];
	uint64_t pages = 0, dirty = 0, first = 0;

	for (size_t i = 0; i < nr; i++)
		for (uint64_t page = ranges[i].start; page < ranges[i].end; page += PAGE_SIZE) {
			pages++;
			if (memory_is_clear(page))
				continue;
			first = dirty++ ? first : page;
		}
	log_note("%llu frames looked at, whether they are clear, in %zu runs",
		 (unsigned long long)pages, nr);
	if (!dirty && !left_out)
		return NULL;
	scnprintf(problem_clearing, sizeof(problem_clearing),
		  "%llu of %llu frames are not clear, the first at "
		  "0x%llx; %llu were not looked at",
		  (unsigned long long)dirty, (unsigned long long)pages, (unsigned long long)first,
		  (unsigned long long)left_out);
	return problem_clearing;
}

/* Pages of ours that the firmware has put to its own use since they were freed. */
static uint64_t pages_reused(void)
{
	struct map_difference difference;
	uint64_t reused = 0;
	size_t nr;
	const struct taken_range *ranges = memory_taken(&nr);

	for (size_t i = 0; i < nr; i++) {
		map_spans_compare(&before, &after, ranges[i].start, ranges[i].end, &difference);
		reused += difference.taken;
	}
	return reused;
}

static const char *type_name(uint32_t type)
{
	return type == MAP_NO_TYPE ? "not in the map" : map_type_name(type);
}

static void log_difference(const struct map_difference *difference)
{
	if (!difference->taken && !difference->returned && !difference->changed)
		log_note("firmware map after: equal in each of %zu spans", after.nr);
	else
		log_note("firmware map after: the firmware took %llu pages (%llu that were ours), "
			 "returned %llu, changed %llu",
			 (unsigned long long)difference->taken, (unsigned long long)pages_reused(),
			 (unsigned long long)difference->returned,
			 (unsigned long long)difference->changed);
}

const char *memory_proof_end(void)
{
	struct map_difference difference;
	EFI_STATUS status;

	if (!before.nr)
		return NULL;
	status = firmware_map_read();
	if (EFI_ERROR(status)) {
		scnprintf(problem, sizeof(problem), "the firmware's map cannot be read again: %s",
			  firmware_status_name(status));
		return problem;
	}
	fill(&after);
	if (before.overflowed || after.overflowed)
		return "the firmware's map has too many spans to be compared";
	map_spans_compare(&before, &after, 0, ~(uint64_t)0 & PAGE_MASK, &difference);
	if (!difference.wrong) {
		log_difference(&difference);
		return NULL;
	}
	scnprintf(problem, sizeof(problem), "%llu pages changed, the first at 0x%llx from %s to %s",
		  (unsigned long long)difference.wrong, (unsigned long long)difference.first_wrong,
		  type_name(difference.wrong_before), type_name(difference.wrong_after));
	return problem;
}

static bool is_ours(uintptr_t address)
{
	size_t nr;
	const struct taken_range *ranges = memory_taken(&nr);

	for (size_t i = 0; i < nr; i++)
		if (address >= ranges[i].start && address < ranges[i].end)
			return true;
	return false;
}

bool memory_proof_describe(uintptr_t address, char *buffer, size_t size)
{
	const struct map_span *span = map_spans_find(&before, address);

	if (!span)
		return false;
	if (is_ours(address))
		scnprintf(buffer, size, "physical address of a frame of ours, not mapped here");
	else
		scnprintf(buffer, size, "firmware memory, type %s", map_type_name(span->type));
	return true;
}
