/* SPDX-License-Identifier: BSD-2-Clause */
#include "layout.h"
#include "levels.h"
#include "lib/errno.h"
#include "test.h"

/* The upper half as Linux's Documentation/arch/x86/x86_64/mm.rst lists it. */

static const uint64_t tib = (uint64_t)1 << 40;

static void expect_geometry(unsigned int levels, const struct layout_geometry *expected)
{
	struct layout_geometry geometry = layout_machine_geometry(levels);

	expect_equal(geometry.window_start, expected->window_start);
	expect_equal(geometry.window_end, expected->window_end);
	expect_equal(geometry.vmalloc_size, expected->vmalloc_size);
	expect_equal(geometry.unit, expected->unit);
	for (unsigned int i = 0; i < 3; i++)
		expect_equal(geometry.bases[i], expected->bases[i]);
}

TEST(layout_machine, four_levels,
     "with 4 levels: 117.5 TiB from ffff888000000000 on, 32 for vmalloc")
{
	expect_geometry(
		4, &(struct layout_geometry){
			   .window_start = 0xffff888000000000,
			   .window_end = 0xffff888000000000 + 117 * tib + tib / 2,
			   .vmalloc_size = 32 * tib,
			   .bases = {0xffff888000000000, 0xffffc90000000000, 0xffffea0000000000},
			   .unit = tib});
}

TEST(layout_machine, five_levels, "with 5 levels: from ff11000000000000 on, 12.5 PiB for vmalloc")
{
	expect_geometry(5,
			&(struct layout_geometry){.window_start = 0xff11000000000000,
						  .window_end = 0xfffffe0000000000,
						  .vmalloc_size = 12 * 1024 * tib + 512 * tib,
						  .bases = {0xff11000000000000, 0xffa0000000000000,
							    0xffd4000000000000},
						  .unit = tib});
}

static int choose(enum kaslr kaslr, uint64_t vmalloc_size, size_t page_struct_size)
{
	struct layout_geometry geometry = layout_machine_geometry(4);
	struct layout_request request = {.kaslr = kaslr,
					 .levels = 4,
					 .phys_end = (uint64_t)1 << 30,
					 .vmalloc_size = vmalloc_size,
					 .page_struct_size = page_struct_size};
	struct layout chosen;

	return layout_choose_within(&geometry, &request, test_random_below, NULL, &chosen);
}

TEST(layout_machine, largest, "kaslr=off: vmalloc may end a GiB before the page array, not later")
{
	uint64_t room = 33 * tib, gib = (uint64_t)1 << 30;

	expect_equal(choose(KASLR_OFF, room - gib, 32), 0);
	expect_equal(choose(KASLR_OFF, room - gib + 1, 32), -ENOSPC);
	expect_equal(choose(KASLR_OFF, room, 32), -ENOSPC);
}

TEST(layout_machine, page_struct, "an element of the page array is a page at most")
{
	expect_equal(choose(KASLR_FINE, 0, PAGE_SIZE), 0);
	expect_equal(choose(KASLR_FINE, 0, PAGE_SIZE + 1), -ENOSPC);
}
