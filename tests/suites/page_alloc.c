/* SPDX-License-Identifier: BSD-2-Clause */
#include "page_alloc.h"
#include "memblock.h"
#include "test.h"
#include "vmalloc.h"
#include "walk.h"
#include "words.h"
#include "zone.h"

/* Page frames by the public calls: each row of the contract's table. */

static uint64_t refused(void)
{
	struct page_alloc_stats stats;

	page_alloc_get_stats(&stats);
	return stats.refused;
}

TEST_FLAGS(page_alloc, alloc_pages, "every order gives that many frames, aligned to the block",
	   TEST_SMOKE)
{
	test_need_frames(4096);
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		struct page *page = alloc_pages(GFP_KERNEL, order);
		uint64_t nr = (uint64_t)1 << order;

		require(page);
		expect_equal(page_to_pfn(page) & (nr - 1), 0);
		for (uint64_t i = 0; i < nr; i++)
			expect_equal(page_count(page + i), 1);
		pattern_fill(page_address(page + nr - 1), PAGE_SIZE, order);
		expect(pattern_holds(page_address(page + nr - 1), PAGE_SIZE, order));
		__free_pages(page, order);
		expect_equal(page_count(page), 0);
		expect_equal(page_count(page + nr - 1), 0);
	}
	expect(!alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_PAGE_ORDER + 1));
}

TEST(page_alloc, distinct, "frames that are allocated at the same time are different ones")
{
	enum { NR = 300 };
	struct page *pages[NR];

	for (unsigned int i = 0; i < NR; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		require(pages[i]);
		pattern_fill(page_address(pages[i]), 64, i);
	}
	for (unsigned int i = 0; i < NR; i++)
		expect(pattern_holds(page_address(pages[i]), 64, i));
	for (unsigned int i = 0; i < NR; i++)
		__free_page(pages[i]);
}

TEST(page_alloc, alloc_pages_node, "frames come from the node that was asked for")
{
	for (unsigned int node = 0; node < nr_online_nodes(); node++) {
		struct page *page = alloc_pages_node((int)node, GFP_KERNEL | __GFP_THISNODE, 0);

		require(page);
		expect_equal(page_to_nid(page), node);
		__free_page(page);
	}
	expect(!alloc_pages_node(MAX_NUMNODES, GFP_KERNEL | __GFP_NOWARN, 0));
}

TEST(page_alloc, bulk, "the empty slots of an array are filled, the others left alone")
{
	enum { NR = 100 };
	struct page *pages[NR] = {NULL}, *mine = alloc_page(GFP_KERNEL);

	require(mine);
	pages[7] = mine;
	expect_equal(alloc_pages_bulk_array(GFP_KERNEL, NR, pages), NR);
	expect(pages[7] == mine);
	for (unsigned int i = 0; i < NR; i++)
		expect_equal(page_count(pages[i]), 1);
	__free_page(pages[3]);
	pages[3] = NULL;
	expect_equal(alloc_pages_bulk_array_node(GFP_KERNEL, NUMA_NO_NODE, NR, pages), NR);
	require(pages[3]);
	expect_equal(alloc_pages_bulk(GFP_KERNEL, NR, pages), NR);
	free_pages_bulk(NR, pages);
	expect_equal(page_count(mine), 0);
}

TEST(page_alloc, free_pages_bulk, "an array is freed, its empty slots skipped")
{
	struct page *pages[5] = {NULL};
	uint64_t before = nr_free_pages();

	expect_equal(alloc_pages_bulk_array(GFP_KERNEL, 4, pages), 4);
	free_pages_bulk(5, pages);
	expect_equal(nr_free_pages(), before);
}

TEST(page_alloc, get_page, "a frame is freed by the last reference")
{
	struct page *page = alloc_page(GFP_KERNEL);

	require(page);
	get_page(page);
	get_page(page);
	expect_equal(page_count(page), 3);
	__free_page(page);
	put_page(page);
	expect_equal(page_count(page), 1);
	put_page(page);
	expect_equal(page_count(page), 0);
}

TEST(page_alloc, get_page_block,
     "of a block with a reference to its first frame the others are freed")
{
	struct page *page = alloc_pages(GFP_KERNEL, 3);

	require(page);
	get_page(page);
	__free_pages(page, 3);
	expect_equal(page_count(page), 1);
	expect_equal(page_count(page + 1), 0);
	put_page(page);
	expect_equal(page_count(page), 0);
}

TEST(page_alloc, compound, "a compound block has one reference, whichever frame is asked")
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 3);
	uint64_t before = refused();

	require(page);
	expect(compound_head(page + 5) == page);
	get_page(page + 5);
	expect_equal(page_count(page), 2);
	__free_page(page + 1);
	expect_equal(refused(), before + 1);
	put_page(page + 2);
	expect_equal(page_count(page + 7), 1);
	__free_pages(page, 3);
	expect_equal(page_count(page), 0);
	expect_equal(page_count(page + 7), 0);
	expect(compound_head(page + 5) == page + 5);
}

