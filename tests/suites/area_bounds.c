/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/errno.h"
#include "lib/format.h"
#include "map.h"
#include "mtrr.h"
#include "page_alloc.h"
#include "reclaim.h"
#include "scratch.h"
#include "slab.h"
#include "test.h"
#include "tlb.h"
#include "vmalloc.h"
#include "vmallocinfo.h"
#include "walk.h"
#include "window.h"
#include "words.h"

/* What reaches from one area to the next, beyond the region, or not as far as its area does. */

TEST(kvmalloc, sensitive_part, "kvfree_sensitive() clears as many bytes as it is told, and no more")
{
	char *area = vmalloc(2 * PAGE_SIZE), *last;
	struct page *frame;

	require(area);
	frame = vmalloc_to_page(area + PAGE_SIZE);
	get_page(frame);
	memset(area, 3, 2 * PAGE_SIZE);
	kvfree_sensitive(area, PAGE_SIZE + 8);
	last = page_address(frame);
	for (unsigned int i = 0; i < 16; i++)
		expect_equal(last[i], i < 8 ? 0 : 3);
	put_page(frame);
}

TEST(vmallocinfo, read_across, "one vread() reads several areas, and zeros between them")
{
	enum { ROOM = 20 }; /* pages, for the widest guard between them */
	char *first = get(1), *second = get(1), *copy = vmalloc(ROOM * PAGE_SIZE);
	size_t apart_by = (size_t)(second - first);

	require(first && second && copy && second > first && apart_by < ROOM * PAGE_SIZE);
	memset(first, 1, PAGE_SIZE);
	memset(second, 2, PAGE_SIZE);
	memset(copy, 9, ROOM * PAGE_SIZE);
	expect_equal(vread(copy, first, apart_by + PAGE_SIZE), apart_by + PAGE_SIZE);
	expect_equal(copy[0], 1);
	expect_equal(copy[PAGE_SIZE - 1], 1);
	for (size_t i = PAGE_SIZE; i < apart_by; i++)
		if (copy[i])
			expect_equal(copy[i], 0);
	expect_equal(copy[apart_by], 2);
	expect_equal(copy[apart_by + PAGE_SIZE - 1], 2);
	vfree(copy);
	vfree(first);
	vfree(second);
}

TEST(vmallocinfo, read_hole, "a vread() that begins behind an area gives nothing of it")
{
	uintptr_t middle = window() + HERE / 2 * PAGE_SIZE;
	char *first = get(1), *second, copy[16];

	require(first && (uintptr_t)first < middle - 2 * PAGE_SIZE);
	memset(first, 1, PAGE_SIZE);
	second = place_in(1, middle, middle + HERE * PAGE_SIZE, 0, PLACE_LOWEST);
	require(second);
	memset(second, 2, PAGE_SIZE);
	memset(copy, 9, sizeof(copy));
	expect_equal(vread(copy, (char *)(middle - PAGE_SIZE), 16), 0);
	expect_equal(copy[0], 9);
	expect_equal(vread(copy, second - 8, 16), 16);
	for (unsigned int i = 0; i < 16; i++)
		expect_equal(copy[i], i < 8 ? 0 : 2);
	vfree(first);
	vfree(second);
}

static struct {
	char start[24]; /* of the line that is looked for */
	bool two_mib, gib;
} told;

static void look_for_huge(void *context, const char *text)
{
	(void)context;
	if (strncmp(text, told.start, strlen(told.start)))
		return;
	told.two_mib |= text_contains(text, " huge=2M");
	told.gib |= text_contains(text, " huge=1G");
}

