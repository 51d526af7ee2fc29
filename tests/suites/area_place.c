/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmap_area.h"
#include "mm.h"
#include "plain.h"
#include "space.h"
#include "test.h"
#include "vmalloc.h"
#include "vmallocinfo.h"
#include "window.h"

/* Which of the free addresses are chosen: the policies of placing, and alignment. */

PLAIN_TEST(vmap_area, lowest, "the lowest hole that is large enough is taken")
{
	char *areas[5];

	for (unsigned int i = 0; i < 5; i++)
		areas[i] = get(i == 1 ? 1 : 4);
	vfree(areas[1]);
	vfree(areas[3]);
	vm_unmap_aliases();
	expect_equal((uintptr_t)get(3), (uintptr_t)areas[3]);
	expect_equal((uintptr_t)get(1), (uintptr_t)areas[1]);
	vfree(areas[0]);
	vfree(areas[1]);
	vfree(areas[2]);
	vfree(areas[3]);
	vfree(areas[4]);
}

PLAIN_TEST(vmap_area, place_top, "place=top takes the highest slot")
{
	uintptr_t end = window() + HERE * PAGE_SIZE;
	void *area = place_in(3, window(), end, 0, PLACE_TOP);

	expect_equal((uintptr_t)area, end - 4 * PAGE_SIZE);
	vfree(area);
}

PLAIN_TEST(vmap_area, place_best, "place=best takes the smallest hole that is large enough")
{
	char *wide = get(6), *wall = get(1), *narrow = get(2), *last = get(1), *area;

	vfree(wide);
	vfree(narrow);
	vm_unmap_aliases();
	area = place_in(2, window(), window() + HERE * PAGE_SIZE, 0, PLACE_BEST);
	expect_equal((uintptr_t)area, (uintptr_t)narrow);
	vfree(area);
	vfree(wall);
	vfree(last);
}

PLAIN_TEST(vmap_area, place_random, "place=random reaches every slot of a small window")
{
	uintptr_t end = window() + 7 * PAGE_SIZE;
	unsigned int seen = 0;

	for (unsigned int i = 0; i < 200; i++) {
		char *area = place_in(1, window(), end, 0, PLACE_RANDOM);

		require(area);
		seen |= 1u << (((uintptr_t)area - window()) >> PAGE_SHIFT);
		vfree(area);
		vm_unmap_aliases();
	}
	expect_equal(seen, 0x3e); /* pages 1 to 5: the edges are guards */
}

PLAIN_TEST(vmap_area, slots,
	   "the number of free places, and so the entropy of a random one, is known")
{
	struct vmap_request request = {.nr_pages = 2,
				       .align = PAGE_SIZE,
				       .start = window(),
				       .end = window() + 9 * PAGE_SIZE};
	void *area;

	expect_equal(vmap_area_slots(&request), 6);
	area = place_in(1, window(), window() + 4 * PAGE_SIZE, 0, PLACE_LOWEST);
	expect_equal(vmap_area_slots(&request), 4);
	request.align = 2 * PAGE_SIZE;
	expect_equal(vmap_area_slots(&request), 2);
	request.end = request.start;
	expect_equal(vmap_area_slots(&request), 0);
	request.end = request.start + PAGE_SIZE;
	expect_equal(vmap_area_slots(&request), 0);
	vfree(area);
}

/* What AREAS areas of a page cost in page tables, placed like that; none of them is left. */
static uint64_t tables_for(enum vmap_place place)
{
	enum { AREAS = 64 };
	uint64_t before, made;
	void *areas[AREAS];

	mm_quiesce();
	before = space_nr_tables();
	for (unsigned int i = 0; i < AREAS; i++) {
		areas[i] = place_in(1, VMALLOC_START, VMALLOC_END, 0, place);
		require(areas[i]);
	}
	made = space_nr_tables() - before;
	for (unsigned int i = 0; i < AREAS; i++)
		vfree(areas[i]);
	mm_quiesce();
	expect_equal(space_nr_tables(), before);
	test_report(place == PLACE_RANDOM ? "page tables for 64 areas, random"
					  : "page tables for 64 areas, lowest",
		    (int64_t)made, "tables");
	return made;
}

/* An area and the guard before it lie in two tables of a level at most; those one level below the
 * root are there always. */
PLAIN_TEST(
	vmap_area, random_tables,
	"a random place costs two tables a level at most, which totals count, and none when freed")
{
	uint64_t levels = kernel_space.levels - 2, random = tables_for(PLACE_RANDOM);
	struct vmalloc_totals totals;

	expect_below(random, 64 * 2 * levels + 1);
	expect_below(tables_for(PLACE_LOWEST), 2 * levels + 1);
	if ((VMALLOC_END - VMALLOC_START) >> PUD_SHIFT > 1000)
		expect(random >= 32 * levels);
	vmalloc_get_totals(&totals);
	expect_equal(totals.table_bytes, space_nr_tables() * PAGE_SIZE);
}

TEST(vmap_area, alignment, "every power of two up to a GiB is kept")
{
	uintptr_t most = (VMALLOC_END - VMALLOC_START) / 4;

	for (unsigned long align = 1; align <= PUD_SIZE && align <= most; align <<= 1) {
		void *area = __vmalloc_node(PAGE_SIZE, align, GFP_KERNEL, NUMA_NO_NODE,
					    __builtin_return_address(0));

		require(area);
		expect_equal((uintptr_t)area & (align - 1), 0);
		vfree(area);
	}
	expect(!__vmalloc_node(PAGE_SIZE, 1ul << 63, GFP_KERNEL | __GFP_NOWARN, NUMA_NO_NODE,
			       NULL));
	expect(!__vmalloc_node(PAGE_SIZE, 3, GFP_KERNEL, NUMA_NO_NODE, NULL));
}

PLAIN_TEST(vmap_area, leaves, "areas for large leaves begin where these do, and no further up")
{
	uintptr_t start = window() + PMD_SIZE - PAGE_SIZE;
	char *p = place_in(512, start, start + 5 * PMD_SIZE, VM_ALLOW_HUGE_VMAP, PLACE_LOWEST);

	require(p);
	expect_equal((uintptr_t)p, start + PAGE_SIZE);
	vfree(p);
	vm_unmap_aliases();
	p = place_in(512, start + PAGE_SIZE, start + 5 * PMD_SIZE, VM_ALLOW_HUGE_VMAP,
		     PLACE_LOWEST);
	require(p);
	expect_equal((uintptr_t)p, start + PAGE_SIZE + PMD_SIZE);
	vfree(p);
}

TEST(vmap_area, alignment_of_leaves, "a larger alignment than that of large leaves is kept")
{
	uintptr_t most = (VMALLOC_END - VMALLOC_START) / 4;

	for (unsigned long align = PMD_SIZE; align <= PUD_SIZE && align <= most; align <<= 1) {
		void *area = __vmalloc_node_range(PMD_SIZE, align, VMALLOC_START, VMALLOC_END,
						  GFP_KERNEL | __GFP_NOWARN, PAGE_KERNEL,
						  VM_ALLOW_HUGE_VMAP, NUMA_NO_NODE, NULL);

		expect(area);
		expect_equal((uintptr_t)area & (align - 1), 0);
		vfree(area);
	}
}
