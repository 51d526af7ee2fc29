/* SPDX-License-Identifier: BSD-2-Clause */
#include "slab.h"
#include "fail.h"
#include "page_alloc.h"
#include "slabs.h"
#include "test.h"
#include "words.h"

/* Caches: each call of the contract. */

TEST_FLAGS(slab, kmem_cache_alloc,
	   "objects of a cache are aligned, distinct, and keep their contents", TEST_SMOKE)
{
	enum { NR = 500 };
	static void *objects[NR];
	struct kmem_cache *cache = kmem_cache_create("test", 72, 32, 0, NULL);

	require(cache);
	expect_equal(kmem_cache_size(cache), 72);
	for (unsigned int i = 0; i < NR; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		require(objects[i]);
		expect_equal((uintptr_t)objects[i] % 32, 0);
		pattern_fill(objects[i], 72, i);
	}
	expect(!slab_check());
	for (unsigned int i = 0; i < NR; i++) {
		expect(pattern_holds(objects[i], 72, i));
		kmem_cache_free(cache, objects[i]);
	}
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(slab, sizes, "every size from 1 byte to 8 KiB makes a cache whose objects do not overlap")
{
	static const unsigned short sizes[] = {1,   7,	 8,   15,   16,	  24,
					       100, 511, 512, 1000, 4000, 8192};

	for (unsigned int s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct kmem_cache *cache = kmem_cache_create("test", sizes[s], 0, 0, NULL);
		unsigned char *objects[20];

		require(cache);
		for (unsigned int i = 0; i < 20; i++) {
			objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
			require(objects[i]);
			memset(objects[i], (int)i, sizes[s]);
		}
		for (unsigned int i = 0; i < 20; i++) {
			expect_equal(objects[i][0], i);
			expect_equal(objects[i][sizes[s] - 1], i);
			kmem_cache_free(cache, objects[i]);
		}
		expect_equal(kmem_cache_destroy(cache), 0);
	}
}

TEST(slab, flags, "SLAB_HWCACHE_ALIGN aligns to cache lines, SLAB_CACHE_DMA32 stays below 4 GiB")
{
	struct kmem_cache *cache = kmem_cache_create(
		"test", 100, 0, SLAB_HWCACHE_ALIGN | SLAB_CACHE_DMA32 | SLAB_ACCOUNT, NULL);
	void *objects[3];

	require(cache);
	for (unsigned int i = 0; i < 3; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		require(objects[i]);
		expect_equal((uintptr_t)objects[i] % CACHE_LINE, 0);
		expect_below(virt_to_phys(objects[i]), (phys_addr_t)1 << 32);
	}
	kmem_cache_free_bulk(cache, 3, objects);
	expect_equal(kmem_cache_destroy(cache), 0);
}

static unsigned int constructed;

static void construct(void *object)
{
	constructed++;
	memset(object, 0x5a, 48);
}

TEST(slab, ctor, "a constructor runs once for an object, and its work outlives a free")
{
	struct kmem_cache *cache;
	unsigned char *object;
	unsigned int runs;

	constructed = 0;
	cache = kmem_cache_create("test", 48, 0, 0, construct);
	require(cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	require(object);
	runs = constructed;
	for (unsigned int i = 0; i < 100; i++) {
		for (unsigned int byte = 0; byte < 48; byte++)
			expect_equal(object[byte], 0x5a);
		kmem_cache_free(cache, object);
		object = kmem_cache_alloc(cache, GFP_KERNEL);
		require(object);
	}
	expect_equal(constructed, runs);
	kmem_cache_free(cache, object);
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(slab, ctor_zero, "zero is refused where a constructor has been, also from a list")
{
	struct kmem_cache *cache = kmem_cache_create("test", 48, 0, 0, construct);
	unsigned char *object;

	require(cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	require(object);
	kmem_cache_free(cache, object);
	expect(!kmem_cache_zalloc(cache, GFP_KERNEL));
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	require(object);
	expect_equal(object[47], 0x5a);
	kmem_cache_free(cache, object);
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(slab, zalloc, "a zeroed object is zero, whatever was there before")
{
	struct kmem_cache *cache = kmem_cache_create("test", 200, 0, 0, NULL);
	void *object;

	require(cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	require(object);
	memset(object, 0xff, 200);
	kmem_cache_free(cache, object);
	object = kmem_cache_zalloc(cache, GFP_KERNEL);
	require(object);
	expect(all_zero(object, 200));
	kmem_cache_free(cache, object);
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(slab, zalloc_frames, "the frames of a slab are not cleared for a zeroed object")
{
	struct kmem_cache *cache = kmem_cache_create("test", 200, 0, 0, NULL);
	struct page_alloc_stats before, after;
	void *objects[100];

	require(cache);
	page_alloc_get_stats(&before);
	for (unsigned int i = 0; i < 100; i++)
		expect((objects[i] = kmem_cache_zalloc(cache, GFP_KERNEL)) != NULL);
	page_alloc_get_stats(&after);
	expect_equal(after.cleared, before.cleared);
	kmem_cache_free_bulk(cache, 100, objects);
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(slab, alloc_node, "objects come from the node that was asked for")
{
	struct kmem_cache *cache = kmem_cache_create("test", 64, 0, 0, NULL);

	require(cache);
	for (unsigned int node = 0; node < nr_online_nodes(); node++) {
		void *object = kmem_cache_alloc_node(cache, GFP_KERNEL, (int)node);

		require(object);
		expect_equal(page_to_nid(virt_to_page(object)), node);
		kmem_cache_free(cache, object);
	}
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(slab, bulk, "bulk allocation gives all or nothing")
{
	struct kmem_cache *cache = kmem_cache_create("test", 64, 0, 0, NULL);
	void *objects[100];

	require(cache);
	expect_equal(kmem_cache_alloc_bulk(cache, GFP_KERNEL, 100, objects), 100);
	for (unsigned int i = 0; i < 100; i++)
		*(uint64_t *)objects[i] = i;
	for (unsigned int i = 0; i < 100; i++)
		expect_equal(*(uint64_t *)objects[i], i);
	kmem_cache_free_bulk(cache, 100, objects);
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(slab, shrink, "shrinking gives the slabs without objects back to the frames")
{
	struct kmem_cache *cache = kmem_cache_create("test", 256, 0, 0, NULL);
	uint64_t before;
	void *objects[200];

	require(cache);
	before = nr_free_pages();
	expect_equal(kmem_cache_alloc_bulk(cache, GFP_KERNEL, 200, objects), 200);
	expect_below(nr_free_pages(), before - 10);
	kmem_cache_free_bulk(cache, 199, objects);
	expect_equal(kmem_cache_shrink(cache), 1);
	expect_below(before - nr_free_pages(), 3);
	kmem_cache_free(cache, objects[199]);
	expect_equal(kmem_cache_shrink(cache), 0);
	expect_equal(nr_free_pages(), before);
	expect_equal(kmem_cache_destroy(cache), 0);
}

static struct kmem_cache *shared;
static void *handed[PLATFORM_CPUS_MAX][100];

static void allocate_some(void *context)
{
	(void)context;
	expect_equal(kmem_cache_alloc_bulk(shared, GFP_KERNEL, 100, handed[platform_cpu()]), 100);
	for (unsigned int i = 0; i < 100; i++)
		pattern_fill(handed[platform_cpu()][i], 72, (uintptr_t)handed[platform_cpu()][i]);
}

static void free_neighbours(void *context)
{
	unsigned int nr = *(unsigned int *)context;
	void **objects = handed[(platform_cpu() + 1) % nr];

	for (unsigned int i = 0; i < 100; i++) {
		expect(pattern_holds(objects[i], 72, (uintptr_t)objects[i]));
		kmem_cache_free(shared, objects[i]);
	}
}

TEST(slab, other_cpu, "objects are allocated on one CPU and freed on another")
{
	unsigned int nr = test_nr_cpus();

	shared = kmem_cache_create("shared", 72, 0, 0, NULL);
	require(shared);
	for (unsigned int round = 0; round < 20; round++) {
		test_run_on_cpus(nr, allocate_some, NULL);
		test_run_on_cpus(nr, free_neighbours, &nr);
	}
	expect(!slab_check());
	expect_equal(kmem_cache_destroy(shared), 0);
}

TEST(slab, list_length, "a CPU keeps up to twice a batch of free objects, then gives a batch back")
{
	enum { NR = 400 };
	static void *objects[NR];
	struct kmem_cache *cache = kmem_cache_create("test", 512, 0, 0, NULL);
	struct slab_cpu *cpu;
	uint32_t most = 0, before = 0;

	require(cache);
	cpu = &cache->cpu[this_cpu()];
	require(3 * cache->batch < NR);
	for (unsigned int i = 0; i < NR; i++)
		require((objects[i] = kmem_cache_alloc(cache, GFP_KERNEL)) != NULL);
	for (unsigned int i = 0; i < NR; i++) {
		before = cpu->nr;
		kmem_cache_free(cache, objects[i]);
		most = cpu->nr > most ? cpu->nr : most;
		if (before == 2 * cache->batch)
			expect_equal(cpu->nr, cache->batch + 1);
	}
	expect_equal(most, 2 * cache->batch);
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(slab, node_fails, "an allocation from another node fails where it is told to, without NOFAIL")
{
	struct kmem_cache *cache = kmem_cache_create("test", 64, 0, 0, NULL);
	int other = (numa_node_id() + 1) % (int)nr_online_nodes();
	void *object;

	require(cache);
	fail_arm(1, 1u << FAIL_SLAB_OBJECT);
	expect(!kmem_cache_alloc_node(cache, GFP_KERNEL, other));
	expect_equal(fail_disarm(), 1);
	fail_arm(1, 1u << FAIL_SLAB_OBJECT);
	object = kmem_cache_alloc_node(cache, GFP_KERNEL | __GFP_NOFAIL, other);
	expect(object);
	fail_disarm();
	kmem_cache_free(cache, object);
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(slab, half_a_line, "SLAB_HWCACHE_ALIGN packs objects of up to half a line, and no larger ones")
{
	struct kmem_cache *half =
		kmem_cache_create("half", CACHE_LINE / 2, 0, SLAB_HWCACHE_ALIGN, NULL);
	struct kmem_cache *more =
		kmem_cache_create("more", CACHE_LINE / 2 + 1, 0, SLAB_HWCACHE_ALIGN, NULL);

	require(half && more);
	expect_equal(half->stride, CACHE_LINE / 2);
	expect_equal(more->stride, CACHE_LINE);
	expect_equal(kmem_cache_destroy(half), 0);
	expect_equal(kmem_cache_destroy(more), 0);
}

TEST(slab, other_node, "of another node than the CPU's too: cleared, and one that must not fail")
{
	struct kmem_cache *cache = kmem_cache_create("test", 64, 0, 0, NULL);
	int other = (numa_node_id() + 1) % (int)nr_online_nodes();
	void *near, *objects[3];

	require(cache);
	if (other == numa_node_id()) {
		kmem_cache_destroy(cache);
		test_skip("one node");
	}
	near = kmem_cache_alloc_node(cache, GFP_KERNEL, NUMA_NO_NODE);
	objects[0] = kmem_cache_alloc_node(cache, GFP_KERNEL | __GFP_ZERO, other);
	fail_arm(1, 1u << FAIL_SLAB_OBJECT);
	objects[1] = kmem_cache_alloc_node(cache, GFP_KERNEL | __GFP_NOFAIL, other);
	expect_equal(fail_disarm(), 1);
	fail_arm(1, 1u << FAIL_SLAB_OBJECT);
	objects[2] = kmem_cache_alloc_node(cache, GFP_KERNEL | __GFP_ZERO, other);
	expect_equal(fail_disarm(), 1);
	expect(near && objects[0] && objects[1] && !objects[2]);
	expect(all_zero(objects[0], 64));
	for (unsigned int i = 0; i < 2; i++)
		expect_equal(page_to_nid(virt_to_page(objects[i])), other);
	kmem_cache_free(cache, near);
	kmem_cache_free_bulk(cache, 3, objects);
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(slab, flags_small,
     "small objects are not spread over cache lines; SLAB_CACHE_DMA is below 16 MiB")
{
	struct kmem_cache *small = kmem_cache_create("small", 24, 0, SLAB_HWCACHE_ALIGN, NULL);
	struct kmem_cache *wide = kmem_cache_create("wide", 100, 128, SLAB_HWCACHE_ALIGN, NULL);
	struct kmem_cache *low = kmem_cache_create("low", 64, 0, SLAB_CACHE_DMA, NULL);
	void *objects[3];

	require(small && wide && low);
	objects[0] = kmem_cache_alloc(small, GFP_KERNEL);
	objects[1] = kmem_cache_alloc(wide, GFP_KERNEL);
	objects[2] = kmem_cache_alloc(low, GFP_KERNEL | __GFP_NOWARN);
	require(objects[0] && objects[1]);
	expect_below(small->stride, CACHE_LINE);
	expect_equal((uintptr_t)objects[1] % 128, 0);
	if (objects[2]) /* firmware may leave none so low */
		expect_below(virt_to_phys(objects[2]), (phys_addr_t)16 << 20);
	kmem_cache_free(small, objects[0]);
	kmem_cache_free(wide, objects[1]);
	kmem_cache_free(low, objects[2]);
	expect_equal(kmem_cache_destroy(small), 0);
	expect_equal(kmem_cache_destroy(wide), 0);
	expect_equal(kmem_cache_destroy(low), 0);
}

TEST(slab, objects_a_slab, "a slab has at least eight objects, up to 16 pages")
{
	for (size_t size = 600; size <= 7000; size += 800) {
		struct kmem_cache *cache = kmem_cache_create("test", size, 0, 0, NULL);
		void *object;

		require(cache);
		object = kmem_cache_alloc(cache, GFP_KERNEL);
		require(object);
		expect(slab_of(object)->nr_objects >= 7);
		kmem_cache_free(cache, object);
		expect_equal(kmem_cache_destroy(cache), 0);
	}
}
