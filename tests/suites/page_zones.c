/* SPDX-License-Identifier: BSD-2-Clause */
#include "page_alloc.h"
#include "mm.h"
#include "space.h"
#include "test.h"
#include "vmalloc.h"
#include "zone.h"

/* Zones: where frames lie, what is kept in reserve, what happens when a zone is empty. */

/* Frames held by a test, linked through their `private`. Only the low zone is ever emptied: frames
 * that were handed out are cleared at the end, and that costs time. */
struct held {
	struct page *first;
	unsigned int nr;
};

static void hold_all(struct held *held, gfp_t gfp)
{
	struct page *page;

	while ((page = alloc_page(gfp | __GFP_NOWARN)) != NULL) {
		page->private = (uintptr_t)held->first;
		held->first = page;
		held->nr++;
	}
}

static void release_all(struct held *held)
{
	while (held->first) {
		struct page *page = held->first;

		held->first = (struct page *)(uintptr_t)page->private;
		__free_page(page);
	}
}

static struct zone *dma_zone(void)
{
	for_each_populated_zone(zone)
	{
		if (zone->type == ZONE_DMA)
			return zone;
	}
	test_skip("there is no memory below 16 MiB");
}

TEST(page_zones, check_notices, "page_alloc_check() and mm_check() say so when a zone miscounts")
{
	struct zone *zone = dma_zone();

	expect(!page_alloc_check() && !mm_check());
	zone->free++;
	expect(page_alloc_check() && mm_check());
	zone->free--;
	expect(!mm_check());
}

TEST(page_zones, dma, "GFP_DMA gives frames below 16 MiB, GFP_DMA32 below 4 GiB")
{
	struct zone *zone = dma_zone();

	for (unsigned int order = 0; order < 5; order++) {
		struct page *low = alloc_pages(GFP_KERNEL | GFP_DMA, order);
		struct page *middle = alloc_pages(GFP_KERNEL | GFP_DMA32, order);

		require(low && middle);
		expect_below(page_to_pfn(low) + ((uint64_t)1 << order), DMA_END_PFN + 1);
		expect_below(page_to_pfn(middle) + ((uint64_t)1 << order), DMA32_END_PFN + 1);
		expect(&zones[pfn_zone_index(page_to_pfn(low))] == zone);
		__free_pages(low, order);
		__free_pages(middle, order);
	}
}

TEST(page_zones, highest_first, "without a zone flag the highest zone serves first")
{
	struct page *page = alloc_page(GFP_KERNEL);
	enum zone_type highest = ZONE_DMA;

	require(page);
	for_each_populated_zone(zone)
	{
		if (zone->node == page_to_nid(page) && zone->type > highest)
			highest = zone->type;
	}
	expect_equal(pfn_zone_type(page_to_pfn(page)), highest);
	__free_page(page);
}

TEST(page_zones, counters, "a zone's count follows what is taken from its lists and given back")
{
	struct zone *zone = dma_zone();
	struct page *page;
	uint64_t before;

	drain_all_pages();
	before = zone_free(zone);
	page = alloc_pages(GFP_KERNEL | GFP_DMA, 4);
	require(page);
	expect_equal(zone_free(zone), before - 16);
	__free_pages(page, 4);
	drain_all_pages();
	expect_equal(zone_free(zone), before);
	expect_below(zone->watermark[WMARK_MIN], zone->watermark[WMARK_LOW]);
	expect_below(zone->watermark[WMARK_LOW], zone->watermark[WMARK_HIGH]);
}