/* The largest leaf that an area of that many bytes may have is told. */
static void expect_told(size_t size)
{
	char *p = vmalloc_huge(size, GFP_KERNEL | __GFP_NOWARN);
	struct leaf leaf;

	if (!p)
		test_skip("no %zu bytes", size);
	require(walk_lookup(&kernel_space, (uintptr_t)p, &leaf));
	told.two_mib = told.gib = false;
	scnprintf(told.start, sizeof(told.start), "0x%016lx-", (unsigned long)(uintptr_t)p);
	vmallocinfo(look_for_huge, NULL);
	expect_equal(told.two_mib, leaf.level == LEVEL_PMD);
	expect_equal(told.gib, leaf.level == LEVEL_PUD);
	vfree(p);
}

TEST(vmalloc, huge_told, "the line about an area says how large its largest leaf is")
{
	mm_quiesce();
	expect_told(PAGE_SIZE);
	expect_told(PMD_SIZE);
	test_need_frames(9 * (PUD_SIZE >> PAGE_SHIFT) / 4);
	expect_told(PUD_SIZE);
}

TEST(vmap, workers_end, "the workers map nothing beyond the end of the region")
{
	struct page *page = alloc_page(GFP_KERNEL), *pages[2] = {page, page};
	unsigned long start = VMALLOC_END - PAGE_SIZE;
	struct leaf leaf;

	require(page);
	expect_equal(vmap_page_range(start, start + 2 * PAGE_SIZE, page_to_phys(page), PAGE_KERNEL),
		     -EINVAL);
	expect_equal(vmap_pages_range(start, start + 2 * PAGE_SIZE, PAGE_KERNEL, pages, PAGE_SHIFT),
		     -EINVAL);
	expect(!walk_lookup(&kernel_space, start, &leaf));
	expect(!walk_lookup(&kernel_space, start + PAGE_SIZE, &leaf));
	__free_page(page);
}

/* With 4 levels they stand in a table below the root, whose entries are not counted. */
TEST(map, gib_leaves_shared, "leaves of 1 GiB next to each other, where all spaces see them")
{
	struct vm_struct *vm = get_vm_area(3 * PUD_SIZE, VM_MAP);
	uintptr_t start;
	struct leaf leaf;

	if (!vm)
		test_skip("no room for 3 GiB in the region");
	start = ((uintptr_t)vm->addr + PUD_SIZE - 1) & ~(PUD_SIZE - 1);
	expect_equal(
		map_range(&kernel_space, start, SCRATCH_PHYS, 2 * PUD_SIZE, PAGE_KERNEL, LEVEL_PUD),
		0);
	require(walk_lookup(&kernel_space, start + PUD_SIZE, &leaf));
	expect_equal(leaf.phys, SCRATCH_PHYS + (start + PUD_SIZE == leaf.start ? PUD_SIZE : 0));
	if (platform_cpu_features()->gib_leaves && mtrr_is_uniform(SCRATCH_PHYS, 2 * PUD_SIZE))
		expect_equal(leaf.level, LEVEL_PUD);
	expect_equal(
		map_range(&kernel_space, start, SCRATCH_PHYS, 2 * PUD_SIZE, PAGE_KERNEL, LEVEL_PUD),
		-EBUSY);
	expect(unmap_range(&kernel_space, start, 2 * PUD_SIZE) >= 2);
	tlb_flush_range(start, start + 2 * PUD_SIZE);
	expect(!walk_lookup(&kernel_space, start + PUD_SIZE, &leaf));
	free_vm_area(vm);
}

TEST(page_runs, last_kept, "of a run that is freed the last frame stays where it has a user more")
{
	struct page *last;
	uint64_t pfn;
	size_t nr = alloc_frame_run(GFP_KERNEL, NUMA_NO_NODE, 3, &pfn, (uintptr_t)test);

	require(nr);
	last = pfn_to_page(pfn + nr - 1);
	get_page(last);
	expect(free_frame_run(pfn, nr, (uintptr_t)test));
	expect_equal(page_count(last), 1);
	for (uint64_t i = 0; i + 1 < nr; i++)
		expect_equal(page_count(pfn_to_page(pfn + i)), 0);
	put_page(last);
	expect_equal(page_count(last), 0);
}
