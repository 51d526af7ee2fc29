/* SPDX-License-Identifier: BSD-2-Clause */
#include "page_alloc.h"
#include "mm.h"
#include "pcp.h"
#include "slab.h"
#include "test.h"
#include "words.h"

/* Frames by the run, each CPU's stacks of them, and contiguous ranges above the largest order. */

#define ME ((uintptr_t)__builtin_return_address(0))

TEST_FLAGS(page_runs, contiguous,
	   "a run is frames that follow each other, each with a reference of its own", TEST_SMOKE)
{
	uint64_t pfn;
	size_t nr = alloc_frame_run(GFP_KERNEL, NUMA_NO_NODE, 40, &pfn, ME);

	require(nr >= 1 && nr <= 40);
	for (size_t i = 0; i < nr; i++) {
		expect_equal(page_count(pfn_to_page(pfn + i)), 1);
		pattern_fill(pfn_to_kaddr(pfn + i), 64, pfn + i);
	}
	for (size_t i = 0; i < nr; i++)
		expect(pattern_holds(pfn_to_kaddr(pfn + i), 64, pfn + i));
	expect(free_frame_run(pfn, nr, ME));
	expect(!free_frame_run(pfn, nr, ME));
	expect_equal(alloc_frame_run(GFP_KERNEL, NUMA_NO_NODE, 0, &pfn, ME), 0);
	expect(free_frame_run(pfn, 0, ME));
}

TEST(page_runs, trim, "a stack of too many runs gives its oldest fifth back")
{
	enum { NR = 2 * (RUN_STACK_DEPTH + 8) };
	struct run_stack *stack;
	long before, after = 0, most = 0;
	uint64_t pfn;
	size_t nr;

	drain_all_pages();
	nr = alloc_frame_run(GFP_KERNEL, NUMA_NO_NODE, NR, &pfn, ME);
	if (nr < NR)
		test_skip("no run of so many frames");
	stack = pcps[this_cpu()]->stacks[pfn_zone_index(pfn)];
	drain_all_pages();
	for (size_t i = 0; i < NR && after >= most; i += 2) {
		before = stack->top - stack->runs;
		expect(free_frame_run(pfn + i, 1, ME));
		after = stack->top - stack->runs;
		most = before;
		if (after < before)
			expect_equal(after, RUN_STACK_DEPTH / 5 * 4);
	}
	expect_equal(most, RUN_STACK_DEPTH - 1);
	for (size_t i = 0; i < NR; i++)
		if (page_count(pfn_to_page(pfn + i)))
			expect(free_frame_run(pfn + i, 1, ME));
}

TEST(page_runs, trim_frames, "a stack of too many frames keeps four fifths of what it may have")
{
	struct run_stack *stack;
	uint32_t before, after = 0, size;
	uint64_t pfn;
	size_t nr = alloc_frame_run(GFP_KERNEL, NUMA_NO_NODE, 1, &pfn, ME);

	require_equal(nr, 1);
	stack = pcps[this_cpu()]->stacks[pfn_zone_index(pfn)];
	expect(free_frame_run(pfn, 1, ME));
	size = stack->most / 6 + 1;
	drain_all_pages();
	nr = alloc_frame_run(GFP_KERNEL, NUMA_NO_NODE, 8 * (size + 1), &pfn, ME);
	if (nr < 8 * (size + 1) || stack != pcps[this_cpu()]->stacks[pfn_zone_index(pfn)]) {
		expect(free_frame_run(pfn, nr, ME));
		test_skip("no such run");
	}
	drain_all_pages();
	for (unsigned int i = 0; i < 8; i++) {
		before = stack->frames;
		expect(free_frame_run(pfn + i * (size + 1), size, ME));
		after = stack->frames;
		if (after < before) /* the sixth is the one too many */
			expect_equal(after, 4 * size);
	}
	for (unsigned int i = 0; i < 8; i++)
		expect(free_frame_run(pfn + i * (size + 1) + size, 1, ME));
}

