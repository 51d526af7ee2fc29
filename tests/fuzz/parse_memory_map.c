/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "levels.h"
#include "map_spans.h"
#include "memory_plan.h"
#include "parse.h"

/*
 * A memory map in any state: unsorted, overlapping, empty entries, all of it or nothing usable. The
 * first bytes are a limit and what is in use; then 10 bytes an entry: type, first page and number
 * of pages. tests/host/firmware_suite.c has the maps as bytes, with descriptors of any size.
 */
enum { HEAD_BYTES = 10, ENTRY_BYTES = 10, SPANS_MAX = 64, CONVENTIONAL = 7 };

static uint64_t number(const uint8_t *bytes, unsigned int nr)
{
	uint64_t value = 0;

	while (nr-- > 0)
		value = value << 8 | bytes[nr];
	return value;
}

static void check_plan(const struct memory_plan *plan)
{
	uint64_t bytes = 0;

	MUST(plan->nr <= MEMORY_PARTS_MAX);
	for (size_t i = 0; i < plan->nr; i++) {
		const struct memory_part *part = &plan->parts[i];

		MUST(part->start <= part->end && part->start >= 1 << 20);
		MUST(!((part->start | part->end) & (PAGE_SIZE - 1)));
		MUST(!i || plan->parts[i - 1].start <= part->start);
		bytes += part->end - part->start;
	}
	MUST(bytes == memory_plan_bytes(plan));
}

static void check_excluded(const struct memory_plan *plan, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < plan->nr && start < end; i++)
		MUST(plan->parts[i].end <= start || plan->parts[i].start >= end);
}

static void plan_with(struct memory_plan *plan, const uint8_t *head)
{
	uint64_t start = number(head, 4) << PAGE_SHIFT;
	uint64_t end = start + (number(head + 4, 2) << PAGE_SHIFT), before, limit;

	check_plan(plan);
	if (!plan->left_out && plan->nr < MEMORY_PARTS_MAX) {
		memory_plan_exclude(plan, start, end);
		check_excluded(plan, start, end);
	}
	before = memory_plan_bytes(plan);
	memory_plan_reserve(plan);
	check_plan(plan);
	MUST(memory_plan_bytes(plan) <= before);
	limit = number(head + 6, 4) << PAGE_SHIFT;
	memory_plan_limit(plan, limit);
	check_plan(plan);
	MUST(memory_plan_bytes(plan) <= limit);
}

/* Two maps: every entry into the first, all but the last into the second. */
static void compare(const uint8_t *entries, size_t nr)
{
	struct map_span room[2][SPANS_MAX];
	struct map_spans maps[2] = {{.spans = room[0], .max = SPANS_MAX},
				    {.spans = room[1], .max = SPANS_MAX}};
	struct map_difference difference;

	for (size_t i = 0; i < nr; i++) {
		const uint8_t *entry = entries + i * ENTRY_BYTES;
		uint64_t start = number(entry + 1, 5) << PAGE_SHIFT;
		uint64_t end = start + (number(entry + 6, 4) << PAGE_SHIFT);

		if (map_spans_find(&maps[0], start))
			continue;
		map_spans_add(&maps[0], start, end, entry[0]);
		if (i + 1 < nr)
			map_spans_add(&maps[1], start, end, entry[0]);
		MUST(map_type_name(entry[0])[0]);
	}
	map_spans_compare(&maps[0], &maps[1], 0, (uint64_t)1 << 52, &difference);
	map_spans_compare(&maps[0], &maps[0], 0, (uint64_t)1 << 52, &difference);
	MUST(!difference.taken && !difference.returned && !difference.wrong);
}

void parse_memory_map(const uint8_t *bytes, size_t size)
{
	static struct memory_plan plan;
	const uint8_t *entries = bytes + HEAD_BYTES;
	size_t nr = size < HEAD_BYTES ? 0 : (size - HEAD_BYTES) / ENTRY_BYTES;

	if (size < HEAD_BYTES)
		return;
	plan = (struct memory_plan){0};
	for (size_t i = 0; i < nr; i++) {
		const uint8_t *entry = entries + i * ENTRY_BYTES;
		uint64_t start = number(entry + 1, 5) << PAGE_SHIFT;

		if (entry[0] == CONVENTIONAL)
			memory_plan_add(&plan, start, start + (number(entry + 6, 4) << PAGE_SHIFT),
					(uint32_t)i);
	}
	plan_with(&plan, bytes);
	compare(entries, nr);
}
