/* SPDX-License-Identifier: BSD-2-Clause */
#include "map_spans.h"
#include "levels.h"
#include "lib/string.h"

enum { BOOT_SERVICES_CODE = 3, BOOT_SERVICES_DATA = 4, CONVENTIONAL = 7 };

bool map_type_is_volatile(uint32_t type)
{
	return type == BOOT_SERVICES_CODE || type == BOOT_SERVICES_DATA || type == CONVENTIONAL;
}

const char *map_type_name(uint32_t type)
{
	static const char *const names[] = {
		"Reserved",
		"LoaderCode",
		"LoaderData",
		"BootServicesCode",
		"BootServicesData",
		"RuntimeServicesCode",
		"RuntimeServicesData",
		"Conventional",
		"Unusable",
		"ACPIReclaim",
		"ACPINVS",
		"MemoryMappedIO",
		"MemoryMappedIOPort",
		"PalCode",
		"Persistent",
		"Unaccepted",
	};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : "another type";
}

/* Index of the first span that ends behind `address`. */
static size_t first_behind(const struct map_spans *map, uint64_t address)
{
	size_t low = 0, high = map->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->spans[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool joins(const struct map_span *left, const struct map_span *right)
{
	return left->end == right->start && left->type == right->type;
}

static void remove_at(struct map_spans *map, size_t i)
{
	map->nr--;
	memmove(&map->spans[i], &map->spans[i + 1], (map->nr - i) * sizeof(*map->spans));
}

void map_spans_add(struct map_spans *map, uint64_t start, uint64_t end, uint32_t type)
{
	struct map_span *spans = map->spans, span = {start, end, type};
	size_t i = first_behind(map, start);

	if (start >= end)
		return;
	if (i > 0 && joins(&spans[i - 1], &span)) {
		spans[--i].end = end;
	} else if (map->nr == map->max) {
		map->overflowed = true;
		return;
	} else {
		memmove(&spans[i + 1], &spans[i], (map->nr - i) * sizeof(*spans));
		spans[i] = span;
		map->nr++;
	}
	if (i + 1 < map->nr && joins(&spans[i], &spans[i + 1])) {
		spans[i].end = spans[i + 1].end;
		remove_at(map, i + 1);
	}
}

const struct map_span *map_spans_find(const struct map_spans *map, uint64_t address)
{
	size_t i = first_behind(map, address);

	return i < map->nr && map->spans[i].start <= address ? &map->spans[i] : NULL;
}

/* The type at `address`; `end` becomes at most the address up to which it stays the same. */
static uint32_t type_at(const struct map_spans *map, uint64_t address, uint64_t *end)
{
	size_t i = first_behind(map, address);
	uint64_t change;

	if (i == map->nr)
		return MAP_NO_TYPE;
	change = map->spans[i].start > address ? map->spans[i].start : map->spans[i].end;
	if (change < *end)
		*end = change;
	return map->spans[i].start > address ? MAP_NO_TYPE : map->spans[i].type;
}

static void count(struct map_difference *difference, uint32_t before, uint32_t after,
		  uint64_t address, uint64_t pages)
{
	if (before == after)
		return;
	if (!map_type_is_volatile(before) || !map_type_is_volatile(after)) {
		if (!difference->wrong) {
			difference->first_wrong = address;
			difference->wrong_before = before;
			difference->wrong_after = after;
		}
		difference->wrong += pages;
	} else if (before == CONVENTIONAL) {
		difference->taken += pages;
	} else if (after == CONVENTIONAL) {
		difference->returned += pages;
	} else {
		difference->changed += pages;
	}
}

void map_spans_compare(const struct map_spans *before, const struct map_spans *after,
		       uint64_t start, uint64_t end, struct map_difference *difference)
{
	*difference = (struct map_difference){0};
	while (start < end) {
		uint64_t same_until = end;
		uint32_t type_before = type_at(before, start, &same_until);
		uint32_t type_after = type_at(after, start, &same_until);

		count(difference, type_before, type_after, start,
		      (same_until - start) >> PAGE_SHIFT);
		start = same_until;
	}
}
