/* SPDX-License-Identifier: BSD-2-Clause */
#include "layout.h"
#include "layout_entropy.h"
#include "lib/errno.h"
#include "test.h"

/*
 * A window small enough to count: ten steps, regions of 2, 1 and 3, one step between them. Two
 * steps are left over, which fall into four gaps in C(5, 3) = 10 ways; with 3! orders that makes 60
 * arrangements.
 */
static const struct window small_window = {.start = 0, .end = 10, .step = 1, .min_gap = 1};
enum { ARRANGEMENTS = 60, DRAWS = 60000, LONG_WINDOW = 1000 };
/* 59 degrees of freedom: exceeded by one seed in a million. */
enum { CHI_SQUARE_LIMIT = 127 };

static void small_regions(struct region regions[3])
{
	regions[0] = (struct region){.name = "two", .size = 2};
	regions[1] = (struct region){.name = "one", .size = 1};
	regions[2] = (struct region){.name = "three", .size = 3};
}

static void draw_small(struct region regions[3])
{
	small_regions(regions);
	layout_draw(regions, 3, &small_window, test_random_below, NULL);
}

TEST(layout, uniform, "every arrangement that fits is equally likely")
{
	static unsigned int seen[1000];
	unsigned int kinds = 0;
	uint64_t chi_square = 0;

	memset(seen, 0, sizeof(seen));
	for (unsigned int i = 0; i < DRAWS; i++) {
		struct region regions[3];

		draw_small(regions);
		seen[regions[0].start * 100 + regions[1].start * 10 + regions[2].start]++;
	}
	for (size_t i = 0; i < 1000; i++) {
		int64_t off = (int64_t)seen[i] - DRAWS / ARRANGEMENTS;

		kinds += seen[i] != 0;
		if (seen[i])
			chi_square += (uint64_t)(off * off);
	}
	expect_equal(kinds, ARRANGEMENTS);
	expect_below(chi_square / (DRAWS / ARRANGEMENTS), CHI_SQUARE_LIMIT);
}

TEST(layout, too_large, "regions that do not fit are refused and left as they were")
{
	struct region regions[3];

	small_regions(regions);
	regions[1].start = 0x4711;
	regions[2].size = 6;
	expect_equal(layout_draw(regions, 3, &small_window, test_random_below, NULL), -ENOSPC);
	expect_equal(regions[1].start, 0x4711);
}

TEST(layout, no_slack, "what fits exactly has one place, what is larger none")
{
	struct window window = {.end = 10, .step = 1, .min_gap = 1};
	struct region regions[3];

	small_regions(regions);
	regions[2].size += 2;
	expect_equal(layout_draw(regions, 3, &window, test_random_below, NULL), 0);
	regions[2].size++;
	expect_equal(layout_draw(regions, 3, &window, test_random_below, NULL), -ENOSPC);
}

/*
 * By pencil: the region of 2 starts at 0 in front of both orders of the others when no step is left
 * before it, C(4, 2) = 6 ways each, so in 12 of 60 arrangements, and nowhere more often. The others
 * likewise. -log2(12/60) = 2.322.
 */
TEST(layout, small_entropy, "the min-entropy of a small window is what counting by hand gives")
{
	struct region regions[3];

	small_regions(regions);
	for (unsigned int i = 0; i < 3; i++)
		expect_equal(layout_draw_millibits(regions, i, &small_window, 1), 2322);
}

/* Counts places of one region over all arrangements of a window, rounded up to `align`. */
static uint64_t likeliest_by_counting(const struct region regions[3], unsigned int which,
				      const struct window *window, uint64_t align, uint64_t *all)
{
	static const uint8_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
					     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	static uint32_t seen[128];
	uint64_t slack = window->end - 2 * window->min_gap - regions[0].size - regions[1].size -
			 regions[2].size;
	uint64_t most = 0;

	memset(seen, 0, sizeof(seen));
	*all = 0;
	for (uint64_t packed = 0; packed < 6 * (slack + 1) * (slack + 1) * (slack + 1); packed++) {
		const uint8_t *order = orders[packed % 6];
		uint64_t rest = packed / 6, at = 0;
		uint64_t offsets[3] = {rest % (slack + 1), rest / (slack + 1) % (slack + 1),
				       rest / (slack + 1) / (slack + 1)};

		if (offsets[0] > offsets[1] || offsets[1] > offsets[2])
			continue;
		++*all;
		for (unsigned int i = 0; i < 3; i++) {
			if (order[i] == which)
				seen[(at + offsets[i] + align - 1) / align]++;
			at += regions[order[i]].size + window->min_gap;
		}
	}
	for (size_t i = 0; i < 128; i++)
		most = seen[i] > most ? seen[i] : most;
	return most;
}

