/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/format.h"
#include "page_alloc.h"
#include "test.h"
#include "vmalloc.h"
#include "vmallocinfo.h"
#include "words.h"

/* Frames and nodes, from every CPU. Where there is one node, all is of it. */

enum { PAGES = 40 };

static unsigned int wrong_own[PLATFORM_CPUS_MAX], wrong_asked[PLATFORM_CPUS_MAX];

static unsigned int pages_elsewhere(void *area, int node)
{
	unsigned int wrong = 0;

	for (unsigned int i = 0; area && i < PAGES; i++)
		wrong += page_to_nid(vmalloc_to_page((char *)area + i * PAGE_SIZE)) != node;
	return area ? wrong : PAGES;
}

static void allocate_near_and_far(void *context)
{
	unsigned int cpu = platform_cpu();
	void *area = vmalloc(PAGES * PAGE_SIZE);

	(void)context;
	wrong_own[cpu] = pages_elsewhere(area, cpu_to_node(cpu));
	wrong_own[cpu] += numa_node_id() != cpu_to_node(cpu);
	vfree(area);
	wrong_asked[cpu] = 0;
	for (unsigned int node = 0; node < nr_online_nodes(); node++) {
		area = vmalloc_node(PAGES * PAGE_SIZE, (int)node);
		wrong_asked[cpu] += pages_elsewhere(area, (int)node);
		vfree(area);
	}
}

TEST(page_nodes_cpus, near, "every CPU gets frames of its own node, or of the node it asks for")
{
	unsigned int nr = test_run_on_cpus(test_nr_cpus(), allocate_near_and_far, NULL);

	for (unsigned int cpu = 0; cpu < nr; cpu++) {
		expect_equal(wrong_own[cpu], 0);
		expect_equal(wrong_asked[cpu], 0);
	}
}

struct search {
	char area[32], node[32];
	unsigned int found;
};

static void look_for_area(void *context, const char *line)
{
	struct search *search = context;

	search->found += text_contains(line, search->area) && text_contains(line, search->node);
}

TEST(page_nodes_cpus, vmallocinfo, "vmallocinfo counts the pages of each node as they are")
{
	for (unsigned int node = 0; node < nr_online_nodes(); node++) {
		void *area = vmalloc_node(PAGES * PAGE_SIZE, (int)node);
		struct search search = {.found = 0};

		require(area);
		scnprintf(search.area, sizeof(search.area), "%lx-", (uintptr_t)area);
		scnprintf(search.node, sizeof(search.node), " N%u=%u", node, PAGES);
		vmallocinfo(look_for_area, &search);
		expect_equal(search.found, 1);
		vfree(area);
	}
}

TEST(page_nodes_cpus, no_fallback, "a block of the node that was asked for is no fallback")
{
	for (unsigned int node = 0; node < nr_online_nodes(); node++) {
		struct page_alloc_stats before, after;
		struct page *page;

		page_alloc_get_stats(&before);
		page = alloc_pages_node((int)node, GFP_KERNEL, 2);
		page_alloc_get_stats(&after);
		require(page);
		expect_equal(after.fallbacks - before.fallbacks, page_to_nid(page) != (int)node);
		__free_pages(page, 2);
	}
}

TEST(page_nodes_cpus, fallback, "a frame of another node than the one asked for is counted")
{
	struct page *held = NULL, *page;
	struct page_alloc_stats before, after;
	unsigned int fallen = 0;

	if (nr_online_nodes() < 2)
		test_skip("one node");
	page_alloc_get_stats(&before);
	while (!fallen && (page = alloc_pages_node(1, GFP_KERNEL | __GFP_NOWARN, 9))) {
		fallen = page_to_nid(page) != 1;
		*(struct page **)page_address(page) = held;
		held = page;
	}
	page_alloc_get_stats(&after);
	expect(fallen);
	expect(after.fallbacks > before.fallbacks);
	while (held) {
		page = held;
		held = *(struct page **)page_address(page);
		__free_pages(page, 9);
	}
}
