/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/format.h"
#include "page_alloc.h"
#include "test.h"
#include "vmalloc.h"
#include "walk.h"
#include "words.h"

/* Areas of every usual size: each page is there, each has a frame of its own, and none stays. */

enum { MOST_PAGES = 70, SCATTERED = 200 };

static volatile uint64_t *page_at(char *area, size_t page)
{
	return (uint64_t *)(area + page * PAGE_SIZE);
}

static bool all_pages_hold(char *area, size_t nr)
{
	bool hold = true;

	for (size_t i = 0; i < nr; i++)
		*page_at(area, i) = (uintptr_t)area + i;
	for (size_t i = 0; i < nr; i++)
		hold &= *page_at(area, i) == (uintptr_t)area + i;
	return hold;
}

static size_t nr_mapped(const char *area, size_t nr)
{
	size_t mapped = 0;
	struct leaf leaf;

	for (size_t i = 0; i < nr; i++)
		mapped += walk_lookup(&kernel_space, (uintptr_t)area + i * PAGE_SIZE, &leaf);
	return mapped;
}

/* The second time the range and its list of pages are at hand. */
TEST(area_fill, sizes, "an area of any size has all its pages, and none once it is freed")
{
	for (size_t nr = 1; nr <= MOST_PAGES; nr++)
		for (unsigned int turn = 0; turn < 3; turn++) {
			char *area = vmalloc(nr * PAGE_SIZE - turn);

			require(area);
			expect_equal(nr_mapped(area, nr), nr);
			expect(all_pages_hold(area, nr));
			vfree(area);
			expect_equal(nr_mapped(area, nr), 0);
		}
}

/* Every second frame of some is free: what is allocated then is of many runs. */
static void scatter_frames(struct page **held, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		held[i] = alloc_page(GFP_KERNEL);
		require(held[i]);
	}
	for (size_t i = 0; i < nr; i += 2) {
		__free_page(held[i]);
		held[i] = NULL;
	}
}

/* Some of them reach over the end of a table, and are of more than one run of frames. */
TEST(area_fill, crossing, "areas over the end of a table have their own pages and no others")
{
	static const size_t sizes[] = {300, 400, 511, 513, 200};
	enum { NR = sizeof(sizes) / sizeof(sizes[0]) };
	static struct page *held[SCATTERED];
	char *areas[NR];

	test_need_frames(4096);
	for (unsigned int turn = 0; turn < 2; turn++) {
		scatter_frames(held, SCATTERED);
		for (size_t i = 0; i < NR; i++) {
			areas[i] = vmalloc(sizes[i] * PAGE_SIZE);
			require(areas[i]);
		}
		for (size_t i = 0; i < NR; i++) {
			expect(all_pages_hold(areas[i], sizes[i]));
			expect_equal(nr_mapped(areas[i] + sizes[i] * PAGE_SIZE, 1), 0);
		}
		for (size_t i = 0; i < NR; i++) {
			vfree(areas[i]);
			expect_equal(nr_mapped(areas[i], sizes[i]), 0);
		}
		for (size_t i = 1; i < SCATTERED; i += 2)
			__free_page(held[i]);
	}
}

/* What each call makes of three pages and a byte. */
enum { BYTES = 3 * PAGE_SIZE + 1 };

static void expect_size(void *area)
{
	require(area);
	expect_equal(get_vm_area_size(find_vm_area(area)), 4 * PAGE_SIZE);
	expect(all_pages_hold(area, 4));
	vfree(area);
}

TEST(area_fill, calls, "every way to ask for bytes gives as many, at whatever node and alignment")
{
	for (unsigned int turn = 0; turn < 2; turn++) {
		expect_size(vmalloc(BYTES));
		expect_size(vzalloc(BYTES));
		expect_size(vmalloc_node(BYTES, 0));
		expect_size(vzalloc_node(BYTES, 0));
		expect_size(__vmalloc(BYTES, GFP_KERNEL));
		expect_size(vmalloc_32(BYTES));
		expect_size(vmalloc_user(BYTES));
		expect_size(vmalloc_32_user(BYTES));
		expect_size(vmalloc_huge(BYTES, GFP_KERNEL));
		expect_size(vmalloc_huge_node(BYTES, GFP_KERNEL, 0));
		expect_size(__vmalloc_node(BYTES, 1, GFP_KERNEL, 0, NULL));
		expect_size(__vmalloc_node(BYTES, 4 * PAGE_SIZE, GFP_KERNEL, 0, NULL));
		expect_size(__vmalloc_array(1, BYTES, GFP_KERNEL));
		expect_size(vmalloc_array(BYTES, 1));
		expect_size(__vcalloc(1, BYTES, GFP_KERNEL));
		expect_size(vcalloc(BYTES, 1));
	}
}

static unsigned int nodes_refused;

static void count_refusal(const char *line)
{
	nodes_refused += text_contains(line, "a node that there is not");
}

TEST(area_fill, no_node, "a node that there is not is refused, with a line that says so")
{
	int none = (int)nr_online_nodes();

	nodes_refused = 0;
	log_divert(count_refusal);
	expect(!vmalloc_node(PAGE_SIZE, none));
	expect(!vmalloc_huge_node(PAGE_SIZE, GFP_KERNEL, none));
	log_divert(NULL);
	expect_equal(nodes_refused, 2);
}