TEST(page_zones, reserve, "GFP_KERNEL leaves a reserve, GFP_ATOMIC half of it, page tables nothing")
{
	struct zone *zone = dma_zone();
	struct held kernel = {.nr = 0}, atomic = {.nr = 0}, all = {.nr = 0};
	uint64_t min = zone->watermark[WMARK_MIN];

	hold_all(&kernel, GFP_KERNEL | GFP_DMA);
	expect_equal(zone_free(zone), min);
	expect(!alloc_page(GFP_NOWAIT | GFP_DMA));
	hold_all(&atomic, GFP_ATOMIC | GFP_DMA);
	expect_equal(zone_free(zone), min - min / 2);
	hold_all(&all, GFP_ATOMIC | __GFP_MEMALLOC | GFP_DMA);
	expect_equal(zone_free(zone), 0);
	expect(!alloc_page(GFP_ATOMIC | __GFP_MEMALLOC | __GFP_NOMEMALLOC | GFP_DMA |
			   __GFP_NOWARN));
	expect(!page_alloc_check());
	release_all(&kernel);
	release_all(&atomic);
	release_all(&all);
}

/* The largest block that is to be had now; -1: none. What stays for good may split the others. */
static int largest_order(gfp_t gfp)
{
	int order = MAX_PAGE_ORDER;
	struct page *page = NULL;

	while (order >= 0 && !(page = alloc_pages(gfp | __GFP_NOWARN, (unsigned int)order)))
		order--;
	if (page)
		__free_pages(page, (unsigned int)order);
	return order;
}

TEST(page_zones, exhausted,
     "an empty zone answers NULL for every order, and works again afterwards")
{
	struct held held = {.nr = 0};
	struct page_alloc_stats before, after;
	int largest;

	dma_zone();
	largest = largest_order(GFP_KERNEL | GFP_DMA);
	expect(largest > 0);
	hold_all(&held, GFP_KERNEL | GFP_DMA);
	page_alloc_get_stats(&before);
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++)
		expect(!alloc_pages(GFP_KERNEL | GFP_DMA | __GFP_NOWARN, order));
	page_alloc_get_stats(&after);
	expect_equal(after.failed, before.failed + NR_PAGE_ORDERS);
	release_all(&held);
	expect_equal(largest_order(GFP_KERNEL | GFP_DMA), largest);
}

TEST(page_zones, tables,
     "page tables get cleared frames, below 4 GiB where asked, and only they free them")
{
	phys_addr_t table = page_table_source.alloc(NULL, true);
	struct page_alloc_stats before, after;

	require(table);
	expect_below(table, (phys_addr_t)1 << 32);
	for (unsigned int i = 0; i < PAGE_SIZE / sizeof(uint64_t); i++)
		expect_equal(((uint64_t *)phys_to_virt(table))[i], 0);
	page_alloc_get_stats(&before);
	__free_page(phys_to_page(table));
	page_alloc_get_stats(&after);
	expect_equal(after.refused, before.refused + 1);
	page_table_source.free(NULL, table);
	expect_equal(page_count(phys_to_page(table)), 0);
}

static struct held given_back;
static unsigned int asked;
static bool generous; /* the hook stays registered: it gives nothing but when this test says so */

static unsigned int asked_in_vain; /* so often it only says that it gave something */

static unsigned long give_back(void)
{
	unsigned int nr = given_back.nr;

	if (!generous)
		return 0;
	if (asked++ < asked_in_vain)
		return 1;
	release_all(&given_back);
	given_back.nr = 0;
	return nr;
}

static struct reclaim_hook hook = {.name = "a test", .reclaim = give_back};

TEST(page_zones, reclaim,
     "GFP_KERNEL asks who can give frames back; GFP_ATOMIC and GFP_NOWAIT do not")
{
	struct page *page;

	dma_zone();
	register_reclaim_hook(&hook);
	asked = 0;
	hold_all(&given_back, GFP_NOWAIT | GFP_DMA);
	generous = true;
	hold_all(&given_back, GFP_ATOMIC | GFP_DMA);
	expect_equal(asked, 0);
	page = alloc_page(GFP_KERNEL | GFP_DMA);
	expect(page);
	expect_equal(asked, 1);
	generous = false;
	if (page)
		__free_page(page);
	release_all(&given_back);
	given_back.nr = 0;
}

