/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/format.h"
#include "slabs.h"
#include "test.h"
#include "words.h"

/* What is said of a cache that cannot go. */

enum { OBJECTS = 3 };

static char said[PLATFORM_LINE_MAX];

static void keep(const char *line)
{
	scnprintf(said, sizeof(said), "%s", line);
}

TEST(slab_live, named, "a cache with live objects stays, and its line has the address of each")
{
	struct kmem_cache *cache = kmem_cache_create("live", 64, 8, 0, NULL);
	void *objects[OBJECTS];
	char word[32];
	int error;

	require(cache);
	for (unsigned int i = 0; i < OBJECTS; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		require(objects[i]);
	}
	log_divert(keep);
	error = kmem_cache_destroy(cache);
	log_divert(NULL);
	expect(error);
	expect(text_contains(said, "cache live has 3 live objects and stays: 0x"));
	for (unsigned int i = 0; i < OBJECTS; i++) {
		scnprintf(word, sizeof(word), " %p", objects[i]);
		expect(text_contains(said, word));
		kmem_cache_free(cache, objects[i]);
	}
	expect_equal(kmem_cache_destroy(cache), 0);
}

enum { MANY = 64 };

TEST(slab_live, edges, "the first object of a slab and the last one are named like the others")
{
	struct kmem_cache *cache = kmem_cache_create("edges", 1024, 0, 0, NULL);
	void *objects[MANY], *edges[2] = {NULL, NULL};
	char word[32];
	int error;

	require(cache);
	require_equal(kmem_cache_alloc_bulk(cache, GFP_KERNEL, MANY, objects), MANY);
	for (unsigned int i = 0; i < MANY; i++) {
		const struct slab *slab = slab_of(objects[i]);
		size_t index = (size_t)((char *)objects[i] - (char *)slab->first) / cache->stride;

		if (!edges[0] && index == 0)
			edges[0] = objects[i];
		else if (!edges[1] && index + 1 == slab->nr_objects)
			edges[1] = objects[i];
		else
			kmem_cache_free(cache, objects[i]);
	}
	require(edges[0] && edges[1]);
	log_divert(keep);
	error = kmem_cache_destroy(cache);
	log_divert(NULL);
	expect(error);
	expect(text_contains(said, "cache edges has 2 live objects and stays: 0x"));
	for (unsigned int i = 0; i < 2; i++) {
		scnprintf(word, sizeof(word), " %p", edges[i]);
		expect(text_contains(said, word));
		kmem_cache_free(cache, edges[i]);
	}
	expect_equal(kmem_cache_destroy(cache), 0);
}
