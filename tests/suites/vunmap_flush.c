/* SPDX-License-Identifier: BSD-2-Clause */
#include "page_alloc.h"
#include "test.h"
#include "tlb.h"
#include "vmalloc.h"

/* What taking mappings away costs: a flush where something was mapped, and none where nothing was.
 */

static uint64_t flushes(void)
{
	struct tlb_stats stats;

	tlb_get_stats(&stats);
	return stats.ranges + stats.alls;
}

/* By this CPU. */
static uint64_t pages_flushed(void)
{
	struct tlb_stats stats;

	tlb_get_cpu_stats(platform_cpu(), &stats);
	return stats.flushes[TLB_INVLPG];
}

/* An area of `nr` pages, of which the first one is mapped. */
static struct vm_struct *map_first(struct page *page, unsigned int nr)
{
	struct vm_struct *area = get_vm_area(nr * PAGE_SIZE, VM_MAP);
	unsigned long start;

	require(area && page);
	start = (unsigned long)(uintptr_t)area->addr;
	require_equal(vmap_pages_range(start, start + PAGE_SIZE, PAGE_KERNEL, &page, PAGE_SHIFT),
		      0);
	return area;
}

TEST(vunmap_flush, range, "vunmap_range() flushes what was mapped, and nothing where nothing was")
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct vm_struct *area = map_first(page, 2);
	unsigned long start = (unsigned long)(uintptr_t)area->addr;
	uint64_t before = flushes();

	vunmap_range(start, start + 2 * PAGE_SIZE);
	expect_equal(flushes(), before + 1);
	vunmap_range(start, start + 2 * PAGE_SIZE);
	expect_equal(flushes(), before + 1);
	free_vm_area(area);
	__free_page(page);
}

TEST(vunmap_flush, page, "a page is flushed by itself, and not everything with it")
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct vm_struct *area = map_first(page, 1);
	unsigned long start = (unsigned long)(uintptr_t)area->addr;
	uint64_t before = pages_flushed();

	vunmap_range(start, start + PAGE_SIZE);
	expect_equal(pages_flushed(), before + 1);
	free_vm_area(area);
	__free_page(page);
}
