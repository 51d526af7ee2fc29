/* SPDX-License-Identifier: BSD-2-Clause */
#include "page_alloc.h"
#include "memblock.h"
#include "said.h"
#include "test.h"
#include "vmalloc.h"
#include "words.h"
#include "zone.h"

/* Frames that are not given, and frees that are refused: nothing is freed by them. */

static uint64_t refused(void)
{
	struct page_alloc_stats stats;

	page_alloc_get_stats(&stats);
	return stats.refused;
}

TEST(page_alloc, double_free, "a second free is refused, and the word says who freed it first")
{
	struct page *page = alloc_pages(GFP_KERNEL, 2);
	uint64_t before = refused(), free;
	char who[64];

	require(page);
	__free_pages(page, 2);
	free = nr_free_pages();
	__free_pages(page, 2);
	__free_page(page + 1);
	put_page(page);
	free_page((unsigned long)(uintptr_t)page_address(page));
	expect_equal(refused(), before + 4);
	expect_equal(nr_free_pages(), free);
	frame_owner_format(frame_word(page_to_pfn(page)), who, sizeof(who));
	expect(strcmp(who, "nobody") != 0);
}

TEST(page_alloc, foreign_free, "frames that are not ours, and what is no frame, are refused")
{
	uint64_t before = refused();
	struct page *page = alloc_page(GFP_KERNEL);

	require(page);
	__free_page(pfn_to_page(0));
	__free_page(pfn_to_page((uint64_t)1 << 40));
	__free_page((struct page *)((uintptr_t)page + 1));
	__free_page((struct page *)before);
	expect_equal(refused(), before + 4);
	expect_equal(page_count(page), 1);
	__free_page(page);
}

TEST(page_alloc, ranges_refused, "ranges of frames that the page array does not reach are refused")
{
	uint64_t before = refused();
	struct page *page = alloc_page(GFP_KERNEL);
	void *area = vmalloc(1);

	require(page && area);
	free_pages_exact((void *)PAGE_SIZE, PAGE_SIZE);
	free_pages_exact(area, PAGE_SIZE);
	free_contig_range(frame_end, 1);
	free_contig_range(UINT64_MAX >> PAGE_SHIFT, 3);
	free_contig_range(page_to_pfn(page), UINT64_MAX);
	free_contig_range(page_to_pfn(page), frame_end);
	expect_equal(refused(), before + 6);
	free_contig_range(page_to_pfn(page), 0);
	expect_equal(page_count(page), 1);
	__free_page(page);
	vfree(area);
}

static struct page *whole;

static void split_whole(void)
{
	split_page(whole, 2);
}

TEST(page_alloc, split_page_refused, "a compound block is not split, and a line says so")
{
	whole = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	require(whole);
	expect(call_says(split_whole, "split_page()") && text_contains(said, "refused"));
	expect_equal(page_count(whole + 1), 1);
	__free_pages(whole, 2);
}

TEST(page_alloc, unknown_flag, "an unknown gfp flag is refused")
{
	expect(!alloc_page(GFP_KERNEL | (gfp_t)1 << 31 | __GFP_NOWARN));
	expect(!alloc_pages((gfp_t)1 << __GFP_BITS_SHIFT | __GFP_NOWARN, 3));
}

/* The last frame of a range that has none of ours behind it, whose struct page exists; 0: none. */
static uint64_t frame_before_hole(void)
{
	size_t nr;
	const struct memory_range *ranges = memblock_ranges(&nr);

	for (size_t i = 0; i < nr; i++) {
		uint64_t end = ranges[i].end >> PAGE_SHIFT;

		if (end % FRAME_BLOCK && !pfn_valid(end))
			return end - 1;
	}
	return 0;
}

TEST(page_alloc, wrong_pages, "a pointer to no page, too large an order: refused, nothing is freed")
{
	struct page *page = alloc_page(GFP_KERNEL), *odd;
	uint64_t before = refused(), free_frames;

	require(page);
	odd = (struct page *)((uintptr_t)page + 1);
	free_frames = nr_free_pages();
	__free_pages(page, MAX_PAGE_ORDER + 1);
	put_page(odd);
	free_pages_bulk(1, &odd);
	expect_equal(refused(), before + 3);
	split_page(odd, 0);
	split_page(page, MAX_PAGE_ORDER + 1);
	get_page(odd);
	expect_equal(nr_free_pages(), free_frames);
	expect_equal(page_count(page), 1);
	__free_page(page);
}

TEST(page_alloc, hole, "what reaches into a hole of the memory is refused from there on")
{
	uint64_t last = frame_before_hole(), before = refused(), free_frames = nr_free_pages();
	struct page *pages[2];

	if (!last)
		test_skip("no range of memory ends within a block of the page array");
	pages[0] = pfn_to_page(last);
	pages[1] = pages[0] + 1;
	__free_pages(pages[0], 1);
	expect_equal(refused(), before + 1);
	free_pages_bulk(1, &pages[1]);
	expect_equal(refused(), before + 2);
	if (page_count(pages[0]) == 0) {
		free_pages_bulk(2, pages);
		expect_equal(refused(), before + 4);
	}
	expect_equal(nr_free_pages(), free_frames);
}

TEST(page_alloc, nothing, "no bytes and no frames are none")
{
	uint64_t pfn = 0, free_frames = nr_free_pages();

	expect(!alloc_pages_exact(0, GFP_KERNEL));
	expect(!alloc_pages_exact((PAGE_SIZE << MAX_PAGE_ORDER) + 1, GFP_KERNEL));
	expect_equal(alloc_frame_run(GFP_KERNEL, NUMA_NO_NODE, 0, &pfn, 1), 0);
	expect_equal(alloc_pages_bulk_array(GFP_KERNEL, 0, NULL), 0);
	expect_equal(nr_free_pages(), free_frames);
}
