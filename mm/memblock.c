/* SPDX-License-Identifier: BSD-2-Clause */
#include "memblock.h"
#include "fail.h"
#include "levels.h"
#include "lib/string.h"

/*
 * Takes from the top down, so that the low zones keep their frames. What was handed out is a sorted
 * list of ranges, in which neighbours are joined: a handful of entries, since most requests
 * continue the one before.
 */

static struct memblock run_memblock;

/* The last entry that begins below `end`, as an index + 1; 0: none does. */
static size_t used_below(const struct memblock *memblock, phys_addr_t end)
{
	size_t low = 0, high = memblock->nr_used;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memblock->used[middle].start < end)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void remove_used(struct memblock *memblock, size_t index)
{
	memblock->nr_used--;
	for (size_t i = index; i < memblock->nr_used; i++)
		memblock->used[i] = memblock->used[i + 1];
}

/* Notes that [start, end) was handed out; false when the list is full. */
static bool insert_used(struct memblock *memblock, phys_addr_t start, phys_addr_t end)
{
	size_t index = used_below(memblock, start);
	struct phys_range *used = memblock->used;

	if (index > 0 && used[index - 1].end == start) {
		used[index - 1].end = end;
		if (index < memblock->nr_used && used[index].start == end) {
			used[index - 1].end = used[index].end;
			remove_used(memblock, index);
		}
		return true;
	}
	if (index < memblock->nr_used && used[index].start == end) {
		used[index].start = start;
		return true;
	}
	if (memblock->nr_used == MEMBLOCK_MAX_USED)
		return false;
	for (size_t i = memblock->nr_used++; i > index; i--)
		used[i] = used[i - 1];
	used[index] = (struct phys_range){.start = start, .end = end};
	return true;
}

/* The highest fit within [low, high) that nothing handed out overlaps; 0: none. */
static phys_addr_t highest_fit(const struct memblock *memblock, phys_addr_t low, phys_addr_t high,
			       size_t size, size_t align)
{
	while (high > low && high - low >= size) {
		phys_addr_t start = (high - size) & ~(phys_addr_t)(align - 1);
		size_t below = used_below(memblock, start + size);

		if (start < low)
			return 0;
		if (below == 0 || memblock->used[below - 1].end <= start)
			return start;
		high = memblock->used[below - 1].start;
	}
	return 0;
}

const struct memory_range *memblock_find_in(const struct memblock *memblock, phys_addr_t phys)
{
	size_t low = 0, high = memblock->nr_ranges;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct memory_range *range = &memblock->ranges[middle];

		if (phys < range->start)
			high = middle;
		else if (phys >= range->end)
			low = middle + 1;
		else
			return range;
	}
	return NULL;
}

phys_addr_t memblock_alloc_from(struct memblock *memblock, size_t size, size_t align,
				phys_addr_t limit)
{
	if (memblock->closed || size == 0)
		return 0;
	for (size_t i = memblock->nr_ranges; i > 0; i--) {
		const struct memory_range *range = &memblock->ranges[i - 1];
		phys_addr_t end = limit && limit < range->end ? limit : range->end;
		phys_addr_t start = highest_fit(memblock, range->start, end, size, align);

		if (start != 0)
			return insert_used(memblock, start, start + size) ? start : 0;
	}
	return 0;
}

size_t memblock_free_in(const struct memblock *memblock, struct memory_range *out, size_t max)
{
	size_t nr = 0;

	for (size_t i = 0; i < memblock->nr_ranges; i++) {
		struct memory_range rest = memblock->ranges[i];

		for (size_t u = 0; u < memblock->nr_used && rest.start < rest.end; u++) {
			const struct phys_range *used = &memblock->used[u];

			if (used->end <= rest.start || used->start >= rest.end)
				continue;
			if (used->start > rest.start && nr < max) {
				out[nr] = rest;
				out[nr++].end = used->start;
			}
			rest.start = used->end;
		}
		if (rest.start < rest.end && nr < max)
			out[nr++] = rest;
	}
	return nr;
}

void memblock_init(const struct memory_range *ranges, size_t nr)
{
	run_memblock.ranges = ranges;
	run_memblock.nr_ranges = nr;
	run_memblock.nr_used = 0;
	run_memblock.closed = false;
}

const struct memory_range *memblock_ranges(size_t *nr)
{
	*nr = run_memblock.nr_ranges;
	return run_memblock.ranges;
}

const struct memory_range *memblock_find(phys_addr_t phys)
{
	return memblock_find_in(&run_memblock, phys);
}

uint64_t memblock_bytes(void)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < run_memblock.nr_ranges; i++)
		bytes += run_memblock.ranges[i].end - run_memblock.ranges[i].start;
	return bytes;
}

phys_addr_t memblock_end(void)
{
	size_t nr = run_memblock.nr_ranges;

	return nr ? run_memblock.ranges[nr - 1].end : 0;
}

phys_addr_t memblock_alloc(size_t size, size_t align, phys_addr_t limit)
{
	if (should_fail(FAIL_EARLY))
		return 0;
	return memblock_alloc_from(&run_memblock, size, align, limit);
}

phys_addr_t memblock_alloc_table(void *context, bool low)
{
	phys_addr_t table = memblock_alloc(PAGE_SIZE, PAGE_SIZE, low ? (phys_addr_t)1 << 32 : 0);

	(void)context;
	if (table != 0)
		memset(phys_to_virt(table), 0, PAGE_SIZE);
	return table;
}

const struct phys_range *memblock_used(size_t *nr)
{
	*nr = run_memblock.nr_used;
	return run_memblock.used;
}

void memblock_close(void)
{
	run_memblock.closed = true;
}
