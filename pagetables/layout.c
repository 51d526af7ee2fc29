/* SPDX-License-Identifier: BSD-2-Clause */
#include "layout.h"
#include "lib/errno.h"

/* Steps left over once all regions and the gaps between them are in; negative: they do not fit. */
static int64_t slack_steps(const struct region *regions, size_t nr, const struct window *window)
{
	uint64_t slack = (window->end - window->start) / window->step;
	uint64_t needed = (nr - 1) * (window->min_gap / window->step);

	for (size_t i = 0; i < nr; i++)
		needed += regions[i].size / window->step;
	return (int64_t)(slack - needed);
}

static void shuffle(size_t *order, size_t nr, random_below_t random_below, void *context)
{
	for (size_t i = nr; i > 1; i--) {
		size_t j = (size_t)random_below(context, i), other = order[j];

		order[j] = order[i - 1];
		order[i - 1] = other;
	}
}

static void insert_sorted(uint64_t *values, size_t nr, uint64_t value)
{
	for (; nr > 0 && values[nr - 1] > value; nr--)
		values[nr] = values[nr - 1];
	values[nr] = value;
}

/*
 * `nr` values in ascending order from [0, slack], repetition allowed, every such choice equally
 * likely. Sorting independent draws would favour distinct values. Choosing distinct values from a
 * range longer by nr - 1 and taking the rank off each does not (Floyd's sampling, then the
 * stars-and-bars bijection).
 */
static void draw_ascending(uint64_t *values, size_t nr, uint64_t slack, random_below_t random_below,
			   void *context)
{
	for (size_t i = 0; i < nr; i++) {
		uint64_t last = slack + i, value = random_below(context, last + 1);

		for (size_t j = 0; j < i; j++)
			if (values[j] == value)
				value = last;
		insert_sorted(values, i, value);
	}
	for (size_t i = 0; i < nr; i++)
		values[i] -= i;
}

int layout_draw(struct region *regions, size_t nr, const struct window *window,
		random_below_t random_below, void *context)
{
	int64_t slack = slack_steps(regions, nr, window);
	uint64_t offsets[LAYOUT_MAX_REGIONS], start = window->start;
	size_t order[LAYOUT_MAX_REGIONS];

	if (slack < 0)
		return -ENOSPC;
	for (size_t i = 0; i < nr; i++)
		order[i] = i;
	shuffle(order, nr, random_below, context);
	draw_ascending(offsets, nr, (uint64_t)slack, random_below, context);
	for (size_t i = 0; i < nr; i++) {
		struct region *region = &regions[order[i]];

		region->start = start + offsets[i] * window->step;
		start += region->size + window->min_gap;
	}
	return 0;
}
