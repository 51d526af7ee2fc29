/* SPDX-License-Identifier: BSD-2-Clause */
#include "fail.h"
#include "page_alloc.h"
#include "percpu_alloc.h"
#include "plain.h"
#include "test.h"
#include "vmalloc.h"
#include "vmap_area.h"
#include "walk.h"
#include "words.h"

/* Changing sizes: in place, by moving frames, and never by copying. */

enum { PAGES = 8 };

static char *get(size_t bytes)
{
	char *p = vmalloc(bytes);

	if (p)
		pattern_fill(p, bytes & ~(size_t)7, 5);
	return p;
}

/* In the middle of the region, at the lowest address there, whatever the run's placement. */
static char *get_in_middle(size_t bytes)
{
	uintptr_t middle = (VMALLOC_START / 2 + VMALLOC_END / 2) & PAGE_MASK;

	return __vmalloc_node_range_place(bytes, 1, middle, VMALLOC_END, GFP_KERNEL, PAGE_KERNEL, 0,
					  NUMA_NO_NODE, NULL, PLACE_LOWEST);
}

static bool holds(const char *p, size_t bytes)
{
	return pattern_holds(p, bytes & ~(size_t)7, 5);
}

TEST(vrealloc, edges, "NULL allocates, size 0 frees, a foreign address is refused")
{
	char *p = vrealloc(NULL, 3 * PAGE_SIZE, GFP_KERNEL);

	require(p);
	expect_equal(find_vm_area(p)->nr_pages, 3);
	expect(!vrealloc(p + PAGE_SIZE, PAGE_SIZE, GFP_KERNEL));
	expect(!vrealloc(p, ~(size_t)0, GFP_KERNEL));
	expect(find_vm_area(p));
	expect(!vrealloc(p, 0, GFP_KERNEL));
	expect(!find_vm_area(p));
}

TEST(vrealloc, refused, "an area without pages, and a node that there is not, are refused")
{
	struct vm_struct *reserved = get_vm_area(3 * PAGE_SIZE, VM_ALLOC);
	uint64_t *mine = alloc_percpu(uint64_t);
	char *p = vmalloc(3 * PAGE_SIZE), *chunk;

	require(reserved && mine && p);
	chunk = find_vm_area(mine)->addr;
	expect(!vrealloc(reserved->addr, 2 * PAGE_SIZE, GFP_KERNEL));
	expect(!vrealloc(reserved->addr, 9 * PAGE_SIZE, GFP_KERNEL));
	expect(!vrealloc(chunk, 99 * PAGE_SIZE, GFP_KERNEL));
	*mine = 5;
	for (int node = (int)nr_online_nodes(); node > -4; node -= (int)nr_online_nodes() + 2) {
		expect(!vrealloc_node_align(p, PAGE_SIZE, 1, GFP_KERNEL, node));
		expect(!vrealloc_node_align(p, 9 * PAGE_SIZE, 1, GFP_KERNEL, node));
	}
	expect_equal(find_vm_area(p)->nr_pages, 3);
	free_percpu(mine);
	free_vm_area(reserved);
	vfree(p);
}

TEST(vrealloc, shrink, "shrinking keeps the address and frees the tail's frames")
{
	char *p = get(PAGES * PAGE_SIZE);
	uint64_t free_before;

	require(p);
	free_before = nr_free_pages();
	expect_equal((uintptr_t)vrealloc(p, 3 * PAGE_SIZE, GFP_KERNEL), (uintptr_t)p);
	expect_equal(nr_free_pages(), free_before + PAGES - 3);
	expect_equal(find_vm_area(p)->nr_pages, 3);
	expect_equal(get_vm_area_size(find_vm_area(p)), 3 * PAGE_SIZE);
	expect(holds(p, 3 * PAGE_SIZE));
	vm_unmap_aliases();
	expect_fault_read(p + 3 * PAGE_SIZE);
	vfree(p);
}

TEST(vrealloc, grow_in_place, "growing keeps the address where what follows is free")
{
	char *p = get_in_middle(2 * PAGE_SIZE);

	require(p);
	pattern_fill(p, 2 * PAGE_SIZE, 5);
	require_equal((uintptr_t)vrealloc(p, PAGES * PAGE_SIZE, GFP_KERNEL), (uintptr_t)p);
	expect(holds(p, 2 * PAGE_SIZE));
	expect_equal(get_vm_area_size(find_vm_area(p)), PAGES * PAGE_SIZE);
	p[PAGES * PAGE_SIZE - 1] = 1;
	expect_fault_write(p + PAGES * PAGE_SIZE);
	vfree(p);
}

