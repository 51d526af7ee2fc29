/* SPDX-License-Identifier: BSD-2-Clause */
#include "pcp.h"
#include <string.h>
#include "apart.h"
#include "lib/format.h"
#include "page_alloc.h"
#include "scarce.h"
#include "test.h"
#include "zone.h"

/* A CPU's own lists of free frames: from which zone, and how many at a time. */

/* As on a node without memory: the next best stack is that of another one. */
TEST(pcp, no_own_node, "a CPU whose node has no frames prefers those of another node")
{
	struct pcp *pcp = pcps[platform_cpu()];
	unsigned int first = (unsigned int)numa_node_id() * MAX_NR_ZONES;
	struct run_stack *own[MAX_NR_ZONES], *preferred = pcp->preferred, *got;

	memcpy(own, &pcp->stacks[first], sizeof(own));
	memset(&pcp->stacks[first], 0, sizeof(own));
	pcp_set_preferred(platform_cpu());
	got = pcp->preferred;
	memcpy(&pcp->stacks[first], own, sizeof(own));
	pcp_set_preferred(platform_cpu());
	pcp->preferred = preferred;
	if (nr_online_nodes() > 1)
		expect(got && got->zone->node != numa_node_id());
	else
		expect(!got);
}

static uint64_t refilled(struct run_stack *stack)
{
	uint64_t before = stack->frames;

	return run_stack_refill(stack, 1, GFP_KERNEL, ZONE_NORMAL) ? stack->frames - before : 0;
}

static void refill_twice(void)
{
	struct run_stack *stack = pcps[this_cpu()]->preferred;
	struct zone *zone = stack->zone;
	uint64_t poor = 2 * zone->watermark[WMARK_HIGH] + stack->most, last[2], pfn, first;

	drain_all_pages();
	for (unsigned int order = MAX_PAGE_ORDER + 1; order-- > 0;)
		while (zone->free >= poor + 2 + (1ul << order) &&
		       zone_take_block(zone, order, &pfn))
			;
	for (unsigned int i = 0; i < 2; i++)
		zone_take_block(zone, 0, &last[i]);
	log_line("%lu more", zone->free - poor);
	first = refilled(stack);
	for (unsigned int i = 0; i < 2; i++)
		zone_give_run(zone, last[i], 1);
	log_line("%lu, then %lu", first, refilled(stack)); /* of one frame less, and one more */
}

TEST(pcp, refill, "a CPU takes one frame from a poor zone, and from a rich one some for later")
{
	int status;

	if (pcps[this_cpu()]->preferred->most < 1 + 64)
		test_skip("a zone of few frames");
	expect_string(apart(refill_twice, &status), "# 0 more\n# 1, then 64\n");
	expect_equal(status, 0);
}

/* The last frame of one zone, and the first of the next one. */
static void free_over_border(void)
{
	struct zone *below = &zones[pfn_zone_index(DMA_END_PFN - 1)];
	struct zone *above = &zones[pfn_zone_index(DMA_END_PFN)];
	uint64_t before[2];

	take_all_frames();
	while (alloc_page(GFP_ATOMIC | __GFP_NOWARN | __GFP_MEMALLOC))
		;
	drain_all_pages();
	before[0] = below->free;
	before[1] = above->free;
	free_contig_range(DMA_END_PFN - 1, 2);
	drain_all_pages();
	log_line("%lu below, %lu above", below->free - before[0], above->free - before[1]);
	log_line("%s", page_alloc_check() ? page_alloc_check() : "sound");
}

TEST(pcp, border, "frames that are freed as one run go each to its own zone")
{
	int status;

	expect_string(apart(free_over_border, &status), "# 1 below, 1 above\n# sound\n");
	expect_equal(status, 0);
}