TEST(page_alloc, get_free_pages, "by address in the direct map; zeroed where asked")
{
	unsigned long address = __get_free_pages(GFP_KERNEL, 1), zeroed;
	uint64_t before = refused();

	require(address);
	memset((void *)(uintptr_t)address, 0xff, 2 * PAGE_SIZE);
	free_pages(address, 1);
	zeroed = get_zeroed_page(GFP_KERNEL);
	require(zeroed);
	expect(all_zero((void *)(uintptr_t)zeroed, PAGE_SIZE));
	free_page(zeroed);
	free_page(0);
	free_pages(0, 3);
	expect_equal(refused(), before); /* no address is nothing to free, and nothing wrong */
}

TEST(page_alloc, zero, "__GFP_ZERO clears every frame of a block")
{
	struct page *page = alloc_pages(GFP_KERNEL, 3);

	require(page);
	memset(page_address(page), 0xa5, 8 * PAGE_SIZE);
	__free_pages(page, 3);
	page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 3);
	require(page);
	expect(all_zero(page_address(page), 8 * PAGE_SIZE));
	__free_pages(page, 3);
}

TEST(page_alloc, conversions, "page, frame number, physical and virtual address lead to each other")
{
	struct page *page = alloc_page(GFP_KERNEL);

	require(page);
	expect(pfn_to_page(page_to_pfn(page)) == page);
	expect_equal(page_to_phys(page), page_to_pfn(page) << PAGE_SHIFT);
	expect(phys_to_virt(page_to_phys(page)) == page_address(page));
	expect_equal(virt_to_phys(page_address(page)), page_to_phys(page));
	expect(virt_to_page((char *)page_address(page) + 123) == page);
	expect(pfn_valid(page_to_pfn(page)));
	expect(!pfn_valid(0));
	expect(!pfn_valid((uint64_t)1 << 50));
	__free_page(page);
}

static bool has_frames(uint64_t block)
{
	uint64_t pfn = block << FRAME_BLOCK_SHIFT, end = pfn + FRAME_BLOCK;

	while (pfn < end && !pfn_valid(pfn))
		pfn++;
	return pfn < end;
}

TEST(page_alloc, array, "of the page array there are the pieces for blocks that have frames")
{
	for (uint64_t block = 0; block < frame_end >> FRAME_BLOCK_SHIFT; block++) {
		uintptr_t first = (uintptr_t)pfn_to_page(block << FRAME_BLOCK_SHIFT);
		uintptr_t next = (uintptr_t)pfn_to_page((block + 1) << FRAME_BLOCK_SHIFT);
		struct leaf leaf;

		expect_equal(walk_lookup(&kernel_space, first, &leaf), has_frames(block));
		expect_equal(walk_lookup(&kernel_space, next - 1, &leaf), has_frames(block));
	}
}

TEST(page_alloc, split_page, "a block that is split is as many single frames")
{
	struct page *page = alloc_pages(GFP_KERNEL, 2);

	require(page);
	split_page(page, 2);
	get_page(page + 2);
	for (unsigned int i = 0; i < 4; i++)
		__free_page(page + i);
	expect_equal(page_count(page + 1), 0);
	expect_equal(page_count(page + 2), 1);
	put_page(page + 2);
}

TEST(page_alloc, exact, "alloc_pages_exact() keeps only the frames that were asked for")
{
	uint64_t before = nr_free_pages();
	void *memory = alloc_pages_exact(5 * PAGE_SIZE - 7, GFP_KERNEL);

	require(memory);
	expect_equal(nr_free_pages(), before - 5);
	free_pages_exact(memory, 5 * PAGE_SIZE - 7);
	expect_equal(nr_free_pages(), before);
	expect(!alloc_pages_exact(0, GFP_KERNEL));
}

TEST(page_alloc, totals, "totalram_pages() and nr_free_pages() count to the frame")
{
	uint64_t free = nr_free_pages(), managed = 0;
	struct page *page = alloc_pages(GFP_KERNEL, 5);

	require(page);
	expect_equal(totalram_pages(), memblock_bytes() >> PAGE_SHIFT);
	expect_equal(nr_free_pages(), free - 32);
	for_each_populated_zone(zone)
	{
		managed += zone->managed;
	}
	expect_equal(managed, totalram_pages());
	__free_pages(page, 5);
	expect_equal(nr_free_pages(), free);
}

TEST(page_alloc, provenance, "every frame knows the firmware descriptor it came from")
{
	for (unsigned int i = 0; i < 20; i++) {
		struct page *page = alloc_pages(GFP_KERNEL, i % 4);
		const struct memory_range *range = page ? memblock_find(page_to_phys(page)) : NULL;

		require(range);
		expect_equal(page_descriptor(page), range->descriptor);
		expect_equal(page_to_nid(page), range->node);
		__free_pages(page, i % 4);
	}
}