TEST(page_zones, nofail, "__GFP_NOFAIL goes on while somebody still gives frames back")
{
	struct page *page;

	dma_zone();
	hold_all(&given_back, GFP_NOWAIT | GFP_DMA);
	register_reclaim_hook(&hook);
	asked = 0;
	asked_in_vain = 20;
	generous = true;
	expect(!alloc_page(GFP_KERNEL | __GFP_NORETRY | GFP_DMA | __GFP_NOWARN));
	expect_equal(asked, 1);
	page = alloc_page(GFP_KERNEL | __GFP_NOFAIL | GFP_DMA);
	generous = false;
	asked_in_vain = 0;
	expect(page);
	expect_equal(asked, 21);
	if (page)
		__free_page(page);
	release_all(&given_back);
	given_back.nr = 0;
}

TEST(page_zones, warn_alloc,
     "failures are reported, at most ten a second, and never under __GFP_NOWARN")
{
	struct held held = {.nr = 0};
	struct page_alloc_stats before, after;
	uint64_t start = platform_ticks(), limit = start + 2 * platform_ticks_per_second(), seconds;

	dma_zone();
	hold_all(&held, GFP_ATOMIC | __GFP_MEMALLOC | GFP_DMA);
	page_alloc_get_stats(&before);
	/* the second's lines may be used up: then the first one comes in the next */
	do {
		for (unsigned int i = 0; i < 200; i++)
			expect(!alloc_page(GFP_ATOMIC | GFP_DMA));
		page_alloc_get_stats(&after);
	} while (after.warned == before.warned && platform_ticks() < limit);
	expect(after.warned > before.warned);
	seconds = (platform_ticks() - start) / platform_ticks_per_second() + 2;
	expect_below(after.warned - before.warned, 10 * seconds + 1);
	before = after;
	expect(!alloc_page(GFP_ATOMIC | GFP_DMA | __GFP_NOWARN));
	page_alloc_get_stats(&after);
	expect_equal(after.warned, before.warned);
	release_all(&held);
}

TEST(page_zones, cpu_node, "a CPU's node is the one it was told, or 0 where that is not there")
{
	unsigned int cpu = this_cpu();
	int node = cpu_to_node(cpu), last = (int)nr_online_nodes() - 1;

	expect(node >= 0 && node <= last);
	for (int nid = 0; nid <= last + 2; nid++) {
		set_cpu_node(cpu, nid);
		expect_equal(cpu_to_node(cpu), nid <= last ? nid : 0);
		expect_equal(numa_node_id(), nid <= last ? nid : 0);
		expect(!page_alloc_check());
	}
	set_cpu_node(cpu, node);
	expect_equal(numa_node_id(), node);
}

TEST(page_zones, no_node, "a node that there is not is refused, the first of them too")
{
	int nr = (int)nr_online_nodes();
	struct page *page = alloc_pages_node(nr - 1, GFP_KERNEL, 0);

	expect(page);
	expect(!alloc_pages_node(nr, GFP_KERNEL | __GFP_NOWARN, 0));
	expect(!alloc_pages_node(nr + 1, GFP_KERNEL | __GFP_NOWARN, 0));
	if (page)
		__free_page(page);
}

static struct reclaim_hook *hook_named(const char *name)
{
	struct reclaim_hook *other = &hook;

	register_reclaim_hook(&hook); /* those from before come after it */
	while (other && strncmp(other->name, name, strlen(name) + 1) != 0)
		other = other->next;
	return other;
}

TEST(page_zones, hook_of_vmalloc,
     "what waits for use in vmalloc is given back, and its tables counted")
{
	struct reclaim_hook *vmalloc_hook = hook_named("vmalloc");
	uint64_t tables, freed;
	void *areas[3];

	require(vmalloc_hook);
	for (unsigned int i = 0; i < 3; i++)
		areas[i] = vmalloc(700 * PAGE_SIZE);
	for (unsigned int i = 0; i < 3; i++)
		vfree(areas[i]);
	tables = space_nr_tables();
	freed = vmalloc_hook->reclaim();
	expect_equal(freed, tables - space_nr_tables());
	expect_equal(vmalloc_hook->reclaim(), 0);
}
