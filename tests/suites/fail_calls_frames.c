/* SPDX-License-Identifier: BSD-2-Clause */
#include "fail_walk.h"
#include "slab.h"
#include "test.h"
#include "vmalloc.h"

/* The calls of fail_walk.c: frames, and objects. */

TRY(alloc_pages, alloc_pages(GFP_QUIET | __GFP_COMP, 4), __free_pages(p, 4))
TRY(alloc_pages_node, alloc_pages_node(0, GFP_QUIET, 3), __free_pages(p, 3))
TRY(alloc_page, alloc_page(GFP_QUIET), __free_page(p))
TRY(get_free_pages, __get_free_pages(GFP_QUIET, 2), free_pages(p, 2))
TRY(get_free_page, __get_free_page(GFP_QUIET), free_page(p))
TRY(get_zeroed_page, get_zeroed_page(GFP_QUIET), free_page(p))
TRY(alloc_pages_exact, alloc_pages_exact(5 * PAGE_SIZE, GFP_QUIET),
    free_pages_exact(p, 5 * PAGE_SIZE))
TRY(alloc_contig_pages, alloc_contig_pages(70, GFP_QUIET, NUMA_NO_NODE, NULL),
    free_contig_range(page_to_pfn(p), 70))
TRY(alloc_contig_pages_aligned,
    alloc_contig_pages_aligned(1500, 1024, GFP_QUIET, NUMA_NO_NODE, NULL),
    free_contig_range(page_to_pfn(p), 1500))

enum { SLOTS = 200 };
static struct page *slots[SLOTS];

/* What was got counts from the front, and the other slots are untouched. */
static bool fill_slots(unsigned long got)
{
	for (unsigned int i = 0; i < SLOTS; i++)
		expect_equal(slots[i] != NULL, i < got);
	free_pages_bulk(SLOTS, slots);
	for (unsigned int i = 0; i < SLOTS; i++)
		slots[i] = NULL;
	return got == SLOTS;
}

static bool try_alloc_pages_bulk_array(void)
{
	return fill_slots(alloc_pages_bulk_array(GFP_QUIET, SLOTS, slots));
}

static bool try_alloc_pages_bulk_array_node(void)
{
	return fill_slots(alloc_pages_bulk_array_node(GFP_QUIET, 0, SLOTS, slots));
}

static bool try_alloc_pages_bulk(void)
{
	return fill_slots(alloc_pages_bulk(GFP_QUIET, SLOTS, slots));
}

const struct fail_call fail_calls_frames[] = {
	CALL(alloc_pages),
	CALL(alloc_pages_node),
	CALL(alloc_page),
	CALL(get_free_pages),
	CALL(get_free_page),
	CALL(get_zeroed_page),
	CALL(alloc_pages_exact),
	CALL(alloc_contig_pages),
	CALL(alloc_contig_pages_aligned),
	CALL(alloc_pages_bulk_array),
	CALL(alloc_pages_bulk_array_node),
	CALL(alloc_pages_bulk),
};
const size_t nr_fail_calls_frames = sizeof(fail_calls_frames) / sizeof(fail_calls_frames[0]);

static int another_node(void)
{
	return (numa_node_id() + 1) % (int)nr_online_nodes();
}

TRY(kmem_cache_create, kmem_cache_create("fail_walk 2", 300, 0, 0, NULL), kmem_cache_destroy(p))
TRY(kmem_cache_alloc, kmem_cache_alloc(fail_cache, GFP_QUIET), kmem_cache_free(fail_cache, p))
TRY(kmem_cache_zalloc, kmem_cache_zalloc(fail_cache, GFP_QUIET), kmem_cache_free(fail_cache, p))
TRY(kmem_cache_alloc_node, kmem_cache_alloc_node(fail_cache, GFP_QUIET, another_node()),
    kmem_cache_free(fail_cache, p))
