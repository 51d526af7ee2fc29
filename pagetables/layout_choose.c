/* SPDX-License-Identifier: BSD-2-Clause */
#include "layout.h"
#include <stdbool.h>
#include "layout_entropy.h"
#include "levels.h"
#include "lib/errno.h"

#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)
#define STEP (UINT64_C(1) << 21) /* of `fine` */

enum { DIRECT, VMALLOC, PAGES, NR_REGIONS };

struct layout layout;

/* A choice in the making. */
struct choice {
	const struct layout_geometry *geometry;
	const struct layout_request *request;
	random_below_t random_below;
	void *context;
	uint64_t sizes[NR_REGIONS]; /* bytes that each region can map, in whole steps */
	uint64_t starts[NR_REGIONS];
	unsigned int millibits[NR_REGIONS];
};

static uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

struct layout_geometry layout_machine_geometry(unsigned int levels)
{
	if (levels == 5)
		return (struct layout_geometry){
			.window_start = UINT64_C(0xff11000000000000),
			.window_end = UINT64_C(0xfffffe0000000000),
			.vmalloc_size = 12800 * TIB,
			.bases = {UINT64_C(0xff11000000000000), UINT64_C(0xffa0000000000000),
				  UINT64_C(0xffd4000000000000)},
			.unit = TIB,
		};
	return (struct layout_geometry){
		.window_start = UINT64_C(0xffff888000000000),
		.window_end = UINT64_C(0xfffffe0000000000),
		.vmalloc_size = 32 * TIB,
		.bases = {UINT64_C(0xffff888000000000), UINT64_C(0xffffc90000000000),
			  UINT64_C(0xffffea0000000000)},
		.unit = TIB,
	};
}

#ifdef LAYOUT_WINDOW_START

#ifndef LAYOUT_VMALLOC_SIZE
#define LAYOUT_VMALLOC_SIZE ((LAYOUT_WINDOW_END - LAYOUT_WINDOW_START) / 4)
#endif

struct layout_geometry layout_build_geometry(unsigned int levels)
{
	const uint64_t start = LAYOUT_WINDOW_START, end = LAYOUT_WINDOW_END;
	const uint64_t eighth = (end - start) / 8 / GIB * GIB;

	(void)levels;
	return (struct layout_geometry){
		.window_start = start,
		.window_end = end,
		.vmalloc_size = LAYOUT_VMALLOC_SIZE,
		.bases = {start, start + 2 * eighth, start + 6 * eighth},
		/* unreached: a build has one window */
		.unit = end - start >= 16 * TIB ? TIB : GIB,
	};
}

#else

struct layout_geometry layout_build_geometry(unsigned int levels)
{
	return layout_machine_geometry(levels);
}

#endif

/* False: no sum of these could be trusted. */
static bool work_out_sizes(struct choice *choice)
{
	const struct layout_geometry *geometry = choice->geometry;
	const struct layout_request *request = choice->request;
	uint64_t window = geometry->window_end - geometry->window_start;
	uint64_t vmalloc = request->vmalloc_size ? request->vmalloc_size : geometry->vmalloc_size;

	if (vmalloc > window || request->phys_end > window || request->page_struct_size > PAGE_SIZE)
		return false;
	choice->sizes[DIRECT] = round_up(request->phys_end, GIB);
	choice->sizes[VMALLOC] = round_up(vmalloc, STEP);
	choice->sizes[PAGES] =
		round_up((request->phys_end >> PAGE_SHIFT) * request->page_struct_size, STEP);
	return true;
}

/* Each region ends a GiB before the next one begins, and the last one in the window. */
static int check_order(const struct choice *choice)
{
	for (unsigned int i = 0; i < NR_REGIONS; i++) {
		uint64_t start = choice->starts[i], end = choice->geometry->window_end;

		if (i + 1 < NR_REGIONS)
			end = choice->starts[i + 1] - GIB;
		if (start > end || end - start < choice->sizes[i])
			return -ENOSPC;
	}
	return 0;
}

static int choose_off(struct choice *choice)
{
	for (unsigned int i = 0; i < NR_REGIONS; i++)
		choice->starts[i] = choice->geometry->bases[i];
	return check_order(choice);
}

