/* SPDX-License-Identifier: BSD-2-Clause */
#include "layout.h"
#include "layout_entropy.h"
#include "lib/errno.h"
#include "test.h"

/* Whole layouts: where the regions come to lie, and how freely. */

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

TEST(layout, fine_bits, "kaslr=fine: each base has the bits that its region has in the window")
{
	struct layout_geometry geometry = layout_machine_geometry(4);
	struct layout_request request = request_of(KASLR_FINE, 4);
	struct window window = {.start = geometry.window_start,
				.end = geometry.window_end,
				.step = STEP,
				.min_gap = gib};
	struct region regions[3] = {{0}, {.size = geometry.vmalloc_size}};
	struct layout drawn;

	for (unsigned int i = 0; i < 20; i++) {
		request.phys_end = (i + 1) * gib / 4 + 0x7000;
		require_equal(
			layout_choose_within(&geometry, &request, test_random_below, NULL, &drawn),
			0);
		regions[0].size = drawn.page_offset_end - drawn.page_offset + gib;
		regions[2].size = drawn.vmemmap_end - drawn.vmemmap_start;
		expect_equal(drawn.page_offset_millibits,
			     layout_draw_millibits(regions, 0, &window, gib));
		expect_equal(drawn.vmalloc_millibits,
			     layout_draw_millibits(regions, 1, &window, STEP));
		expect_equal(drawn.vmemmap_millibits,
			     layout_draw_millibits(regions, 2, &window, STEP));
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
