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
	for (unsigned int round = 0; round < 12; round++) {
		struct window window = {
			.end = 40, .step = 1, .min_gap = test_random_below(NULL, 4)};
		unsigned int which = (unsigned int)test_random_below(NULL, 3);
		uint64_t align = (uint64_t)1 << test_random_below(NULL, 4), all, most, exact;
		struct region regions[3];

		for (unsigned int i = 0; i < 3; i++)
			regions[i] = (struct region){.size = 1 + test_random_below(NULL, 10)};
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

enum { GIB_SHIFT = 30, STEP = 1 << 21 };
static const uint64_t gib = (uint64_t)1 << GIB_SHIFT;

static struct layout_request request_of(enum kaslr kaslr, unsigned int levels)
{
	return (struct layout_request){.kaslr = kaslr,
				       .levels = levels,
				       .phys_end = 6 * gib + 0x7000,
				       .page_struct_size = 32};
}

static void expect_in_window(uintptr_t start, uintptr_t end, const struct layout_geometry *geometry)
{
	expect(start >= geometry->window_start && start < end && end <= geometry->window_end);
}

/* One ends at least 1 GiB before the other begins, whichever comes first. */
static void expect_apart(uintptr_t start, uintptr_t end, uintptr_t other_start, uintptr_t other_end)
{
	expect(start < other_start ? other_start - end >= gib && end <= other_start
				   : start - other_end >= gib && other_end <= start);
}

static void expect_sound(const struct layout *drawn, const struct layout_geometry *geometry)
{
	expect_in_window(drawn->page_offset, drawn->page_offset_end, geometry);
	expect_in_window(drawn->vmalloc_start, drawn->vmalloc_end, geometry);
	expect_in_window(drawn->vmemmap_start, drawn->vmemmap_end, geometry);
	expect_apart(drawn->page_offset, drawn->page_offset_end, drawn->vmalloc_start,
		     drawn->vmalloc_end);
	expect_apart(drawn->page_offset, drawn->page_offset_end, drawn->vmemmap_start,
		     drawn->vmemmap_end);
	expect_apart(drawn->vmalloc_start, drawn->vmalloc_end, drawn->vmemmap_start,
		     drawn->vmemmap_end);
	expect_equal(drawn->page_offset % gib, 0);
	expect_equal(drawn->page_offset_end - drawn->page_offset, 7 * gib);
}

enum { LAYOUTS = 2000 };

TEST(layout, fine, "kaslr=fine: in the window, a GiB apart, on steps of 2 MiB, at least 24 bits")
{
	for (unsigned int levels = 4; levels <= 5; levels++) {
		struct layout_geometry geometry = layout_machine_geometry(levels);
		struct layout_request request = request_of(KASLR_FINE, levels);
		struct layout drawn;

		for (unsigned int i = 0; i < LAYOUTS / 10; i++) {
			require_equal(layout_choose_within(&geometry, &request, test_random_below,
							   NULL, &drawn),
				      0);
			expect_sound(&drawn, &geometry);
			expect_equal(drawn.vmalloc_start % STEP, 0);
			expect_equal(drawn.vmemmap_start % STEP, 0);
			expect_equal(drawn.vmalloc_end - drawn.vmalloc_start,
				     geometry.vmalloc_size);
			expect(drawn.vmalloc_millibits >= 24000);
		}
	}
}

/*
 * A random arrangement cuts what is left over into four gaps, each of which exceeds the share x of
 * it with likelihood (1 - x)^3. So the cubes of the complements are uniform: sixteen equal parts.
 */
enum { GAPS = 4, PARTS = 16, PART_DRAWS = 8000, PARTS_LIMIT = 58, ORDERS_LIMIT = 36 };

static unsigned int part_of_gap(uint64_t gap, uint64_t all)
{
	uint64_t share = ((all - gap) << 20) / all;

	return (unsigned int)((share * share * share) >> 56) & (PARTS - 1);
}

static uint64_t chi_square_of(const unsigned int *seen, unsigned int nr, unsigned int draws)
{
	uint64_t chi_square = 0;

	for (unsigned int i = 0; i < nr; i++) {
		int64_t off = (int64_t)seen[i] * nr - draws;

		chi_square += (uint64_t)(off * off);
	}
	return chi_square / nr / draws;
}

/* The regions' places from low to high; which of the 6 orders it is. */
static unsigned int sort_regions(const struct region regions[3], const struct region *sorted[3])
{
	unsigned int first = 0, last = 0;

	for (unsigned int i = 1; i < 3; i++) {
		first = regions[i].start < regions[first].start ? i : first;
		last = regions[i].start > regions[last].start ? i : last;
	}
	sorted[0] = &regions[first];
	sorted[1] = &regions[3 - first - last];
	sorted[2] = &regions[last];
	return first * 2 + (last > 3 - first - last);
}

static void count_gaps(const struct region *const sorted[3], const struct window *window,
		       unsigned int seen[GAPS][PARTS])
{
	uint64_t steps[GAPS], all = 0, at = window->start;

	for (unsigned int i = 0; i < GAPS; i++) {
		uint64_t next = i < 3 ? sorted[i]->start : window->end;

		steps[i] = (next - at - (i % 3 ? window->min_gap : 0)) / window->step;
		all += steps[i];
		at = i < 3 ? next + sorted[i]->size : at;
	}
	for (unsigned int i = 0; i < GAPS; i++)
		seen[i][part_of_gap(steps[i], all)]++;
}

TEST(layout, fine_uniform, "kaslr=fine: all orders and all gaps are as likely as counting says")
{
	struct layout_geometry geometry = layout_machine_geometry(4);
	struct window window = {.start = geometry.window_start,
				.end = geometry.window_end,
				.step = STEP,
				.min_gap = gib};
	unsigned int seen[GAPS][PARTS] = {{0}}, orders[6] = {0};

	for (unsigned int i = 0; i < PART_DRAWS; i++) {
		struct region regions[3] = {
			{.size = 8 * gib}, {.size = geometry.vmalloc_size}, {.size = 2 * gib}};
		const struct region *sorted[3];

		require_equal(layout_draw(regions, 3, &window, test_random_below, NULL), 0);
		orders[sort_regions(regions, sorted)]++;
		count_gaps(sorted, &window, seen);
	}
	expect_below(chi_square_of(orders, 6, PART_DRAWS), ORDERS_LIMIT);
	for (unsigned int i = 0; i < GAPS; i++)
		expect_below(chi_square_of(seen[i], PARTS, PART_DRAWS), PARTS_LIMIT);
}

TEST(layout, linux_ranges,
     "kaslr=linux: order kept, on steps of a GiB, each base in its share of the slack")
{
	for (unsigned int levels = 4; levels <= 5; levels++) {
		struct layout_geometry geometry = layout_machine_geometry(levels);
		struct layout_request request = request_of(KASLR_LINUX, levels);
		uint64_t tib = 1024 * gib, fixed = 2 * tib + geometry.vmalloc_size;
		uint64_t slack = geometry.window_end - geometry.window_start - fixed;
		struct layout drawn;

		for (unsigned int i = 0; i < LAYOUTS; i++) {
			require_equal(layout_choose_within(&geometry, &request, test_random_below,
							   NULL, &drawn),
				      0);
			expect_sound(&drawn, &geometry);
			expect_equal(drawn.vmalloc_start % gib, 0);
			expect_equal(drawn.vmemmap_start % gib, 0);
			expect(drawn.page_offset - geometry.window_start <= slack / 3);
			expect(drawn.vmalloc_start >= drawn.page_offset + tib + gib);
			expect(drawn.vmemmap_start >= drawn.vmalloc_end + gib);
		}
	}
}

/* 13.1 bits with 64 TiB, 15.1 with 1 TiB: what Linux has. */
TEST(layout, linux_bits, "kaslr=linux: VMALLOC_START has the bits that Linux gives it")
{
	struct layout_geometry geometry = layout_machine_geometry(4);
	struct layout_request request = request_of(KASLR_LINUX, 4);
	struct layout drawn;

	require_equal(layout_choose_within(&geometry, &request, test_random_below, NULL, &drawn),
		      0);
	expect_equal((drawn.vmalloc_millibits + 50) / 100, 151);
	request.padding_tib = 63;
	require_equal(layout_choose_within(&geometry, &request, test_random_below, NULL, &drawn),
		      0);
	expect_equal((drawn.vmalloc_millibits + 50) / 100, 131);
}

/* Given those before it, the offset of each base is uniform over its share of what is left. */
TEST(layout, linux_uniform, "kaslr=linux: each base is spread evenly over its share")
{
	struct layout_geometry geometry = layout_machine_geometry(4);
	struct layout_request request = request_of(KASLR_LINUX, 4);
	uint64_t tib = 1024 * gib;
	uint64_t slack =
		geometry.window_end - geometry.window_start - 2 * tib - geometry.vmalloc_size;
	unsigned int seen[3][PARTS] = {{0}};
	struct layout drawn;

	for (unsigned int i = 0; i < PART_DRAWS; i++) {
		uint64_t left = slack, at = geometry.window_start;

		layout_choose_within(&geometry, &request, test_random_below, NULL, &drawn);
		for (unsigned int j = 0; j < 3; j++) {
			uint64_t starts[] = {drawn.page_offset, drawn.vmalloc_start,
					     drawn.vmemmap_start};
			uint64_t sizes[] = {tib + gib, geometry.vmalloc_size + gib, 0};
			uint64_t part = left / (3 - j) / PARTS + 1;

			seen[j][(starts[j] - at) / part]++;
			left -= starts[j] - at;
			at = starts[j] + sizes[j];
		}
	}
	for (unsigned int j = 0; j < 3; j++)
		expect_below(chi_square_of(seen[j], PARTS, PART_DRAWS), PARTS_LIMIT);
}

TEST_FLAGS(layout, off, "kaslr=off: the fixed bases of Linux, and nothing to guess", TEST_SMOKE)
{
	struct layout_geometry geometry = layout_machine_geometry(4);
	struct layout_request request = request_of(KASLR_OFF, 4);
	struct layout drawn;

	require_equal(layout_choose_within(&geometry, &request, NULL, NULL, &drawn), 0);
	expect_equal(drawn.page_offset, UINT64_C(0xffff888000000000));
	expect_equal(drawn.vmalloc_start, UINT64_C(0xffffc90000000000));
	expect_equal(drawn.vmemmap_start, UINT64_C(0xffffea0000000000));
	expect_equal(drawn.vmalloc_millibits, 0);
	geometry = layout_machine_geometry(5);
	request.levels = 5;
	require_equal(layout_choose_within(&geometry, &request, NULL, NULL, &drawn), 0);
	expect_equal(drawn.page_offset, UINT64_C(0xff11000000000000));
	expect_equal(drawn.vmalloc_start, UINT64_C(0xffa0000000000000));
	expect_equal(drawn.vmemmap_start, UINT64_C(0xffd4000000000000));
	expect_sound(&drawn, &geometry);
}

TEST(layout, sizes, "vmalloc=SIZE is met to the next 2 MiB; what cannot fit changes nothing")
{
	static const enum kaslr kinds[] = {KASLR_FINE, KASLR_LINUX, KASLR_OFF};
	struct layout_geometry geometry = layout_machine_geometry(4);

	for (unsigned int i = 0; i < 3; i++) {
		struct layout_request request = request_of(kinds[i], 4);
		struct layout drawn = {.page_offset = 0x4711};

		request.vmalloc_size = geometry.window_end - geometry.window_start;
		expect_equal(
			layout_choose_within(&geometry, &request, test_random_below, NULL, &drawn),
			-ENOSPC);
		request.vmalloc_size = UINT64_MAX;
		expect_equal(
			layout_choose_within(&geometry, &request, test_random_below, NULL, &drawn),
			-ENOSPC);
		request.vmalloc_size = 0;
		request.phys_end = UINT64_MAX;
		expect_equal(
			layout_choose_within(&geometry, &request, test_random_below, NULL, &drawn),
			-ENOSPC);
		request.phys_end = gib;
		request.page_struct_size = 4096 + 1;
		expect_equal(
			layout_choose_within(&geometry, &request, test_random_below, NULL, &drawn),
			-ENOSPC);
		request.page_struct_size = 32;
		expect_equal(drawn.page_offset, 0x4711);
		request.phys_end = gib;
		request.vmalloc_size = 3 * STEP + 1;
		require_equal(
			layout_choose_within(&geometry, &request, test_random_below, NULL, &drawn),
			0);
		expect_equal(drawn.vmalloc_end - drawn.vmalloc_start, 4 * STEP);
	}
}

TEST(layout, this_run, "the regions of this run lie in the window, a GiB apart")
{
	struct layout_geometry geometry = layout_build_geometry(platform_cpu_features()->levels);

	expect_in_window(layout.page_offset, layout.page_offset_end, &geometry);
	expect_in_window(layout.vmalloc_start, layout.vmalloc_end, &geometry);
	expect_in_window(layout.vmemmap_start, layout.vmemmap_end, &geometry);
	expect_apart(layout.page_offset, layout.page_offset_end, layout.vmalloc_start,
		     layout.vmalloc_end);
	expect_apart(layout.page_offset, layout.page_offset_end, layout.vmemmap_start,
		     layout.vmemmap_end);
	expect_apart(layout.vmalloc_start, layout.vmalloc_end, layout.vmemmap_start,
		     layout.vmemmap_end);
	expect_equal(layout.page_offset % gib, 0);
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

TEST(layout, linux_exact, "kaslr=linux: the last byte of the window can be used, and no more")
{
	struct layout_geometry geometry = layout_machine_geometry(4);
	struct layout_request request = request_of(KASLR_LINUX, 4);
	struct layout drawn;

	geometry.window_end = geometry.window_start + 2 * 1024 * gib + geometry.vmalloc_size;
	expect_equal(layout_choose_within(&geometry, &request, test_random_below, NULL, &drawn), 0);
	geometry.window_end--;
	expect_equal(layout_choose_within(&geometry, &request, test_random_below, NULL, &drawn),
		     -ENOSPC);
}

static uint64_t asked_below[3];
static unsigned int nr_asked;

static uint64_t always_last(void *context, uint64_t limit)
{
	(void)context;
	if (nr_asked < 3)
		asked_below[nr_asked] = limit;
	nr_asked++;
	return limit - 1;
}

TEST(layout, linux_shares, "kaslr=linux: each base is drawn below its share of the slack, and one")
{
	struct layout_geometry geometry = layout_machine_geometry(4);
	struct layout_request request = request_of(KASLR_LINUX, 4);
	uint64_t slack = geometry.window_end - geometry.window_start - 2 * 1024 * gib -
			 geometry.vmalloc_size;
	struct layout drawn;

	nr_asked = 0;
	require_equal(layout_choose_within(&geometry, &request, always_last, NULL, &drawn), 0);
	expect_equal(nr_asked, 3);
	for (unsigned int i = 0; i < 3; i++) {
		expect_equal(asked_below[i], slack / (3 - i) + 1);
		slack -= (asked_below[i] - 1) & ~(gib - 1);
	}
}

TEST(layout, fixed_bases, "fixed bases that lie closer than a GiB are refused")
{
	struct layout_geometry geometry = layout_machine_geometry(4);
	struct layout_request request = request_of(KASLR_OFF, 4);
	struct layout drawn;

	geometry.bases[1] = geometry.bases[0];
	expect_equal(layout_choose_within(&geometry, &request, test_random_below, NULL, &drawn),
		     -ENOSPC);
}

TEST(layout, linux_full, "a window that is filled leaves no choice, and no entropy")
{
	struct layout_geometry geometry = layout_machine_geometry(4);
	struct layout_request request = request_of(KASLR_LINUX, 4);
	struct layout drawn;
	uint64_t slack = geometry.window_end - geometry.window_start;

	request.phys_end = gib;
	/* the direct map and the page array take a TiB each, as Linux reserves them */
	request.vmalloc_size = slack - 2 * (gib << 10);
	require_equal(layout_choose_within(&geometry, &request, test_random_below, NULL, &drawn),
		      0);
	expect_equal(drawn.page_offset, geometry.window_start);
	expect_equal(drawn.page_offset_millibits, 0);
	expect_equal(drawn.vmalloc_millibits, 0);
	expect_equal(drawn.vmemmap_millibits, 0);
}
