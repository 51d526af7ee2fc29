/* SPDX-License-Identifier: BSD-2-Clause */
#include "slab.h"
#include "lib/errno.h"
#include "page_alloc.h"
#include "slabs.h"
#include "test.h"
#include "words.h"

/* Objects that are not freed, writes into free ones, and what is said of an address. */

static uint64_t refused(void)
{
	struct slab_stats stats;

	slab_get_stats(&stats);
	return stats.refused;
}

TEST(slab, create_refused, "no name, no size, too large, odd alignment, unknown flag: refused")
{
	expect(!kmem_cache_create(NULL, 8, 0, 0, NULL));
	expect(!kmem_cache_create("test", 0, 0, 0, NULL));
	expect(!kmem_cache_create("test", KMALLOC_MAX_CACHE_SIZE + 1, 0, 0, NULL));
	expect(!kmem_cache_create("test", 8, 3, 0, NULL));
	expect(!kmem_cache_create("test", 8, 2 * PAGE_SIZE, 0, NULL));
	expect(!kmem_cache_create("test", 8, 0, SLAB_FLAGS_MASK + 1, NULL));
}

TEST(slab, alignments, "each power of two up to a page is an alignment that objects have")
{
	for (size_t align = 1; align <= PAGE_SIZE; align *= 2) {
		struct kmem_cache *cache = kmem_cache_create("test", 24, align, 0, NULL);
		void *objects[2];

		require(cache);
		for (unsigned int i = 0; i < 2; i++) {
			objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
			require(objects[i]);
			expect_equal((uintptr_t)objects[i] & (align - 1), 0);
		}
		for (unsigned int i = 0; i < 2; i++)
			kmem_cache_free(cache, objects[i]);
		expect_equal(kmem_cache_destroy(cache), 0);
	}
}

TEST(slab, destroy_busy, "a cache with live objects stays, and works on")
{
	struct kmem_cache *cache = kmem_cache_create("test", 64, 0, 0, NULL);
	void *object, *another;

	require(cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	require(object);
	expect_equal(kmem_cache_destroy(cache), -EBUSY);
	another = kmem_cache_alloc(cache, GFP_KERNEL);
	expect(another);
	kmem_cache_free(cache, another);
	kmem_cache_free(cache, object);
	expect_equal(kmem_cache_destroy(cache), 0);
	expect_equal(kmem_cache_destroy(NULL), 0);
}

TEST(slab, double_free,
     "a second free is refused, before and after the object went back to its slab")
{
	struct kmem_cache *cache = kmem_cache_create("test", 64, 0, 0, NULL);
	uint64_t before = refused();
	void *object, *keep;

	require(cache);
	keep = kmem_cache_alloc(cache, GFP_KERNEL);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	require(object && keep);
	kmem_cache_free(cache, object);
	kmem_cache_free(cache, object);
	kmem_cache_shrink(cache);
	kmem_cache_free(cache, object);
	expect_equal(refused(), before + 2);
	expect(!slab_check());
	kmem_cache_free(cache, keep);
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(slab, foreign_free, "what is no object, inside of one, or another cache's, is refused")
{
	struct kmem_cache *cache = kmem_cache_create("test", 64, 0, 0, NULL);
	struct kmem_cache *other = kmem_cache_create("other", 64, 0, 0, NULL);
	struct page *page = alloc_page(GFP_KERNEL);
	uint64_t before = refused();
	char *object;

	require(cache && other && page);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	require(object);
	kmem_cache_free(other, object);
	kmem_cache_free(cache, object + 8);
	kmem_cache_free(cache, (void *)((uintptr_t)object & PAGE_MASK));
	kmem_cache_free(cache, page_address(page));
	kmem_cache_free(cache, &before);
	kmem_cache_free(cache, (void *)8);
	expect_equal(refused(), before + 6);
	kmem_cache_free(cache, NULL);
	expect_equal(refused(), before + 6);
	expect(!slab_check());
	kmem_cache_free(cache, object);
	__free_page(page);
	expect_equal(kmem_cache_destroy(cache), 0);
	expect_equal(kmem_cache_destroy(other), 0);
}

TEST(slab, frames, "a frame of a slab, the first or the last, is not freed by itself")
{
	struct kmem_cache *cache = kmem_cache_create("test", 2 * PAGE_SIZE, 0, 0, NULL);
	struct page_alloc_stats before, after;
	const struct slab *slab;
	void *object;

	require(cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	require(object);
	slab = slab_of(object);
	page_alloc_get_stats(&before);
	__free_page(slab->page);
	__free_page(slab->page + ((size_t)1 << slab->order) - 1);
	page_alloc_get_stats(&after);
	expect_equal(after.refused, before.refused + 2);
	expect(!page_alloc_check() && !slab_check());
	kmem_cache_free(cache, object);
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(slab, encoded, "no address stands in a free object, and no two are encoded alike")
{
	struct kmem_cache *cache = kmem_cache_create("test", 64, 0, 0, NULL);
	uint64_t *objects[3];

	require(cache);
	expect_equal(kmem_cache_alloc_bulk(cache, GFP_KERNEL, 3, (void **)objects), 3);
	for (unsigned int i = 0; i < 3; i++)
		kmem_cache_free(cache, objects[i]);
	for (unsigned int i = 0; i < 3; i++) {
		expect(objects[i][0] < page_offset_base ||
		       objects[i][0] - page_offset_base >= frame_end << PAGE_SHIFT);
		expect_not_equal(objects[i][0], objects[(i + 1) % 3][0]);
	}
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(slab, written_while_free, "the check finds an object that was written while it was free")
{
	struct kmem_cache *cache = kmem_cache_create("test", 64, 0, 0, NULL);
	uint64_t *object, mark;

	require(cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	require(object);
	kmem_cache_free(cache, object);
	mark = object[1];
	object[1] = 0;
	expect(slab_check());
	object[1] = mark;
	expect(!slab_check());
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(slab, describe, "an address in an object is described by its object and cache")
{
	struct kmem_cache *cache = kmem_cache_create("describable", 64, 0, 0, NULL);
	char text[128];
	char *object;

	require(cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	require(object);
	expect(slab_describe((uintptr_t)object + 17, text, sizeof(text)));
	expect(text_contains(text, "17 bytes into the object"));
	expect(text_contains(text, "describable"));
	fault_describe((uintptr_t)object, text, sizeof(text));
	expect(text_contains(text, "describable"));
	kmem_cache_free(cache, object);
	expect(slab_describe((uintptr_t)object, text, sizeof(text)));
	expect(text_contains(text, "the free object"));
	expect(!slab_describe((uintptr_t)text, text, sizeof(text)));
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(slab, describe_edges, "what is in front of a slab's objects, or behind them, is none of them")
{
	struct kmem_cache *cache = kmem_cache_create("describable", 200, 0, 0, NULL);
	uintptr_t page;
	char text[128];
	void *object;

	require(cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	require(object);
	page = (uintptr_t)object & PAGE_MASK;
	while (slab_describe(page, text, sizeof(text)))
		page -= PAGE_SIZE;
	expect(!slab_describe(page, text, sizeof(text)));
	page = (uintptr_t)object;
	while (slab_describe(page, text, sizeof(text)))
		page += 200;
	expect(!slab_describe(page, text, sizeof(text)));
	kmem_cache_free(cache, object);
	expect_equal(kmem_cache_destroy(cache), 0);
}
