/* SPDX-License-Identifier: BSD-2-Clause */
#include "apart.h"
#include "lib/format.h"
#include "memblock.h"
#include "page.h"
#include "page_alloc.h"
#include "test.h"
#include "walk.h"
#include "zone.h"

/* Memory as no simulated machine has it: in a copy of the process. */

enum { TABLES_MAX = 64 };
static phys_addr_t tables[TABLES_MAX];
static unsigned int nr_tables;

static phys_addr_t take_table(void *context, bool low)
{
	phys_addr_t table = nr_tables ? tables[--nr_tables] : 0;

	(void)context;
	(void)low;
	if (table)
		memset(phys_to_virt(table), 0, PAGE_SIZE);
	return table;
}

/* From here on the page array in force is not used any more. */
static void prepare_tables(void)
{
	static const struct table_source source = {.alloc = take_table};

	while (nr_tables < TABLES_MAX)
		tables[nr_tables++] = page_to_phys(alloc_page(GFP_KERNEL));
	space_set_source(&source);
}

/* Whether all from `start` to `end` is mapped by small pages of the range. */
static bool is_backed(uintptr_t start, uintptr_t end, const struct memory_range *range)
{
	struct leaf leaf;

	for (uintptr_t at = start; at < end; at += PAGE_SIZE)
		if (!walk_lookup(&kernel_space, at, &leaf) || leaf.size != PAGE_SIZE ||
		    leaf.phys < range->start || leaf.phys >= range->end)
			return false;
	return true;
}

/* No 2 MiB in one piece are left, though as much is. */
static void map_out_of_pieces(void)
{
	static struct memory_range range = {.start = ((phys_addr_t)4 << 30) + PAGE_SIZE,
					    .end = ((phys_addr_t)4 << 30) + 256 * PMD_SIZE -
						   PAGE_SIZE};
	uint64_t first = range.start >> PAGE_SHIFT, end = 256 * PMD_SIZE / PAGE_SIZE + (1 << 20);

	prepare_tables();
	memblock_init(&range, 1);
	while (memblock_alloc(PMD_SIZE, PMD_SIZE, 0))
		;
	layout.vmemmap_start = (VMALLOC_START + 4 * PUD_SIZE) & ~(PUD_SIZE - 1);
	layout.vmemmap_end = VMALLOC_END;
	log_line("%d", page_array_map());
	log_line("%d", is_backed(VMEMMAP_START + (first - 1) * sizeof(struct page),
				 VMEMMAP_START + end * sizeof(struct page), &range));
	log_line("%d", is_backed((uintptr_t)&frame_words[first - 1], (uintptr_t)&frame_words[end],
				 &range));
}

TEST(page_array, pieces, "the page array is put together from pieces where nothing larger is left")
{
	int status;

	expect_string(apart(map_out_of_pieces, &status), "# 0\n# 1\n# 1\n");
	expect_equal(status, 0);
}

/* The zones of the second node reach down to where the first one begins. */
static void take_woven(void)
{
	uint64_t start = zones[ZONE_DMA].start_pfn;
	struct page *page;

	drain_all_pages();
	for (unsigned int type = 0; type < MAX_NR_ZONES; type++)
		zones[MAX_NR_ZONES + type].start_pfn = start;
	page = alloc_contig_pages(8, GFP_KERNEL | __GFP_THISNODE, 1, NULL);
	log_line("%s", !page ? "none" : page_to_nid(page) == 1 ? "its own" : "another's");
}

TEST(page_runs, woven_nodes, "a run for one node steps over the free frames of another in its zone")
{
	int status;

	if (nr_online_nodes() < 2)
		test_skip("one node");
	expect_string(apart(take_woven, &status), "# its own\n");
	expect_equal(status, 0);
}
