/* SPDX-License-Identifier: BSD-2-Clause */
#include "slab.h"
#include "slabs.h"
#include "test.h"

/* How close together the objects of kmalloc() and of other caches lie. */

enum { OBJECTS = 64, SIZE = 96 };

TEST(kmalloc_packed, no_gaps, "objects of 96 bytes lie 96 bytes apart")
{
	static char *objects[OBJECTS];
	size_t least = SIZE_MAX;

	for (unsigned int i = 0; i < OBJECTS; i++) {
		objects[i] = kmalloc(SIZE, GFP_KERNEL);
		require(objects[i]);
		for (unsigned int j = 0; j < i; j++) {
			size_t apart = objects[i] > objects[j] ? (size_t)(objects[i] - objects[j])
							       : (size_t)(objects[j] - objects[i]);

			least = apart < least ? apart : least;
		}
	}
	expect_equal(least, SIZE);
	for (unsigned int i = 0; i < OBJECTS; i++)
		kfree(objects[i]);
}

TEST(kmalloc_packed, order, "a slab is as large as eight objects need, and no larger")
{
	static const struct {
		size_t size;
		unsigned int order;
	} rows[] = {{512, 0}, {520, 1}, {1024, 1}, {1032, 2}, {2048, 2}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kmem_cache *cache = kmem_cache_create("packed", rows[i].size, 8, 0, NULL);

		require(cache);
		expect_equal(cache->order, rows[i].order);
		kmem_cache_destroy(cache);
	}
}
