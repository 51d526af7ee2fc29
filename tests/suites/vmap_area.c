/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmap_area.h"
#include "area_cache.h"
#include "mm.h"
#include "plain.h"
#include "slab.h"
#include "space.h"
#include "test.h"
#include "vmalloc.h"
#include "window.h"

/* The address space of the vmalloc region: guards, descriptors, searches, claims. */

enum { CROWD = 3300 }; /* areas whose descriptors are measured */

PLAIN_TEST(vmap_area, guard_shared, "neighbours share one guard, and the window's edges count")
{
	char *first = get(3), *second = get(2);

	expect_equal((uintptr_t)first, window() + PAGE_SIZE);
	expect_equal((uintptr_t)second, (uintptr_t)first + 4 * PAGE_SIZE);
	vfree(first);
	vfree(second);
}

PLAIN_TEST(vmap_area, range_bounds_guards, "a request's range holds its guards too")
{
	uintptr_t start = window();
	void *area;

	expect(!place_in(3, start, start + 4 * PAGE_SIZE, 0, PLACE_LOWEST));
	area = place_in(3, start, start + 5 * PAGE_SIZE, 0, PLACE_LOWEST);
	expect_equal((uintptr_t)area, start + PAGE_SIZE);
	vfree(area);
}

PLAIN_TEST(vmap_area, no_guard, "VM_NO_GUARD drops the guard behind, not the one before")
{
	uintptr_t start = window();
	void *area = place_in(3, start, start + 4 * PAGE_SIZE, VM_NO_GUARD, PLACE_LOWEST);

	require(area);
	expect_equal((uintptr_t)area, start + PAGE_SIZE);
	expect_equal(find_vm_area(area)->size, 3 * PAGE_SIZE);
	expect_equal(get_vm_area_size(find_vm_area(area)), 3 * PAGE_SIZE);
	vfree(area);
}

PLAIN_TEST(vmap_area, guard_widths, "guards of 1 to 17 pages lie before, behind and between areas")
{
	for (unsigned int width = 1; width <= 17; width++) {
		uintptr_t end = window() + (3 * width + 3) * PAGE_SIZE;
		char *first, *second;

		vmap_area_set_guard(width);
		first = place_in(1, window(), end, 0, PLACE_LOWEST);
		second = place_in(2, window(), end, 0, PLACE_LOWEST);
		expect_equal((uintptr_t)first, window() + width * PAGE_SIZE);
		expect_equal(second - first, (1 + width) * PAGE_SIZE);
		expect(!place_in(1, window(), end, 0, PLACE_LOWEST));
		vfree(first);
		vfree(second);
		vm_unmap_aliases();
	}
}

/* Through the caches: an explicit range goes past them. */
TEST(vmap_area, guard_change, "what was made under another width does not come back with it")
{
	unsigned int before = vmap_area_guard();
	void *area = vmalloc(PAGE_SIZE);
	struct vmap_area_stats stats;

	vfree(vmalloc(2 * PAGE_SIZE));
	vmap_area_set_guard(before + 7);
	vmap_area_get_stats(&stats);
	expect_equal(stats.ready + stats.lazy, 0);
	vfree(area);
	vm_unmap_aliases();
	area = vmalloc(PAGE_SIZE);
	require(area);
	expect_equal(find_vm_area(area)->guard, before + 7);
	expect_equal(find_vm_area(area)->size, (before + 8) * PAGE_SIZE);
	vfree(area);
	vmap_area_set_guard(before);
}

PLAIN_TEST(vmap_area, tables, "page tables that became empty are freed at the purge")
{
	uint64_t before = space_nr_tables();
	void *area = get(2);

	expect(space_nr_tables() > before);
	vfree(area);
	vm_unmap_aliases();
	expect_equal(space_nr_tables(), before);
}

/* Maps a page twice; the flush for the first range is over then. */
static void map_twice(struct page *page)
{
	for (unsigned int i = 0; i < 2; i++) {
		vunmap(vmap(&page, 1, VM_MAP, PAGE_KERNEL));
		vm_unmap_aliases();
	}
}