TRY(kmalloc, kmalloc(50, GFP_QUIET), kfree(p))
TRY(kmalloc_large, kmalloc(40000, GFP_QUIET), kfree(p))
TRY(kmalloc_dma, kmalloc(50, GFP_QUIET | GFP_DMA32), kfree(p))
TRY(kzalloc, kzalloc(500, GFP_QUIET), kfree(p))
TRY(kmalloc_node, kmalloc_node(50, GFP_QUIET, another_node()), kfree(p))
TRY(kzalloc_node, kzalloc_node(50, GFP_QUIET, another_node()), kfree(p))
TRY(kmalloc_array, kmalloc_array(7, 30, GFP_QUIET), kfree(p))
TRY(kcalloc, kcalloc(7, 30, GFP_QUIET), kfree(p))
TRY(kstrdup, kstrdup("a text", GFP_QUIET), kfree(p))
TRY(kmemdup, kmemdup("a text", 7, GFP_QUIET), kfree(p))
TRY(kvmalloc_small, kvmalloc(50, GFP_QUIET), kvfree(p))
TRY(kvmalloc, kvmalloc(3 * PAGE_SIZE, GFP_QUIET), kvfree(p))
TRY(kvmalloc_node, kvmalloc_node(3 * PAGE_SIZE, GFP_QUIET, 0), kvfree(p))
TRY(kvzalloc, kvzalloc(3 * PAGE_SIZE, GFP_QUIET), kvfree(p))
TRY(kvzalloc_node, kvzalloc_node(3 * PAGE_SIZE, GFP_QUIET, 0), kvfree(p))
TRY(kvmalloc_array, kvmalloc_array(3, PAGE_SIZE, GFP_QUIET), kvfree(p))
TRY(kvcalloc, kvcalloc(3, PAGE_SIZE, GFP_QUIET), kvfree(p))

enum { OBJECTS = 60 };

static bool try_kmem_cache_alloc_bulk(void)
{
	static void *objects[OBJECTS];
	int nr;

	objects[OBJECTS - 1] = NULL;
	nr = kmem_cache_alloc_bulk(fail_cache, GFP_QUIET, OBJECTS, objects);
	expect(nr == 0 || nr == OBJECTS);
	if (nr)
		kmem_cache_free_bulk(fail_cache, OBJECTS, objects);
	return nr;
}

/* Grows a string by `grow`; what fails leaves the old one whole. */
static bool grow_string(void *(*grow)(void *p), void (*release)(const void *p))
{
	char *p = kstrdup("contents", GFP_QUIET), *larger;
	bool done;

	if (!p)
		return false;
	larger = grow(p);
	done = larger;
	expect_string(done ? larger : p, "contents");
	release(done ? larger : p);
	return done;
}

static void *by_krealloc(void *p)
{
	return krealloc(p, 5000, GFP_QUIET);
}

static void *by_krealloc_array(void *p)
{
	return krealloc_array(p, 50, 1000, GFP_QUIET);
}

static void *by_kvrealloc(void *p)
{
	return kvrealloc(p, 3 * PAGE_SIZE, GFP_QUIET);
}

static bool try_krealloc(void)
{
	return grow_string(by_krealloc, kfree);
}

static bool try_krealloc_array(void)
{
	return grow_string(by_krealloc_array, kfree);
}

static bool try_kvrealloc(void)
{
	return grow_string(by_kvrealloc, kvfree);
}

/* Without a page for its pointer it waits for the grace period at once. */
static bool try_kvfree_rcu_mightsleep(void)
{
	void *p = kmalloc(50, GFP_QUIET);

	if (!p)
		return false;
	kvfree_rcu_mightsleep(p);
	return true;
}

const struct fail_call fail_calls_objects[] = {
	CALL(kmem_cache_create),
	CALL(kmem_cache_alloc),
	CALL(kmem_cache_zalloc),
	CALL(kmem_cache_alloc_node),
	CALL(kmem_cache_alloc_bulk),
	CALL(kmalloc),
	CALL(kmalloc_large),
	CALL(kmalloc_dma),
	CALL(kzalloc),
	CALL(kmalloc_node),
	CALL(kzalloc_node),
	CALL(kmalloc_array),
	CALL(kcalloc),
	CALL(krealloc),
	CALL(krealloc_array),
	CALL(kstrdup),
	CALL(kmemdup),
	CALL(kvmalloc_small),
	CALL_SURVIVES(kvmalloc),
	CALL_SURVIVES(kvmalloc_node),
	CALL_SURVIVES(kvzalloc),
	CALL_SURVIVES(kvzalloc_node),
	CALL_SURVIVES(kvmalloc_array),
	CALL_SURVIVES(kvcalloc),
	CALL(kvrealloc),
	CALL(kvfree_rcu_mightsleep),
};
const size_t nr_fail_calls_objects = sizeof(fail_calls_objects) / sizeof(fail_calls_objects[0]);