TEST(page_runs, words_or, "what stands in any of a run's words is found, and nothing beside")
{
	enum { NR = 53 };
	uint64_t pfn;
	size_t nr = alloc_frame_run(GFP_KERNEL, NUMA_NO_NODE, NR, &pfn, ME);

	if (nr < NR)
		test_skip("no 53 frames in a row");
	expect(!(frame_words_or(pfn, NR) & FRAME_FOREIGN));
	for (size_t i = 0; i < NR; i++) {
		frame_words[pfn + i] |= FRAME_FOREIGN;
		expect(frame_words_or(pfn, NR) & FRAME_FOREIGN);
		expect(!(frame_words_or(pfn, i) & FRAME_FOREIGN));
		expect(!(frame_words_or(pfn + i + 1, NR - i - 1) & FRAME_FOREIGN));
		frame_words[pfn + i] &= ~FRAME_FOREIGN;
	}
	expect_equal(frame_words_or(pfn, 0), 0);
	expect(free_frame_run(pfn, nr, ME));
}

TEST(page_runs, parts, "a run may be freed in parts, in any order")
{
	uint64_t pfn, before = nr_free_pages();
	size_t nr = alloc_frame_run(GFP_KERNEL, NUMA_NO_NODE, 30, &pfn, ME);

	require(nr >= 1);
	for (size_t i = 0; i < nr; i += 2)
		expect(free_frame_run(pfn + i, 1, ME));
	expect_equal(nr_free_pages(), before - nr / 2);
	for (size_t i = 1; i < nr; i += 2)
		__free_page(pfn_to_page(pfn + i));
	expect_equal(nr_free_pages(), before);
	expect(!page_alloc_check());
}

TEST(page_runs, held_frame, "of a run the frames that others hold stay, and the rest is freed")
{
	uint64_t pfn, before = nr_free_pages();
	size_t nr = alloc_frame_run(GFP_KERNEL, NUMA_NO_NODE, 16, &pfn, ME);

	require(nr >= 3);
	get_page(pfn_to_page(pfn + 1));
	expect(free_frame_run(pfn, nr, ME));
	expect_equal(page_count(pfn_to_page(pfn)), 0);
	expect_equal(page_count(pfn_to_page(pfn + 1)), 1);
	expect_equal(nr_free_pages(), before - 1);
	put_page(pfn_to_page(pfn + 1));
}

TEST(page_runs, free_frame, "a run with a frame that is free already is freed but for that one")
{
	uint64_t pfn, before = nr_free_pages();
	size_t nr = alloc_frame_run(GFP_KERNEL, NUMA_NO_NODE, 16, &pfn, ME);

	require(nr >= 3);
	expect(free_frame_run(pfn + 1, 1, ME));
	expect(!free_frame_run(pfn, nr, ME));
	expect_equal(nr_free_pages(), before);
}

TEST(page_runs, zeroed, "under __GFP_ZERO every frame of the run is clear")
{
	uint64_t pfn;
	size_t nr = alloc_frame_run(GFP_KERNEL, NUMA_NO_NODE, 20, &pfn, ME);

	require(nr >= 1);
	memset(pfn_to_kaddr(pfn), 0xff, nr << PAGE_SHIFT);
	expect(free_frame_run(pfn, nr, ME));
	nr = alloc_frame_run(GFP_KERNEL | __GFP_ZERO, NUMA_NO_NODE, 20, &pfn, ME);
	require(nr >= 1);
	expect(all_zero(pfn_to_kaddr(pfn), nr << PAGE_SHIFT));
	expect(free_frame_run(pfn, nr, ME));
}

TEST(page_runs, last_first, "what was freed last is used first, and runs grow together again")
{
	uint64_t a, b, c;

	drain_all_pages();
	require_equal(alloc_frame_run(GFP_KERNEL, NUMA_NO_NODE, 4, &a, ME), 4);
	require_equal(alloc_frame_run(GFP_KERNEL, NUMA_NO_NODE, 4, &b, ME), 4);
	expect_equal(b, a + 4);
	expect(free_frame_run(b, 4, ME));
	expect(free_frame_run(a, 4, ME));
	require_equal(alloc_frame_run(GFP_KERNEL, NUMA_NO_NODE, 8, &c, ME), 8);
	expect_equal(c, a);
	expect(free_frame_run(c, 8, ME));
}

TEST(page_runs, refill, "a CPU takes frames from the lists in batches")
{
	struct page_alloc_stats before, after;
	struct page *pages[32];

	drain_all_pages();
	page_alloc_get_stats(&before);
	for (unsigned int i = 0; i < 32; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		require(pages[i]);
	}
	free_pages_bulk(32, pages);
	page_alloc_get_stats(&after);
	expect_below(after.refills - before.refills, 4);
}