PLAIN_TEST(vmap_area, searches, "each search of the free blocks counts; a ready range needs none")
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct vmap_area_options options;
	uint64_t before;

	require(page);
	vmap_area_get_options(&options);
	if (options.place != PLACE_LOWEST) {
		__free_page(page);
		test_skip("ready ranges are for place=lowest");
	}
	map_twice(page);
	before = vmap_area_nr_searches();
	map_twice(page);
	expect_equal(vmap_area_nr_searches(), before);
	vmap_area_set_cache(false);
	before = vmap_area_nr_searches();
	map_twice(page);
	expect_equal(vmap_area_nr_searches(), before + 2);
	vfree(get(3));
	expect_equal(vmap_area_nr_searches(), before + 3);
	vmap_area_set_cache(true);
	map_twice(page);
	before = vmap_area_nr_searches();
	map_twice(page);
	expect_equal(vmap_area_nr_searches(), before);
	__free_page(page);
}

PLAIN_TEST(vmap_area, no_room,
	   "a range that was not used goes to the free blocks, if the cache is full")
{
	struct area_cpu *cpu = this_area_cpu();
	struct vmap_area_stats before, after;
	struct vmap_request request = {.nr_pages = 5,
				       .align = PAGE_SIZE,
				       .start = VMALLOC_START,
				       .end = VMALLOC_END,
				       .gfp = GFP_KERNEL};
	struct area *area = vmap_area_alloc(&request);
	int64_t room = cpu->room;

	require(area);
	vmap_area_get_stats(&before);
	cpu->room = 0;
	vmap_area_free_unused(area);
	vmap_area_get_stats(&after);
	expect_equal(cpu->room, 0);
	cpu->room = room;
	expect_equal(after.ready, before.ready);
	expect_equal(after.free_bytes, before.free_bytes + 6 * PAGE_SIZE);
}

PLAIN_TEST(vmap_area, find, "an address inside leads to its area, one outside to none")
{
	char *first = get(3);

	expect_equal(find_vmap_area((uintptr_t)first)->va_start, (uintptr_t)first);
	expect_equal(find_vmap_area((uintptr_t)first + 2 * PAGE_SIZE + 17)->va_start,
		     (uintptr_t)first);
	expect(!find_vmap_area((uintptr_t)first - 1));
	expect(!find_vmap_area((uintptr_t)first + 4 * PAGE_SIZE));
	vfree(first);
	expect(!find_vmap_area((uintptr_t)first));
}

TEST(vmap_area, descriptor, "the descriptor of a one-page area takes at most 128 bytes of slabs")
{
	struct slab_stats slabs_before, slabs_after;
	struct vmap_area_stats before, after;
	struct vm_struct **areas = vmalloc_array(CROWD, sizeof(*areas));

	require(areas != NULL);
	mm_quiesce();
	slab_get_stats(&slabs_before);
	vmap_area_get_stats(&before);
	for (unsigned int i = 0; i < CROWD; i++) {
		areas[i] = get_vm_area(PAGE_SIZE, VM_MAP);
		require(areas[i] != NULL);
	}
	slab_get_stats(&slabs_after);
	vmap_area_get_stats(&after);
	expect(after.descriptors >= before.descriptors + CROWD);
	expect((slabs_after.slab_frames - slabs_before.slab_frames) * PAGE_SIZE <=
	       128 * (after.descriptors - before.descriptors));
	for (unsigned int i = 0; i < CROWD; i++)
		free_vm_area(areas[i]);
	vfree(areas);
}

PLAIN_TEST(vmap_area, claimed, "a ready range that is taken is its taker's, in none of the lists")
{
	struct vmap_request request = {.nr_pages = 5,
				       .align = PAGE_SIZE,
				       .start = VMALLOC_START,
				       .end = VMALLOC_END,
				       .place = PLACE_LOWEST,
				       .gfp = GFP_KERNEL};
	struct area *area = vmap_area_alloc(&request), *again;

	require(area);
	vmap_area_free_unused(area);
	expect_equal(area->va.state, AREA_READY);
	again = vmap_area_alloc(&request);
	expect(again == area);
	expect_equal(again->va.state, AREA_CLAIMED);
	vmap_area_free_unused(again);
}
