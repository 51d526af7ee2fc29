/* SPDX-License-Identifier: BSD-2-Clause */
#include "memblock.h"
#include "page_alloc.h"
#include "pcp.h"
#include "test.h"
#include "zone.h"

/* Bounds that are drawn from the size of memory, worked out anew from what page_alloc.h promises.
 */

static uint64_t between(uint64_t value, uint64_t least, uint64_t most)
{
	return value < least ? least : value > most ? most : value;
}

TEST(numbers, watermarks,
     "a zone's watermarks: a 256th of it, 16 to 4096 frames; 5/4, and 3/2 of that")
{
	for_each_populated_zone(zone)
	{
		uint64_t min = between(zone->managed / 256, 16, 4096);

		expect_equal(zone->watermark[WMARK_MIN], min);
		expect_equal(zone->watermark[WMARK_LOW], min + min / 4);
		expect_equal(zone->watermark[WMARK_HIGH], min + min / 2);
	}
}

TEST(numbers, reserve,
     "a lower zone keeps a 256th of the higher ones of its node from their requests")
{
	for_each_populated_zone(zone)
	{
		uint64_t above = 0;

		for (unsigned int type = 0; type < MAX_NR_ZONES; type++) {
			const struct zone *other = &zones[zone->node * MAX_NR_ZONES + (int)type];

			if (type > (unsigned int)zone->type)
				above += other->managed;
			expect_equal(zone->lowmem_reserve[type], above / 256);
		}
	}
}

TEST(numbers, zones, "zones have the frames of their node and type, and begin and end with them")
{
	uint64_t managed[NR_ZONES] = {0}, all = 0, first[NR_ZONES], end[NR_ZONES] = {0};
	size_t nr;
	const struct memory_range *ranges = memblock_ranges(&nr);

	for (size_t i = 0; i < nr; i++)
		for (uint64_t pfn = ranges[i].start >> PAGE_SHIFT;
		     pfn < ranges[i].end >> PAGE_SHIFT; pfn++) {
			unsigned int zone = ranges[i].node * MAX_NR_ZONES + pfn_zone_type(pfn);

			if (managed[zone]++ == 0)
				first[zone] = pfn;
			end[zone] = pfn + 1;
		}
	for (unsigned int i = 0; i < NR_ZONES; i++) {
		expect_equal(zones[i].managed, managed[i]);
		if (managed[i]) {
			expect_equal(zones[i].start_pfn, first[i]);
			expect_equal(zones[i].end_pfn, end[i]);
		}
		all += managed[i];
	}
	expect_equal(totalram_pages(), all);
}

TEST(numbers, stacks, "a CPU keeps a 64th of its share of a zone, 64 to 2048 frames")
{
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
		for (unsigned int i = 0; i < NR_ZONES; i++) {
			const struct run_stack *stack = pcps[cpu]->stacks[i];

			expect_equal(stack != NULL, zones[i].managed != 0);
			if (!stack)
				continue;
			expect_equal(
				stack->most,
				between(zones[i].managed / (64 * platform_nr_cpus()), 64, 2048));
			expect_equal(stack->first, zones[i].start_pfn);
			expect_equal(stack->span, nr_online_nodes() == 1
							  ? zones[i].end_pfn - zones[i].start_pfn
							  : 0);
		}
}

TEST(numbers, preferred, "a CPU takes from the highest zone of its node first")
{
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++) {
		const struct zone *best = NULL;

		for_each_populated_zone(zone)
		{
			if (zone->node == cpu_to_node(cpu))
				best = zone;
		}
		expect_equal(pcps[cpu]->node, cpu_to_node(cpu));
		if (best)
			expect_equal(pcps[cpu]->preferred->zone, best);
	}
}