TEST_FLAGS(vrealloc, move, "where it cannot grow the same frames get another address", TEST_SMOKE)
{
	char *areas[2], *moved;
	unsigned long first, second;

	for (unsigned int i = 0; i < 2; i++)
		areas[i] = get_in_middle(2 * PAGE_SIZE);
	require(areas[0] && areas[1]);
	pattern_fill(areas[0], 2 * PAGE_SIZE, 5);
	first = vmalloc_to_pfn(areas[0]);
	second = vmalloc_to_pfn(areas[0] + PAGE_SIZE);
	moved = vrealloc(areas[0], PAGES * PAGE_SIZE, GFP_KERNEL);
	require(moved);
	expect_not_equal((uintptr_t)moved, (uintptr_t)areas[0]);
	expect_equal(vmalloc_to_pfn(moved), first);
	expect_equal(vmalloc_to_pfn(moved + PAGE_SIZE), second);
	expect(holds(moved, 2 * PAGE_SIZE));
	expect(!find_vm_area(areas[0]));
	vm_unmap_aliases();
	expect_fault_read(areas[0]);
	vfree(moved);
	vfree(areas[1]);
}

TEST(vrealloc, zero, "__GFP_ZERO clears from the old size in bytes on")
{
	char *p = get(5000);

	require(p);
	memset(p + 5000, 0xee, 2 * PAGE_SIZE - 5000);
	expect_equal((uintptr_t)vrealloc(p, 6000, GFP_KERNEL | __GFP_ZERO), (uintptr_t)p);
	expect(holds(p, 5000));
	expect(all_zero(p + 5000, 1000));
	p = vrealloc(p, 5 * PAGE_SIZE, GFP_KERNEL | __GFP_ZERO);
	require(p);
	expect(holds(p, 5000));
	expect(all_zero(p + 5000, 5 * PAGE_SIZE - 5000));
	vfree(p);
}

TEST(vrealloc, align, "vrealloc_node_align moves to the alignment that is asked for")
{
	char *p = get(3 * PAGE_SIZE), *q;

	require(p);
	q = vrealloc_node_align(p, 3 * PAGE_SIZE, PMD_SIZE, GFP_KERNEL, NUMA_NO_NODE);
	require(q);
	expect_equal((uintptr_t)q & (PMD_SIZE - 1), 0);
	expect(holds(q, 3 * PAGE_SIZE));
	expect(!vrealloc_node_align(q, PAGE_SIZE, 3, GFP_KERNEL, NUMA_NO_NODE));
	vfree(q);
}

TEST(vrealloc, huge, "a large leaf that shrinks is split, its contents stay")
{
	char *p = vmalloc_huge(2 * PMD_SIZE, GFP_KERNEL);

	require(p);
	pattern_fill(p, PAGE_SIZE, 5);
	expect_equal((uintptr_t)vrealloc(p, PMD_SIZE / 2, GFP_KERNEL), (uintptr_t)p);
	expect(holds(p, PAGE_SIZE));
	expect(!is_vm_area_hugepages(p));
	expect_equal((uintptr_t)vrealloc(p, PMD_SIZE / 4, GFP_KERNEL), (uintptr_t)p);
	p = vrealloc(p, 3 * PMD_SIZE, GFP_KERNEL);
	require(p);
	expect(holds(p, PAGE_SIZE));
	vfree(p);
}

TEST(vrealloc, count, "growing and shrinking keeps the count of vmalloc's pages")
{
	unsigned long before = vmalloc_nr_pages();
	char *p = get(3 * PAGE_SIZE);

	p = vrealloc(p, PAGES * PAGE_SIZE, GFP_KERNEL);
	expect_equal(vmalloc_nr_pages(), before + PAGES);
	p = vrealloc(p, PAGE_SIZE, GFP_KERNEL);
	expect_equal(vmalloc_nr_pages(), before + 1);
	vfree(p);
	expect_equal(vmalloc_nr_pages(), before);
}

