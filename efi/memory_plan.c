/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory_plan.h"
#include "levels.h"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t higher(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t part_bytes(const struct memory_part *part)
{
	return part->end - part->start;
}

void memory_plan_add(struct memory_plan *plan, uint64_t start, uint64_t end, uint32_t descriptor)
{
	struct memory_part *parts = plan->parts;
	size_t i = plan->nr;

	start = higher(start, MIB);
	if (start >= end)
		return;
	if (plan->nr == MEMORY_PARTS_MAX) {
		plan->left_out++;
		return;
	}
	for (; i > 0 && parts[i - 1].start > start; i--)
		parts[i] = parts[i - 1];
	parts[i] = (struct memory_part){start, end, descriptor};
	plan->nr++;
}

uint64_t memory_plan_bytes(const struct memory_plan *plan)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < plan->nr; i++)
		bytes += part_bytes(&plan->parts[i]);
	return bytes;
}

static uint64_t bytes_below_4g(const struct memory_part *part)
{
	return part->start < 4 * GIB ? lower(part->end, 4 * GIB) - part->start : 0;
}

static void remove_part(struct memory_plan *plan, size_t i)
{
	for (plan->nr--; i < plan->nr; i++)
		plan->parts[i] = plan->parts[i + 1];
}

/* Takes [start, end) out of part `i`, in which it lies. */
static void cut_out(struct memory_plan *plan, size_t i, uint64_t start, uint64_t end)
{
	struct memory_part part = plan->parts[i];

	remove_part(plan, i);
	memory_plan_add(plan, part.start, start, part.descriptor);
	memory_plan_add(plan, end, part.end, part.descriptor);
}

void memory_plan_exclude(struct memory_plan *plan, uint64_t start, uint64_t end)
{
	start &= PAGE_MASK;
	end = (end + PAGE_SIZE - 1) & PAGE_MASK;
	for (size_t i = plan->nr; i-- > 0;) {
		const struct memory_part *part = &plan->parts[i];
		uint64_t from = higher(start, part->start), to = lower(end, part->end);

		if (from < to)
			cut_out(plan, i, from, to);
	}
}

void memory_plan_reserve(struct memory_plan *plan)
{
	uint64_t total = 0, largest = 0, reserve, end;
	size_t where = 0;

	for (size_t i = 0; i < plan->nr; i++) {
		uint64_t bytes = bytes_below_4g(&plan->parts[i]);

		total += bytes;
		if (bytes > largest) {
			largest = bytes;
			where = i;
		}
	}
	if (!largest)
		return;
	reserve = lower(higher((total / 4) & PAGE_MASK, 4 * MIB), 64 * MIB);
	end = plan->parts[where].start + largest;
	cut_out(plan, where, end - lower(reserve, largest), end);
}

/* What is left when no part is larger than `share`. */
static uint64_t bytes_with_share(const struct memory_plan *plan, uint64_t share)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < plan->nr; i++)
		bytes += lower(part_bytes(&plan->parts[i]), share);
	return bytes;
}

void memory_plan_limit(struct memory_plan *plan, uint64_t limit)
{
	uint64_t fits = 0, too_large = (memory_plan_bytes(plan) >> PAGE_SHIFT) + 1;

	while (too_large - fits > 1) {
		uint64_t pages = fits + (too_large - fits) / 2;

		if (bytes_with_share(plan, pages << PAGE_SHIFT) <= limit)
			fits = pages;
		else
			too_large = pages;
	}
	for (size_t i = plan->nr; fits && i-- > 0;) {
		struct memory_part *part = &plan->parts[i];

		part->end = part->start + lower(part_bytes(part), fits << PAGE_SHIFT);
	}
	if (!fits)
		plan->nr = 0;
}
