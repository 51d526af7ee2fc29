/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmalloc.h"
#include "page_alloc.h"
#include "plain.h"
#include "test.h"
#include "walk.h"
#include "words.h"

/* Large leaves: who gets them, from which zone, and that nothing is rounded up for them. */

TEST(vmalloc, huge, "whole 2 MiB get large leaves, the rest small ones, nothing is rounded up")
{
	size_t size = PMD_SIZE + 3 * PAGE_SIZE;
	struct page *block = alloc_pages(GFP_KERNEL | __GFP_NOWARN, PMD_SHIFT - PAGE_SHIFT);
	struct leaf leaf;
	char *p;

	if (block)
		__free_pages(block, PMD_SHIFT - PAGE_SHIFT);
	mm_quiesce();
	p = vmalloc_huge(size, GFP_KERNEL);
	require(p);
	expect_equal(is_vm_area_hugepages(p), block != NULL);
	expect_equal(get_vm_area_size(find_vm_area(p)), size);
	expect_equal(find_vm_area(p)->nr_pages, size >> PAGE_SHIFT);
	pattern_fill(p, size, 9);
	require(walk_lookup(&kernel_space, (uintptr_t)p, &leaf));
	expect_equal(leaf.size, is_vm_area_hugepages(p) ? PMD_SIZE : PAGE_SIZE);
	require(walk_lookup(&kernel_space, (uintptr_t)p + PMD_SIZE, &leaf));
	expect_equal(leaf.size, PAGE_SIZE);
	expect_equal(vmalloc_to_pfn(p + 5 * PAGE_SIZE), page_to_pfn(find_vm_area(p)->pages[5]));
	expect(pattern_holds(p, size, 9));
	vfree(p);
	p = vmalloc_huge_node(PAGE_SIZE, GFP_KERNEL, 0);
	expect(p && !is_vm_area_hugepages(p));
	vfree(p);
}

TEST(vmalloc, small_leaves, "large leaves are there only where they were asked for")
{
	size_t size = 2 * PMD_SIZE;
	char *p =
		__vmalloc_node_range(size, PMD_SIZE, VMALLOC_START, VMALLOC_END,
				     GFP_KERNEL | __GFP_NOWARN, PAGE_KERNEL, 0, NUMA_NO_NODE, NULL);
	struct leaf leaf;

	require(p);
	expect(!is_vm_area_hugepages(p));
	require(walk_lookup(&kernel_space, (uintptr_t)p, &leaf));
	expect_equal(leaf.size, PAGE_SIZE);
	vfree(p);
}

TEST(vmalloc, huge_low, "large leaves come from the zone that was asked for")
{
	size_t size = 4 * PMD_SIZE;
	char *p = __vmalloc_node_range(size, PMD_SIZE, VMALLOC_START, VMALLOC_END,
				       GFP_KERNEL | GFP_DMA32 | __GFP_NOWARN, PAGE_KERNEL,
				       VM_ALLOW_HUGE_VMAP, NUMA_NO_NODE, NULL);

	if (!p)
		test_skip("no 8 MiB below 4 GiB");
	for (size_t at = 0; at < size; at += PAGE_SIZE)
		expect_below(vmalloc_to_pfn(p + at), (uint64_t)1 << (32 - PAGE_SHIFT));
	vfree(p);
}

TEST(vmalloc, huge_compound, "frames of large leaves come back whatever __GFP_COMP says")
{
	char *p;

	mm_quiesce();
	p = vmalloc_huge(2 * PMD_SIZE, GFP_KERNEL | __GFP_COMP);
	require(p);
	expect_equal(vmalloc_to_page(p + PMD_SIZE)->kind, PAGE_PLAIN);
	vfree(p);
}

static size_t leaf_size(const char *p)
{
	struct leaf leaf;

	require(walk_lookup(&kernel_space, (uintptr_t)p, &leaf));
	return leaf.size;
}

