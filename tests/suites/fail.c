/* SPDX-License-Identifier: BSD-2-Clause */
#include "fail.h"
#include "page_alloc.h"
#include "slab.h"
#include "test.h"

/* Injected failure: each call of this layer, failed at each of its internal allocations in turn. */

TEST(fail, counts, "the Nth allocation fails, once")
{
	struct page *page;

	fail_arm(2, FAIL_ALL_POINTS);
	page = alloc_page(GFP_KERNEL);
	expect(page);
	expect(!alloc_page(GFP_KERNEL | __GFP_NOWARN));
	if (page)
		__free_page(page);
	page = alloc_page(GFP_KERNEL);
	expect(page);
	expect_equal(fail_counted(FAIL_FRAME), 3);
	expect(fail_disarm());
	if (page)
		__free_page(page);
}

TEST(fail, points, "only the kinds that were asked for are counted towards N")
{
	struct page *page;
	void *object;

	fail_arm(1, 1u << FAIL_SLAB_OBJECT);
	page = alloc_page(GFP_KERNEL);
	expect(page);
	object = kmalloc(40, GFP_KERNEL);
	expect(!object);
	expect(fail_disarm());
	if (page)
		__free_page(page);
}

TEST(fail, nofail, "__GFP_NOFAIL is not failed")
{
	struct page *page;
	void *object;

	fail_arm(1, 1u << FAIL_FRAME);
	page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	fail_disarm();
	expect(page);
	fail_arm(1, 1u << FAIL_SLAB_OBJECT);
	object = kmalloc(40, GFP_KERNEL | __GFP_NOFAIL);
	fail_disarm();
	expect(object);
	if (page)
		__free_page(page);
	kfree(object);
}

static bool one_page(void)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_NOWARN);

	if (page)
		__free_page(page);
	return page;
}

static bool a_block(void)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN, 4);

	if (page)
		__free_pages(page, 4);
	return page;
}

static bool an_array(void)
{
	struct page *pages[200] = {NULL};
	bool full = alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, 200, pages) == 200;

	free_pages_bulk(200, pages);
	return full;
}

static bool a_range(void)
{
	struct page *page = alloc_contig_pages(70, GFP_KERNEL | __GFP_NOWARN, NUMA_NO_NODE, NULL);

	if (page)
		free_contig_range(page_to_pfn(page), 70);
	return page;
}

static bool a_table(void)
{
	phys_addr_t table = page_table_source.alloc(NULL, false);

	if (table)
		page_table_source.free(NULL, table);
	return table;
}

static bool small_object(void)
{
	void *p = kmalloc(50, GFP_KERNEL | __GFP_NOWARN);

	kfree(p);
	return p;
}

static bool large_object(void)
{
	void *p = kmalloc(40000, GFP_KERNEL | __GFP_NOWARN);

	kfree(p);
	return p;
}

static bool growing_object(void)
{
	void *p = kmalloc(50, GFP_KERNEL | __GFP_NOWARN), *larger;

	larger = p ? krealloc(p, 5000, GFP_KERNEL | __GFP_NOWARN) : NULL;
	kfree(larger ? larger : p);
	return larger;
}

static bool many_objects(void)
{
	void *objects[60];
	struct kmem_cache *cache = kmem_cache_create("test", 700, 0, 0, NULL);
	bool all =
		cache && kmem_cache_alloc_bulk(cache, GFP_KERNEL | __GFP_NOWARN, 60, objects) == 60;

	if (all)
		kmem_cache_free_bulk(cache, 60, objects);
	if (cache)
		expect_equal(kmem_cache_destroy(cache), 0);
	return all;
}

static const struct {
	const char *name;
	bool (*call)(void);
} calls[] = {
	{"alloc_page", one_page},
	{"alloc_pages", a_block},
	{"alloc_pages_bulk", an_array},
	{"alloc_contig_pages", a_range},
	{"page table", a_table},
	{"kmalloc", small_object},
	{"kmalloc, large", large_object},
	{"krealloc", growing_object},
	{"kmem_cache_create", many_objects},
};

/* Fails the call's `nth` allocation; false: it has fewer. */
static bool fails_at(bool (*call)(void), uint64_t nth)
{
	bool happened;

	slab_quiesce();
	drain_all_pages();
	fail_arm(nth, FAIL_ALL_POINTS);
	call();
	happened = fail_disarm();
	expect(!page_alloc_check());
	expect(!slab_check());
	return happened;
}

TEST(fail, every_call, "each call fails at each of its allocations without losing anything")
{
	for (unsigned int i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		uint64_t free, nth = 1;

		slab_quiesce();
		free = nr_free_pages();
		while (fails_at(calls[i].call, nth))
			nth++;
		expect(nth > 1);
		slab_quiesce();
		if (!expect_equal(nr_free_pages(), free))
			test_note("that was %s", calls[i].name);
		expect(calls[i].call());
	}
}
