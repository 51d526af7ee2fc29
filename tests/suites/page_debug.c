/* SPDX-License-Identifier: BSD-2-Clause */
#include "page_alloc.h"
#include "test.h"
#include "words.h"

/* Poison, and freed frames that are not present. The run's own setting is put back. */

static struct page_alloc_options as_the_run_has_it(void)
{
	return (struct page_alloc_options){
		.poison = mm_slow_reasons & SLOW_POISON,
		.debug_pagealloc = mm_slow_reasons & SLOW_UNMAP,
	};
}

static uint64_t poison_broken(void)
{
	struct page_alloc_stats stats;

	page_alloc_get_stats(&stats);
	return stats.poison_broken;
}

TEST(page_debug, poison, "a freed frame is filled, and an untouched one is handed out in silence")
{
	struct page_alloc_options before = as_the_run_has_it(), poison = {.poison = true};
	uint64_t broken = poison_broken();
	struct page *page;

	page_alloc_set_debug(&poison);
	page = alloc_page(GFP_KERNEL);
	require(page);
	memset(page_address(page), 1, PAGE_SIZE);
	__free_page(page);
	expect_equal(*(uint64_t *)page_address(page), 0xaaaaaaaaaaaaaaaa);
	expect(alloc_page(GFP_KERNEL) == page);
	expect_equal(poison_broken(), broken);
	__free_page(page);
	page_alloc_set_debug(&before);
}

TEST(page_debug, poison_broken,
     "a frame that was written while free is reported when it is handed out")
{
	struct page_alloc_options before = as_the_run_has_it(), poison = {.poison = true};
	uint64_t broken = poison_broken();
	struct page *page;

	page_alloc_set_debug(&poison);
	page = alloc_page(GFP_KERNEL);
	require(page);
	__free_page(page);
	((char *)page_address(page))[123] = 7;
	expect(alloc_page(GFP_KERNEL) == page);
	expect_equal(poison_broken(), broken + 1);
	__free_page(page);
	page_alloc_set_debug(&before);
}

TEST(page_debug, unmapped,
     "under debug=pagealloc a freed frame faults, and works again once allocated")
{
	struct page_alloc_options before = as_the_run_has_it(), unmap = {.debug_pagealloc = true};
	struct page *page;
	char *memory;

	page_alloc_set_debug(&unmap);
	page = alloc_page(GFP_KERNEL);
	require(page);
	memory = page_address(page);
	memory[0] = memory[PAGE_SIZE - 1] = 1;
	__free_page(page);
	expect_fault_read(memory);
	expect_fault_write(memory + PAGE_SIZE - 1);
	expect(alloc_page(GFP_KERNEL) == page);
	memory[0] = memory[PAGE_SIZE - 1] = 2;
	expect_equal(memory[0] + memory[PAGE_SIZE - 1], 4);
	__free_page(page);
	page_alloc_set_debug(&before);
	if (before.debug_pagealloc)
		expect_fault_write(memory);
	else
		memory[0] = 0;
}

TEST(page_debug, poison_unmapped, "poison asked for later fills freed frames that are unmapped too")
{
	struct page_alloc_options before = as_the_run_has_it(), unmap = {.debug_pagealloc = true};
	struct page_alloc_options both = {.debug_pagealloc = true, .poison = true};
	struct page_alloc_options poison = {.poison = true};
	struct page *page;
	char *memory;

	page_alloc_set_debug(&unmap);
	page = alloc_page(GFP_KERNEL);
	require(page);
	memory = page_address(page);
	memory[0] = 1;
	__free_page(page);
	page_alloc_set_debug(&both);
	expect_fault_read(memory);
	page_alloc_set_debug(&poison);
	expect_equal(*(uint64_t *)memory, 0xaaaaaaaaaaaaaaaa);
	page_alloc_set_debug(&before);
}