/* Every arrangement equally likely; the direct map is put on a GiB within a region a GiB larger. */
static int choose_fine(struct choice *choice)
{
	struct window window = {.start = choice->geometry->window_start,
				.end = choice->geometry->window_end,
				.step = STEP,
				.min_gap = GIB};
	struct region regions[NR_REGIONS] = {
		{.name = "direct", .size = choice->sizes[DIRECT] + GIB},
		{.name = "vmalloc", .size = choice->sizes[VMALLOC]},
		{.name = "pages", .size = choice->sizes[PAGES]}};
	int error =
		layout_draw(regions, NR_REGIONS, &window, choice->random_below, choice->context);

	for (unsigned int i = 0; !error && i < NR_REGIONS; i++) {
		uint64_t align = i == DIRECT ? GIB : STEP;

		choice->starts[i] = round_up(regions[i].start, align);
		choice->millibits[i] = layout_draw_millibits(regions, i, &window, align);
	}
	return error;
}

/*
 * What Linux reserves: sizes in whole TiB, the padding added to the direct map. Rounding up leaves
 * the page array's region 2 GiB more than it needs, which is what the steps between the regions can
 * push its start beyond the offsets that were drawn.
 */
static void linux_sizes(const struct choice *choice, uint64_t reserved[NR_REGIONS])
{
	uint64_t unit = choice->geometry->unit;

	reserved[DIRECT] = round_up(choice->sizes[DIRECT], unit);
	reserved[DIRECT] += choice->request->padding_tib * TIB;
	reserved[VMALLOC] = choice->sizes[VMALLOC];
	reserved[PAGES] = round_up(choice->sizes[PAGES] + 2 * GIB, unit);
}

static int choose_linux(struct choice *choice)
{
	uint64_t at = choice->geometry->window_start, slack = choice->geometry->window_end - at;
	uint64_t reserved[NR_REGIONS], offset;

	linux_sizes(choice, reserved);
	for (unsigned int i = 0; i < NR_REGIONS; i++) {
		if (reserved[i] > slack)
			return -ENOSPC;
		slack -= reserved[i];
	}
	layout_linux_millibits(slack, choice->millibits);
	for (unsigned int i = 0; i < NR_REGIONS; i++) {
		offset = choice->random_below(choice->context, slack / (NR_REGIONS - i) + 1);
		offset &= ~(GIB - 1);
		choice->starts[i] = at + offset;
		at = round_up(choice->starts[i] + reserved[i] + 1, GIB);
		slack -= offset;
	}
	return check_order(choice);
}

static int choose(struct choice *choice)
{
	if (!work_out_sizes(choice))
		return -ENOSPC;
	switch (choice->request->kaslr) {
	case KASLR_OFF:
		return choose_off(choice);
	case KASLR_LINUX:
		return choose_linux(choice);
	default:
		return choose_fine(choice);
	}
}

static void write_out(const struct choice *choice, struct layout *out)
{
	const uint64_t *starts = choice->starts, *sizes = choice->sizes;

	*out = (struct layout){
		.page_offset = starts[DIRECT],
		.page_offset_end = starts[DIRECT] + sizes[DIRECT],
		.vmalloc_start = starts[VMALLOC],
		.vmalloc_end = starts[VMALLOC] + sizes[VMALLOC],
		.vmemmap_start = starts[PAGES],
		.vmemmap_end = starts[PAGES] + sizes[PAGES],
		.window_start = choice->geometry->window_start,
		.window_end = choice->geometry->window_end,
		.page_offset_millibits = choice->millibits[DIRECT],
		.vmalloc_millibits = choice->millibits[VMALLOC],
		.vmemmap_millibits = choice->millibits[PAGES],
	};
}

int layout_choose_within(const struct layout_geometry *geometry,
			 const struct layout_request *request, random_below_t random_below,
			 void *context, struct layout *out)
{
	struct choice choice = {.geometry = geometry,
				.request = request,
				.random_below = random_below,
				.context = context};
	int error = choose(&choice);

	if (!error)
		write_out(&choice, out);
	return error;
}

int layout_choose(const struct layout_request *request, random_below_t random_below, void *context,
		  struct layout *out)
{
	struct layout_geometry geometry = layout_build_geometry(request->levels);

	return layout_choose_within(&geometry, request, random_below, context, out);
}
