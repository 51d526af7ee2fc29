/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * Which memory to ask the firmware for: numbers alone, plain C. Addresses are bytes, multiples of
 * the page size.
 */

enum { MEMORY_PARTS_MAX = 512 };

struct memory_part {
	uint64_t start, end;
	uint32_t descriptor; /* index in the firmware's map */
};

struct memory_plan {
	struct memory_part parts[MEMORY_PARTS_MAX]; /* sorted by address */
	size_t nr;
	unsigned int left_out; /* parts for which there was no room */
};

/* One more part, in its place; what lies below 1 MiB and empty ones are left out. */
void memory_plan_add(struct memory_plan *plan, uint64_t start, uint64_t end, uint32_t descriptor);
uint64_t memory_plan_bytes(const struct memory_plan *plan);

/* Takes [start, end), widened to whole pages, out of what is planned. */
void memory_plan_exclude(struct memory_plan *plan, uint64_t start, uint64_t end);

/*
 * Leaves the firmware what it needs: a quarter of what lies below 4 GiB, at least 4 and at most 64
 * MiB, from the end of the largest part there.
 */
void memory_plan_reserve(struct memory_plan *plan);

/*
 * Cuts the parts down to `limit` bytes together, evenly: those that are larger than the share of
 * each become as large as that, so that something of every part stays.
 */
void memory_plan_limit(struct memory_plan *plan, uint64_t limit);