TEST(page_runs, drain,
     "drain_all_pages() leaves nothing with the CPUs, and whole blocks in the lists")
{
	uint64_t with_cpus = 0;
	struct page *page = alloc_page(GFP_KERNEL);

	require(page);
	__free_page(page);
	expect(drain_all_pages() > 0);
	for (unsigned int i = 0; i < NR_ZONES; i++)
		with_cpus += zones[i].managed ? pcps_frames(i) : 0;
	expect_equal(with_cpus, 0);
	expect_equal(drain_all_pages(), 0);
}

TEST(page_runs, limits, "a CPU's stack gives back what is too much, in frames and in runs")
{
	enum { NR = 3 * RUN_STACK_DEPTH };
	static struct page *pages[2 * NR];
	struct page_alloc_stats before, after;

	require_equal(alloc_pages_bulk(GFP_KERNEL, 2 * NR, memset(pages, 0, sizeof(pages))),
		      2 * NR);
	page_alloc_get_stats(&before);
	for (unsigned int i = 0; i < 2 * NR; i += 2)
		__free_page(pages[i]);
	page_alloc_get_stats(&after);
	expect(after.drains > before.drains);
	expect(!page_alloc_check());
	for (unsigned int i = 1; i < 2 * NR; i += 2)
		__free_page(pages[i]);
	expect(!page_alloc_check());
}

/* A run that waits to be freed: written into its first frame. */
struct waiting_run {
	struct waiting_run *next;
	size_t nr;
};

/* Runs until one comes from another zone than the first did, which is in front; NULL: none does. */
static struct waiting_run *take_until_zone_is_empty(struct waiting_run **first)
{
	struct waiting_run *list = NULL, *run;
	uint64_t pfn;
	size_t nr;

	*first = NULL;
	while ((nr = alloc_frame_run(GFP_KERNEL | __GFP_NOWARN, NUMA_NO_NODE, 512, &pfn, ME))) {
		run = pfn_to_kaddr(pfn);
		*run = (struct waiting_run){.next = list, .nr = nr};
		list = run;
		if (!*first)
			*first = run;
		if (pfn_zone_index(pfn) != pfn_zone_index(page_to_pfn(virt_to_page(*first))))
			break;
	}
	return list;
}

static void free_waiting(struct waiting_run *run)
{
	while (run) {
		struct waiting_run *next = run->next;

		free_frame_run(page_to_pfn(virt_to_page(run)), run->nr, ME);
		run = next;
	}
}

TEST(page_runs, lower_zone, "the short cut goes on with the zone that has frames, the highest one")
{
	struct waiting_run *first, *list;
	struct run_stack *stack;
	struct pcp *pcp = pcps[this_cpu()];

	if (nr_nodes > 1)
		test_skip("other nodes come before lower zones");
	drain_all_pages();
	list = take_until_zone_is_empty(&first);
	stack = pcp->preferred;
	if (list)
		expect(stack->zone == &zones[pfn_zone_index(page_to_pfn(virt_to_page(list)))]);
	free_waiting(list);
	drain_all_pages();
	free_page(__get_free_page(GFP_KERNEL));
	expect(first &&
	       pcp->preferred->zone == &zones[pfn_zone_index(page_to_pfn(virt_to_page(first)))]);
}

TEST(page_runs, contig,
     "alloc_contig_pages() gives any number of frames, above the largest order too")
{
	enum { NR = 1500 };
	uint64_t before = nr_free_pages();
	struct page *page;

	if (before < 8 * NR)
		test_skip("too little memory for %u frames that follow each other", NR);
	page = alloc_contig_pages(NR, GFP_KERNEL, NUMA_NO_NODE, NULL);
	require(page);
	expect_equal(nr_free_pages(), before - NR);
	for (unsigned int i = 0; i < NR; i++)
		expect_equal(page_count(page + i), 1);
	free_contig_range(page_to_pfn(page), NR / 2);
	free_contig_range(page_to_pfn(page) + NR / 2, NR - NR / 2);
	expect_equal(nr_free_pages(), before);
	expect(!page_alloc_check());
}

TEST(page_runs, contig_aligned, "a contiguous range is aligned as asked for")
{
	for (unsigned long align = 1; align <= 512; align *= 8) {
		struct page *page =
			alloc_contig_pages_aligned(37, align, GFP_KERNEL, NUMA_NO_NODE, NULL);

		require(page);
		expect_equal(page_to_pfn(page) & (align - 1), 0);
		free_contig_range(page_to_pfn(page), 37);
	}
}