TEST(page_alloc, accepted_flags, "flags that ask for nothing here are accepted")
{
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_ACCOUNT | __GFP_WRITE |
				       __GFP_RECLAIMABLE | __GFP_NORETRY | __GFP_RETRY_MAYFAIL);

	require(page);
	__free_page(page);
}

static struct page *exchanged[PLATFORM_CPUS_MAX][64];

static void allocate_all(void *context)
{
	struct page **pages = exchanged[platform_cpu()];

	(void)context;
	for (unsigned int i = 0; i < 64; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		if (expect(pages[i]))
			*(uint64_t *)page_address(pages[i]) = page_to_pfn(pages[i]);
	}
}

static void free_others(void *context)
{
	unsigned int nr = *(unsigned int *)context;
	struct page **pages = exchanged[(platform_cpu() + 1) % nr];

	for (unsigned int i = 0; i < 64; i++) {
		expect_equal(*(uint64_t *)page_address(pages[i]), page_to_pfn(pages[i]));
		__free_page(pages[i]);
	}
}

TEST(page_alloc, other_cpu, "what one CPU allocates another one frees")
{
	unsigned int nr = test_nr_cpus();

	for (unsigned int round = 0; round < 20; round++) {
		test_run_on_cpus(nr, allocate_all, NULL);
		test_run_on_cpus(nr, free_others, &nr);
	}
	drain_all_pages();
	expect(!page_alloc_check());
}

TEST(page_alloc, bulk_compound, "in an array of pages a compound block is freed as a whole")
{
	struct page *pages[3] = {alloc_page(GFP_KERNEL), alloc_pages(GFP_KERNEL | __GFP_COMP, 2),
				 alloc_page(GFP_KERNEL | __GFP_COMP)};
	uint64_t free_frames = nr_free_pages();

	require(pages[0] && pages[1] && pages[2]);
	__free_pages(pages[1], 1); /* not its order */
	expect_equal(nr_free_pages(), free_frames);
	free_pages_bulk(3, pages);
	expect_equal(nr_free_pages(), free_frames + 6);
}

TEST(page_alloc, this_node, "of a node alone nothing is had when its zone is empty")
{
	gfp_t gfp = GFP_DMA | __GFP_THISNODE | __GFP_NOWARN;
	struct page *blocks[16];
	unsigned int nr = 0;

	while (nr < 16 && (blocks[nr] = alloc_pages_node(0, gfp, MAX_PAGE_ORDER))) {
		expect_equal(page_to_nid(blocks[nr]), 0);
		nr++;
	}
	expect_below(nr, 16);
	while (nr > 0)
		__free_pages(blocks[--nr], MAX_PAGE_ORDER);
}

static void back_to_node(void *node)
{
	set_cpu_node(platform_cpu(), *(int *)node);
}

TEST(page_alloc, cpu_node, "a CPU that belongs to another node has frames of that one")
{
	const unsigned int last = PLATFORM_CPUS_MAX - 1;
	static int own;
	static struct test_end end = {.function = back_to_node, .context = &own};

	own = numa_node_id();
	test_at_end(&end);
	for (unsigned int node = 0; node < nr_online_nodes(); node++) {
		struct page *page;

		set_cpu_node(platform_cpu(), (int)node);
		expect_equal(numa_node_id(), node);
		page = alloc_page(GFP_KERNEL);
		require(page);
		expect_equal(page_to_nid(page), node);
		__free_page(page);
	}
	set_cpu_node(platform_cpu(), MAX_NUMNODES - 1); /* one that there is not */
	expect_equal(numa_node_id(), 0);
	set_cpu_node(last, cpu_to_node(last)); /* nobody, mostly */
}

TEST(page_alloc, owner, "a word without an owner is nobody's")
{
	char who[64];

	frame_owner_format(0, who, sizeof(who));
	expect_string(who, "nobody");
	expect_equal(frame_owner_decode(0), 0);
}

TEST(page_alloc, compound_again,
     "a frame that others had a reference to has one when it is had anew")
{
	enum { NR = 512 };
	struct page *block = alloc_pages(GFP_KERNEL | __GFP_COMP, 1);
	static struct page *pages[NR];
	unsigned int nr = 0;

	require(block);
	get_page(block);
	put_page(block);
	put_page(block);
	while (nr < NR && (pages[nr] = alloc_page(GFP_KERNEL)) && pages[nr] != block)
		nr++;
	require(nr < NR && pages[nr]);
	get_page(block);
	expect_equal(page_count(block), 2);
	put_page(block);
	expect_equal(page_count(block), 1);
	free_pages_bulk(nr + 1, pages);
}
