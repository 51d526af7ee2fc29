/* SPDX-License-Identifier: BSD-2-Clause */
#include "mm.h"
#include "page_alloc.h"
#include "test.h"
#include "zone.h"

/* Which node a range of frames comes from. Only node 0 has frames below 16 MiB. */

static unsigned int nodes(void)
{
	if (nr_online_nodes() < 2)
		test_skip("one node");
	return nr_online_nodes();
}

/* The node of a range of three frames; -1: there is none. */
static int node_of(gfp_t gfp, unsigned int nid, const nodemask_t *mask)
{
	struct page *page = alloc_contig_pages(3, gfp | __GFP_NOWARN, (int)nid, mask);
	int node = page ? page_to_nid(page) : -1;

	if (page)
		free_contig_range(page_to_pfn(page), 3);
	return node;
}

TEST(contig_nodes, masked, "a range is of the node that is asked for, or of the next one allowed")
{
	for (unsigned int nid = 0; nid < nodes(); nid++) {
		nodemask_t others = {.bits = ((1u << nodes()) - 1) & ~(1u << nid)};

		expect_equal(node_of(GFP_KERNEL, nid, NULL), nid);
		expect_equal(node_of(GFP_KERNEL, nid, &others), (nid + 1) % nodes());
	}
}

TEST(contig_nodes, highest, "without a flag a range is of the highest zone of its node")
{
	for (unsigned int nid = 0; nid < nr_online_nodes(); nid++) {
		struct page *page = alloc_pages_node((int)nid, GFP_KERNEL, 0);
		struct page *range = alloc_contig_pages(3, GFP_KERNEL, (int)nid, NULL);

		require(page && range);
		expect_equal(page_to_pfn(range) >= DMA32_END_PFN,
			     page_to_pfn(page) >= DMA32_END_PFN);
		__free_page(page);
		free_contig_range(page_to_pfn(range), 3);
	}
}

TEST(contig_nodes, fallback, "another node has what this one lacks, unless it must be this one")
{
	for (unsigned int nid = 0; nid < nodes(); nid++) {
		expect_equal(node_of(GFP_KERNEL | GFP_DMA, nid, NULL), 0);
		expect_equal(node_of(GFP_KERNEL | GFP_DMA | __GFP_THISNODE, nid, NULL),
			     nid ? -1 : 0);
	}
}

static bool is_free(uint64_t pfn)
{
	return pfn_valid(pfn) && !(frame_word(pfn) & FRAME_ALLOCATED);
}

TEST(contig_nodes, last, "a range ends with its zone, though the frames behind it are free as well")
{
	uint64_t nr = 0;
	struct page *page;

	mm_quiesce();
	while (is_free(DMA_END_PFN - 1 - nr))
		nr++;
	page = alloc_contig_pages(nr + 1, GFP_DMA | __GFP_NOWARN, NUMA_NO_NODE, NULL);
	if (page) {
		expect_below(page_to_pfn(page) + nr, DMA_END_PFN);
		free_contig_range(page_to_pfn(page), nr + 1);
	}
	expect(!page_alloc_check());
}