TEST(page_runs, contig_refused, "no frames, odd alignments, more than there is, no node: NULL")
{
	gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;
	nodemask_t none = {.bits = 0}, all = {.bits = ~(uint64_t)0};
	struct page *page;

	expect(!alloc_contig_pages(0, gfp, NUMA_NO_NODE, NULL));
	expect(!alloc_contig_pages(totalram_pages() + 1, gfp, NUMA_NO_NODE, NULL));
	expect(!alloc_contig_pages(~0ul, gfp, NUMA_NO_NODE, NULL));
	expect(!alloc_contig_pages_aligned(1, 3, gfp, NUMA_NO_NODE, NULL));
	expect(!alloc_contig_pages_aligned(1, 1ul << 63, gfp, NUMA_NO_NODE, NULL));
	expect(!alloc_contig_pages(1, gfp, NUMA_NO_NODE, &none));
	expect(!alloc_contig_pages(1, gfp | (gfp_t)1 << 30, NUMA_NO_NODE, NULL));
	expect(!alloc_contig_pages_aligned(1, 0, gfp, NUMA_NO_NODE, NULL));
	expect(!alloc_contig_pages(1, gfp, (int)nr_online_nodes(), NULL));
	expect(!alloc_contig_pages(totalram_pages(), gfp | __GFP_THISNODE, 0, NULL));
	page = alloc_contig_pages(1, gfp, 0, &all);
	require(page);
	free_contig_range(page_to_pfn(page), 1);
}

/* More runs than the end of the run has a list for: it must know all the same what to clear. */
TEST(page_runs, scattered, "every second frame of a long stretch, each written")
{
	enum { NR = 1200 };
	struct page **pages;
	unsigned int nr = 0;

	if (nr_free_pages() < 3 * NR)
		test_skip("too little memory for every second one of %u frames", 2 * NR);
	pages = kvmalloc_array(NR, sizeof(*pages), GFP_KERNEL);
	require(pages);
	for (; nr < NR; nr++) {
		pages[nr] = alloc_contig_pages_aligned(1, 2, GFP_KERNEL, NUMA_NO_NODE, NULL);
		if (!expect(pages[nr]))
			break;
		pattern_fill(page_address(pages[nr]), PAGE_SIZE, nr);
	}
	while (nr-- > 0)
		free_contig_range(page_to_pfn(pages[nr]), 1);
	kvfree(pages);
}

TEST(page_runs, contig_zones, "a contiguous range lies in the zone that was asked for")
{
	static const struct {
		gfp_t gfp;
		uint64_t end;
	} zone_of[] = {{GFP_DMA, DMA_END_PFN}, {GFP_DMA32, DMA32_END_PFN}};

	for (unsigned int i = 0; i < 2; i++) {
		struct page *page =
			alloc_contig_pages(3, zone_of[i].gfp | __GFP_NOWARN, NUMA_NO_NODE, NULL);

		if (!page)
			continue; /* firmware may leave none so low */
		expect_below(page_to_pfn(page) + 2, zone_of[i].end);
		free_contig_range(page_to_pfn(page), 3);
	}
}

TEST(page_runs, contig_scattered,
     "as many frames as a zone has free are no range if they lie apart")
{
	gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;
	uint64_t before;

	mm_quiesce();
	before = nr_free_pages();
	for_each_populated_zone(zone)
	{
		uint64_t kept = zone->watermark[WMARK_MIN] + zone->lowmem_reserve[ZONE_NORMAL];
		uint64_t most = zone->free > kept ? zone->free - kept : 0;

		for (unsigned int more = 0; most && more < 2; more++) {
			struct page *page = alloc_contig_pages(most + more, gfp, zone->node, NULL);

			if (page) /* of a larger zone, or this one is whole */
				free_contig_range(page_to_pfn(page), most + more);
		}
	}
	expect_equal(nr_free_pages(), before);
	expect(!page_alloc_check());
}

TEST(page_runs, held_anywhere,
     "wherever in a run the frame lies that somebody holds, it alone stays")
{
	enum { NR = 48 };

	for (unsigned int held = 0; held < NR; held++) {
		struct page *block = alloc_pages(GFP_KERNEL, 6);
		uint64_t pfn, before;

		require(block);
		pfn = page_to_pfn(block);
		before = nr_free_pages();
		get_page(block + held);
		free_frame_run(pfn, NR, ME);
		expect_equal(nr_free_pages(), before + NR - 1);
		expect_equal(page_count(block + held), 1);
		__free_page(block + held);
		free_frame_run(pfn + NR, 64 - NR, ME);
	}
	expect(!page_alloc_check());
}