TEST(layout, entropy,
     "the min-entropy of any base is that of its likeliest place, counted one by one")
{
	for (unsigned int round = 0; round < 24; round++) {
		struct window window = {
			.end = 40, .step = 1, .min_gap = test_random_below(NULL, 4)};
		unsigned int which = (unsigned int)test_random_below(NULL, 3);
		uint64_t align = (uint64_t)1 << test_random_below(NULL, 4), all, most, exact;
		struct region regions[3];

		for (unsigned int i = 0; i < 3; i++)
			regions[i] = (struct region){.size = 1 + test_random_below(NULL, 10)};
		if (round % 2) /* a few arrangements, of which a part of one counts */
			window.end = 2 * window.min_gap + regions[0].size + regions[1].size +
				     regions[2].size + test_random_below(NULL, 4);
		most = likeliest_by_counting(regions, which, &window, align, &all);
		exact = ((log2_fixed(all) - log2_fixed(most)) * 125 + (1 << 28)) >> 29;
		expect_equal(layout_draw_millibits(regions, which, &window, align), exact);
	}
}

static uint64_t choose(uint64_t nr, uint64_t of)
{
	uint64_t ways = 1;

	for (uint64_t i = 1; i <= of; i++)
		ways = ways * (nr - of + i) / i;
	return ways;
}

/* The same for long windows: for each place of the region, how the others can lie around it. */
static uint64_t likeliest_by_place(const struct region regions[3], unsigned int which,
				   const struct window *window, uint64_t align, uint64_t *all)
{
	static uint64_t ways[LONG_WINDOW];
	uint64_t slack = window->end - 2 * window->min_gap, most = 0;

	for (unsigned int i = 0; i < 3; i++)
		slack -= regions[i].size;
	memset(ways, 0, sizeof(ways));
	*all = 6 * choose(slack + 3, 3);
	for (unsigned int others = 0; others < 4; others++) { /* which of the two lie before it */
		unsigned int first = (which + 1) % 3, second = (which + 2) % 3;
		unsigned int nr = (others & 1) + (others >> 1);
		uint64_t at = nr * window->min_gap, orders = nr == 1 ? 1 : 2;

		at += (others & 1 ? regions[first].size : 0) +
		      (others & 2 ? regions[second].size : 0);
		for (uint64_t offset = 0; offset <= slack; offset++)
			ways[(at + offset + align - 1) / align] +=
				orders * choose(offset + nr, nr) *
				choose(slack - offset + 2 - nr, 2 - nr);
	}
	for (size_t i = 0; i < LONG_WINDOW; i++)
		most = ways[i] > most ? ways[i] : most;
	return most;
}

TEST(layout, entropy_long, "the min-entropy in a long window, by its likeliest place")
{
	for (unsigned int round = 0; round < 100; round++) {
		struct window window = {.end = LONG_WINDOW / 2 + test_random_below(NULL, 200),
					.step = 1,
					.min_gap = test_random_below(NULL, 4)};
		unsigned int which = (unsigned int)test_random_below(NULL, 3);
		uint64_t align = (uint64_t)1 << test_random_below(NULL, 6), all, most, exact;
		struct region regions[3];

		for (unsigned int i = 0; i < 3; i++)
			regions[i] = (struct region){.size = 1 + test_random_below(NULL, 150)};
		most = likeliest_by_place(regions, which, &window, align, &all);
		exact = ((log2_fixed(all) - log2_fixed(most)) * 125 + (1 << 28)) >> 29;
		expect_equal(layout_draw_millibits(regions, which, &window, align), exact);
	}
}

TEST(layout, log2, "the logarithm is right to 2^-30 over the whole range")
{
	unsigned __int128 power = 1;

	for (uint64_t i = 0; i < 127; i++, power *= 2)
		expect_equal(log2_fixed(power), i << 32);
	/* log2(3) = 1.584962500721156181... */
	expect_below(log2_fixed(3) - UINT64_C(6807362104), 8);
	expect_below(log2_fixed((unsigned __int128)3 << 100) -
			     ((UINT64_C(100) << 32) + UINT64_C(6807362104)),
		     8);
}
