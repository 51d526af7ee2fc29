/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmap_area.h"
#include "area_cache.h"
#include "layout.h"
#include "lib/errno.h"
#include "mm.h"
#include "purge.h"
#include "plain.h"
#include "slab.h"
#include "space.h"
#include "test.h"
#include "vmalloc.h"
#include "vmallocinfo.h"
#include "words.h"

/* The address space of the vmalloc region: where areas come to lie, and when addresses are reused.
 */

enum {
	HERE = 64,    /* pages of the window that most tests have to themselves */
	CROWD = 3300, /* areas whose descriptors are measured */
};

/* A window far from everything else, so that what other tests cache does not matter. */
static uintptr_t window(void)
{
	return VMALLOC_START + ((VMALLOC_END - VMALLOC_START) / 2 & ~(PUD_SIZE - 1));
}

static void *place_in(size_t pages, uintptr_t start, uintptr_t end, unsigned long flags,
		      enum vmap_place place)
{
	return __vmalloc_node_range_place(pages * PAGE_SIZE, PAGE_SIZE, start, end,
					  GFP_KERNEL | __GFP_NOWARN, PAGE_KERNEL, flags,
					  NUMA_NO_NODE, __builtin_return_address(0), place);
}

static void *get(size_t pages)
{
	return place_in(pages, window(), window() + HERE * PAGE_SIZE, 0, PLACE_LOWEST);
}

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

PLAIN_TEST(vmap_area, lazy, "addresses are not used again before a flush, and are after it")
{
	char *first = get(HERE - 2);

	require(first);
	vfree(first);
	expect(!vmap_area_pin((uintptr_t)first));
	vm_unmap_aliases();
	expect_equal((uintptr_t)get(HERE - 2), (uintptr_t)first);
	vfree(first);
}

PLAIN_TEST(vmap_area, exhausted, "space that is only lazily freed is purged when it runs out")
{
	struct vmap_area_stats before, after;
	char *first = get(HERE - 2), *again;

	vfree(first);
	vmap_area_get_stats(&before);
	again = get(HERE - 2);
	vmap_area_get_stats(&after);
	expect_equal((uintptr_t)again, (uintptr_t)first);
	expect(after.purges > before.purges);
	vfree(again);
}

static void *hoard;
static unsigned int asked;

static int give_hoard(struct notifier_block *block, unsigned long action, void *data)
{
	(void)block;
	(void)action;
	*(unsigned long *)data += 1;
	asked++;
	vfree(hoard);
	hoard = NULL;
	return 0;
}

PLAIN_TEST(vmap_area, notifier, "when space runs out, those who registered are asked for theirs")
{
	struct notifier_block block = {.notifier_call = give_hoard};
	void *area;

	asked = 0;
	hoard = get(HERE - 2);
	require(hoard);
	expect_equal(register_vmap_purge_notifier(&block), 0);
	expect_equal(register_vmap_purge_notifier(&block), -EEXIST);
	expect(block.next != &block);
	area = get(HERE - 2);
	expect_equal(asked, 1);
	expect(area);
	expect_equal(unregister_vmap_purge_notifier(&block), 0);
	expect_equal(unregister_vmap_purge_notifier(&block), -ENOENT);
	vfree(area);
}

PLAIN_TEST(vmap_area, quarantine,
	   "freed addresses stay unused until as many pages were freed again")
{
	struct vmap_area_stats before, after;
	char *first, *second;

	vmap_area_set_quarantine(10);
	vmap_area_get_stats(&before);
	first = get(4);
	vfree(first);
	vm_unmap_aliases();
	vmap_area_get_stats(&after);
	expect_equal(after.quarantined, before.quarantined + 1);
	expect_equal(after.lazy, before.lazy);
	second = get(4);
	expect_not_equal((uintptr_t)second, (uintptr_t)first);
	vfree(second);
	vm_unmap_aliases();
	second = get(4);
	vfree(second);
	vm_unmap_aliases();
	expect_equal((uintptr_t)get(4), (uintptr_t)first);
	vfree(first);
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

PLAIN_TEST(vmap_area, one_flush,
	   "one page freed thousands of times needs a flush for 32 MiB of them")
{
	struct vmap_area_stats before, after;
	enum { LOOPS = 30000, PAGES_32_MIB = 8192 };

	if (VMALLOC_END - VMALLOC_START < LOOPS * 2 * PAGE_SIZE)
		test_skip("the region has no room for so many areas");
	vm_unmap_aliases();
	vmap_area_get_stats(&before);
	for (unsigned int i = 0; i < LOOPS; i++)
		vfree(vmalloc(1));
	vmap_area_get_stats(&after);
	expect(after.flushes - before.flushes <= LOOPS / PAGES_32_MIB);
	expect(after.flushes > before.flushes);
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

PLAIN_TEST(vmap_area, purge_counts, "a purge counts once, and leaves nothing that waits")
{
	struct vmap_area_stats before, after;

	vm_unmap_aliases();
	vmap_area_get_stats(&before);
	vfree(get(30));
	vfree(vmalloc(300 * PAGE_SIZE));
	vm_unmap_aliases();
	vmap_area_get_stats(&after);
	expect_equal(after.purges, before.purges + 1);
	expect_equal(after.flushes, before.flushes + 1);
	expect_equal(this_area_cpu()->unflushed, 0);
	expect_equal(purge_state.lazy_pages, 0);
	vm_unmap_aliases();
	vmap_area_get_stats(&after);
	expect_equal(after.purges, before.purges + 1);
}

PLAIN_TEST(vmap_area, report, "a CPU tells what it freed after as many pages as it was told to")
{
	struct vmap_area_stats before, after;

	vmap_area_set_lazy_max(3);
	vmap_area_get_stats(&before);
	vfree(get(1));
	vfree(get(1));
	vmap_area_get_stats(&after);
	expect_equal(after.purges, before.purges);
	vfree(get(1));
	vmap_area_get_stats(&after);
	expect_equal(after.purges, before.purges + 1);
	vmap_area_set_lazy_max(1);
	for (unsigned int i = 1; i < 4; i++) {
		vmap_area_get_stats(&before);
		vfree(get(1));
		vmap_area_get_stats(&after);
		expect_equal(after.purges, before.purges + 1);
	}
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

TEST(vmap_area, lazy_pagealloc, "under debug=pagealloc each freed page is flushed at once")
{
	struct vmap_area_options options;

	if (!(mm_slow_reasons & SLOW_UNMAP))
		test_skip("not debug=pagealloc");
	vmap_area_get_options(&options);
	expect_equal(options.lazy_max, 1);
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