TEST(vrealloc, shrink_and_align, "shrinking under a stricter alignment moves only what is kept")
{
	unsigned long before = vmalloc_nr_pages();
	char *first = get(PAGE_SIZE), *p = get(PAGES * PAGE_SIZE), *behind;

	if (!((uintptr_t)p & (8 * PAGE_SIZE - 1)))
		p = vrealloc_node_align(p, PAGES * PAGE_SIZE, 32 * PAGE_SIZE, GFP_KERNEL, 0);
	p = vrealloc_node_align(p, 3 * PAGE_SIZE, PMD_SIZE, GFP_KERNEL, NUMA_NO_NODE);
	require(p);
	behind = vmalloc(PAGE_SIZE);
	expect_equal((uintptr_t)p & (PMD_SIZE - 1), 0);
	expect(holds(p, 3 * PAGE_SIZE));
	expect_equal(find_vm_area(p)->nr_pages, 3);
	expect(!vmalloc_to_page(p + 3 * PAGE_SIZE));
	expect_equal(vmalloc_nr_pages(), before + 5);
	vfree(behind);
	vfree(p);
	vfree(first);
}

PLAIN_TEST(vrealloc, one_page_list,
	   "the page list of a moved page is not lost when its range is used again")
{
	unsigned long align = 16 * PAGE_SIZE;
	struct vmap_area_options options;
	void *blocker, *p, *again;

	vmap_area_get_options(&options);
	if (options.place != PLACE_LOWEST)
		test_skip("the same place is not had twice");
	blocker = vmalloc(2 * PAGE_SIZE);
	p = vmalloc(2 * PAGE_SIZE);
	require(blocker && p);
	if (!((uintptr_t)p & (align - 1))) {
		vfree(p);
		p = blocker;
		blocker = NULL;
	}
	p = vrealloc_node_align(p, PAGE_SIZE, align, GFP_KERNEL, NUMA_NO_NODE);
	require(p);
	vfree(p);
	vmap_area_set_lazy_max(1);
	vfree(vmalloc(PAGE_SIZE)); /* a flush, after which the range is ready */
	vmap_area_set_lazy_max(options.lazy_max);
	again = __vmalloc_node_range(PAGE_SIZE, align, VMALLOC_START, VMALLOC_END, GFP_KERNEL,
				     PAGE_KERNEL, VM_USERMAP, NUMA_NO_NODE, NULL);
	expect_equal((uintptr_t)again, (uintptr_t)p);
	vfree(again);
	vfree(blocker);
}

TEST(vrealloc, nothing, "no area and no bytes are nothing, an unknown flag is refused")
{
	char *p = get(PAGE_SIZE);

	require(p);
	expect(!vrealloc(NULL, 0, GFP_KERNEL | __GFP_NOWARN));
	expect(!vrealloc(p, 2 * PAGE_SIZE, GFP_KERNEL | (gfp_t)1 << 30));
	expect_equal(find_vm_area(p)->nr_pages, 1);
	p = vrealloc_node_align(p, 2 * PAGE_SIZE, 0, GFP_KERNEL, NUMA_NO_NODE);
	require(p);
	expect(holds(p, PAGE_SIZE));
	vfree(p);
}

TEST(vrealloc, zero_pages, "whole pages come cleared, and nothing is where an area gets smaller")
{
	char *p = get(PAGE_SIZE);

	require(p);
	p = vrealloc(p, 2 * PAGE_SIZE, GFP_KERNEL | __GFP_ZERO);
	require(p);
	expect(holds(p, PAGE_SIZE));
	expect(all_zero(p + PAGE_SIZE, PAGE_SIZE));
	p = vrealloc(p, 100, GFP_KERNEL | __GFP_ZERO);
	require(p);
	expect(holds(p, 100));
	vfree(p);
}

TEST(vrealloc, huge_fails, "a large leaf that cannot be split stays whole; addresses may stay too")
{
	char *p = vmalloc_huge(2 * PMD_SIZE, GFP_KERNEL), *q;

	require(p);
	pattern_fill(p, PAGE_SIZE, 5);
	fail_arm(1, 1u << FAIL_TABLE);
	q = vrealloc(p, PMD_SIZE / 2, GFP_KERNEL | __GFP_NOWARN);
	if (fail_disarm()) /* without large leaves nothing is to be split */
		expect(!q);
	if (!q)
		expect_equal(find_vm_area(p)->nr_pages, 2 * PMD_SIZE / PAGE_SIZE);
	p = q ? q : p;
	expect(holds(p, PAGE_SIZE));
	vmap_area_quiesce(); /* no descriptor is at hand */
	fail_arm(1, 1u << FAIL_SLAB_OBJECT);
	q = vrealloc(p, PMD_SIZE, GFP_KERNEL | __GFP_NOWARN);
	fail_disarm();
	p = q ? q : p;
	fail_arm(1, 1u << FAIL_TABLE);
	q = vrealloc(p, PMD_SIZE + PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN);
	fail_disarm();
	p = q ? q : p;
	expect(holds(p, PAGE_SIZE));
	vfree(p);
}