TEST(vmalloc, huge_again, "2 MiB get a large leaf again, in a range that was used before")
{
	struct page *block = alloc_pages(GFP_KERNEL | __GFP_NOWARN, PMD_SHIFT - PAGE_SHIFT);

	if (!block)
		test_skip("no 2 MiB in one block");
	__free_pages(block, PMD_SHIFT - PAGE_SHIFT);
	for (unsigned int i = 0; i < 3; i++) {
		char *p = vmalloc_huge(PMD_SIZE, GFP_KERNEL);

		require(p);
		expect(is_vm_area_hugepages(p));
		expect_equal(leaf_size(p), PMD_SIZE);
		vfree(p);
		vm_unmap_aliases();
	}
}

/* Two, since the list of the area's pages lies in one, perhaps. */
static bool has_two_blocks(void)
{
	unsigned int order = PMD_SHIFT - PAGE_SHIFT;
	struct page *first = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);
	struct page *second = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);

	if (first)
		__free_pages(first, order);
	if (second)
		__free_pages(second, order);
	return second;
}

TEST(vmalloc, huge_inside, "whole 2 MiB have a large leaf where the area begins in front of them")
{
	size_t front = 3 * PAGE_SIZE, size = front + PMD_SIZE + 5 * PAGE_SIZE;
	size_t guard = vmap_area_guard() * PAGE_SIZE;
	uintptr_t start = ((VMALLOC_START / 2 + VMALLOC_END / 2) & ~(PMD_SIZE - 1)) - front;
	char *p;

	mm_quiesce();
	if (!has_two_blocks())
		test_skip("no two blocks of 2 MiB");
	p = __vmalloc_node_range(size, PAGE_SIZE, start - guard, start + size + guard, GFP_KERNEL,
				 PAGE_KERNEL, VM_ALLOW_HUGE_VMAP, NUMA_NO_NODE, NULL);
	require(p);
	expect_equal((uintptr_t)p, start);
	expect_equal(leaf_size(p + front - PAGE_SIZE), PAGE_SIZE);
	expect_equal(leaf_size(p + front), PMD_SIZE);
	expect_equal(leaf_size(p + front + PMD_SIZE), PAGE_SIZE);
	pattern_fill(p, size, 5);
	expect(pattern_holds(p, size, 5));
	vfree(p);
}

static struct page *take_gib(void)
{
	size_t nr = PUD_SIZE >> PAGE_SHIFT;

	return platform_cpu_features()->gib_leaves
		       ? alloc_contig_pages_aligned(nr, nr, GFP_KERNEL | __GFP_NOWARN, NUMA_NO_NODE,
						    NULL)
		       : NULL;
}

static void give_gib(struct page *block)
{
	for (size_t i = 0; block && i < PUD_SIZE >> PAGE_SHIFT; i++)
		__free_page(block + i);
}

/* Two for the same reason. */
static bool has_two_gib(void)
{
	struct page *first = take_gib(), *second = take_gib();

	give_gib(first);
	give_gib(second);
	return second;
}

TEST(vmalloc, huge_gib, "a whole GiB gets one leaf, the 2 MiB behind it one, the rest small ones")
{
	size_t size = PUD_SIZE + PMD_SIZE + PAGE_SIZE;
	char *p;

	if (!has_two_gib())
		test_skip("no two GiB of frames in one piece each, or no leaves for them");
	mm_quiesce();
	p = vmalloc_huge(size, GFP_KERNEL | __GFP_NOWARN);
	if (!p)
		test_skip("less than %zu free pages", size >> PAGE_SHIFT);
	expect_equal(leaf_size(p), PUD_SIZE);
	expect_equal(leaf_size(p + PUD_SIZE), PMD_SIZE);
	expect_equal(leaf_size(p + PUD_SIZE + PMD_SIZE), PAGE_SIZE);
	expect_equal(find_vm_area(p)->nr_pages, size >> PAGE_SHIFT);
	expect_fault_write(p + size);
	vfree(p);
}
