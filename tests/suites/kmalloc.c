/* SPDX-License-Identifier: BSD-2-Clause */
#include "fail.h"
#include "page_alloc.h"
#include "slab.h"
#include "slabs.h"
#include "test.h"
#include "words.h"

/* kmalloc() and its relatives. */

static uint64_t refused(void)
{
	struct slab_stats stats;

	slab_get_stats(&stats);
	return stats.refused;
}

TEST_FLAGS(kmalloc, sizes,
	   "every size up to 4 MiB; a power of two is aligned to itself, up to a page", TEST_SMOKE)
{
	test_need_frames(4096);
	for (size_t size = 1; size <= KMALLOC_MAX_SIZE; size = size * 3 / 2 + 1) {
		char *p = kmalloc(size, GFP_KERNEL);

		require(p);
		p[0] = 1;
		p[size - 1] = 2;
		expect(ksize(p) >= size);
		expect_equal(ksize(p), kmalloc_size_roundup(size));
		kfree(p);
	}
	for (size_t size = 16; size <= KMALLOC_MAX_SIZE; size *= 2) {
		void *p = kmalloc(size, GFP_KERNEL);

		require(p);
		expect_equal((uintptr_t)p & ((size < PAGE_SIZE ? size : PAGE_SIZE) - 1), 0);
		kfree(p);
	}
}

TEST(kmalloc, too_large, "more than 4 MiB is refused")
{
	expect(!kmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL | __GFP_NOWARN));
	expect(!kmalloc(~(size_t)0, GFP_KERNEL | __GFP_NOWARN));
}

TEST(kmalloc, from_slabs,
     "up to KMALLOC_MAX_CACHE_SIZE bytes come from slabs, more from the frames")
{
	void *small = kmalloc(KMALLOC_MAX_CACHE_SIZE, GFP_KERNEL);
	struct slab_stats before, after;
	void *large;

	slab_get_stats(&before);
	large = kmalloc(KMALLOC_MAX_CACHE_SIZE + 1, GFP_KERNEL);
	slab_get_stats(&after);
	expect(small && slab_of(small));
	expect(large && !slab_of(large));
	expect_equal(after.large_frames, before.large_frames + ksize(large) / PAGE_SIZE);
	expect_equal(after.objects, before.objects + 1);
	expect_equal(after.slab_frames, before.slab_frames);
	kfree(small);
	kfree(large);
	slab_get_stats(&after);
	expect_equal(after.large_frames, before.large_frames);
}

TEST(kmalloc, zero, "no bytes are no memory, which may be freed")
{
	void *p = kmalloc(0, GFP_KERNEL);

	expect(p == ZERO_SIZE_PTR);
	expect_equal(ksize(p), 0);
	kfree(p);
	kfree(NULL);
	expect_equal(ksize(NULL), 0);
}

TEST(kmalloc, kzalloc, "zeroed memory is zero up to ksize(), small and large")
{
	static const size_t sizes[] = {5, 96, 4000, 8192, 20000};

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		void *p = kmalloc(sizes[i], GFP_KERNEL);

		require(p);
		memset(p, 0xff, ksize(p));
		kfree(p);
		p = kzalloc(sizes[i], GFP_KERNEL);
		require(p);
		expect(all_zero(p, ksize(p)));
		kfree(p);
	}
}

TEST(kmalloc, kcalloc, "products are checked for overflow")
{
	void *p = kcalloc(10, 20, GFP_KERNEL);

	require(p);
	expect(all_zero(p, 200));
	kfree(p);
	expect(!kcalloc(~(size_t)0 / 2, 3, GFP_KERNEL));
	expect(!kmalloc_array(~(size_t)0, 16, GFP_KERNEL));
	expect(!krealloc_array(NULL, ~(size_t)0, 16, GFP_KERNEL));
}

TEST(kmalloc, arrays, "kmalloc_array() and krealloc_array() give n times size bytes, contents kept")
{
	char *p = kmalloc_array(5, 24, GFP_KERNEL);

	require(p);
	expect(ksize(p) >= 120);
	pattern_fill(p, 120, 4);
	p = krealloc_array(p, 100, 70, GFP_KERNEL);
	require(p);
	expect(ksize(p) >= 7000);
	expect(pattern_holds(p, 120, 4));
	kfree(p);
}

TEST(kmalloc, kmalloc_node, "memory comes from the node that was asked for")
{
	for (unsigned int node = 0; node < nr_online_nodes(); node++) {
		void *p = kmalloc_node(100, GFP_KERNEL | __GFP_THISNODE, (int)node);
		void *zeroed = kzalloc_node(20000, GFP_KERNEL, (int)node);

		require(p && zeroed);
		expect_equal(page_to_nid(virt_to_page(p)), node);
		expect_equal(page_to_nid(virt_to_page(zeroed)), node);
		kfree(p);
		kfree(zeroed);
	}
}

TEST(kmalloc, dma, "GFP_DMA32 memory lies below 4 GiB")
{
	void *p = kmalloc(100, GFP_KERNEL | GFP_DMA32);

	require(p);
	expect_below(virt_to_phys(p), (phys_addr_t)1 << 32);
	kfree(p);
}

TEST(kmalloc, krealloc, "contents are kept while an object grows and shrinks; size 0 frees")
{
	char *p = krealloc(NULL, 24, GFP_KERNEL), *same;
	size_t sizes[] = {100, 5000, 60000, 200, 64};
	size_t kept = 24;

	require(p);
	pattern_fill(p, 24, 1);
	for (unsigned int i = 0; i < 5; i++) {
		p = krealloc(p, sizes[i], GFP_KERNEL);
		require(p);
		expect(pattern_holds(p, kept < sizes[i] ? kept : sizes[i] & ~(size_t)7, 1));
		expect(ksize(p) >= sizes[i]);
	}
	same = krealloc(p, ksize(p), GFP_KERNEL);
	expect(same == p);
	expect(krealloc(same, 0, GFP_KERNEL) == ZERO_SIZE_PTR);
}

TEST(kmalloc, krealloc_zero, "__GFP_ZERO clears whatever lies behind the size, to the last byte")
{
	static const size_t sizes[] = {40, 33, 64, 100, 5000, 4990, 60000, 59993, 10};
	char *p = kmalloc(50, GFP_KERNEL);
	size_t room = 64;

	require(p);
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t from = sizes[i] < room ? sizes[i] : room;

		memset(p, 0x5a, room);
		p = krealloc(p, sizes[i], GFP_KERNEL | __GFP_ZERO);
		require(p);
		room = ksize(p);
		expect(all_zero(p + from, room - from));
		expect_equal(p[from - 1], 0x5a);
	}
	kfree(p);
}

TEST(kmalloc, unknown_flag, "an unknown gfp flag is refused, also where objects are at hand")
{
	for (size_t size = 16; size <= KMALLOC_MAX_SIZE; size *= 4) {
		kfree(kmalloc(size, GFP_KERNEL));
		for (unsigned int bit = __GFP_BITS_SHIFT; bit < 32; bit++)
			expect(!kmalloc(size, GFP_KERNEL | (gfp_t)1 << bit));
	}
}

TEST(kmalloc, krealloc_refused, "krealloc() and ksize() take live objects by their start alone")
{
	char *p = kmalloc(64, GFP_KERNEL), *large = kmalloc(3 * KMALLOC_MAX_CACHE_SIZE, GFP_KERNEL);

	require(p && large);
	memset(p, 3, 64);
	expect_equal(ksize(p + 8), 0);
	expect(!krealloc(p + 8, 16, GFP_KERNEL));
	expect(!krealloc(p + 8, 1000, GFP_KERNEL));
	expect(!kvrealloc(p + 8, 3 * PAGE_SIZE, GFP_KERNEL));
	expect(!krealloc(large + PAGE_SIZE, 16, GFP_KERNEL));
	expect(!krealloc(large + PAGE_SIZE, KMALLOC_MAX_SIZE, GFP_KERNEL));
	expect_equal(p[63], 3);
	kfree(p);
	kfree(large);
	expect_equal(ksize(p), 0);
	expect(!krealloc(p, 16, GFP_KERNEL));
	expect(!krealloc(p, 1000, GFP_KERNEL));
	expect(!kvrealloc(p, 3 * PAGE_SIZE, GFP_KERNEL));
	expect(!krealloc(large, 1000, GFP_KERNEL));
}

TEST(kmalloc, krealloc_fails, "when growing fails the old object is as it was")
{
	char *p = kmalloc(64, GFP_KERNEL);

	require(p);
	pattern_fill(p, 64, 5);
	expect(!krealloc(p, KMALLOC_MAX_SIZE + 1, GFP_KERNEL | __GFP_NOWARN));
	expect(pattern_holds(p, 64, 5));
	expect(!krealloc(&p, 100, GFP_KERNEL));
	kfree(p);
}

TEST(kmalloc, copies, "kmemdup() and kstrdup() copy")
{
	char *text = kstrdup("twelve bytes", GFP_KERNEL);
	char *copy = kmemdup("abc", 3, GFP_KERNEL);

	require(text && copy);
	expect_string(text, "twelve bytes");
	expect(memcmp(copy, "abc", 3) == 0);
	expect(!kstrdup(NULL, GFP_KERNEL));
	kfree(text);
	kfree_sensitive(copy);
}

TEST(kmalloc, sensitive_refused, "kfree_sensitive() of no object's start writes nothing")
{
	char *p = kmalloc(100, GFP_KERNEL);

	require(p);
	memset(p, 7, 100);
	kfree_sensitive(p + 8);
	kfree_sensitive(NULL);
	for (unsigned int i = 0; i < 100; i++)
		expect_equal(p[i], 7);
	kfree_sensitive(p);
}

TEST(kmalloc, refused_frees, "double, inner and foreign frees are refused, small and large")
{
	char *small = kmalloc(100, GFP_KERNEL), *large = kmalloc(50000, GFP_KERNEL);
	struct page *page = alloc_page(GFP_KERNEL);
	uint64_t before = refused();

	require(small && large && page);
	kfree(small + 16);
	kfree(large + PAGE_SIZE);
	kfree(large + 16);
	kfree(page_address(page));
	kfree(&before);
	expect_equal(refused(), before + 5);
	kfree(small);
	kfree(large);
	kfree(small);
	kfree(large);
	expect_equal(refused(), before + 7);
	__free_page(page);
	expect(!slab_check());
}

TEST(kmalloc, frames_refused, "__free_page() on memory of kmalloc() is refused")
{
	struct page_alloc_stats before, after;
	void *small = kmalloc(100, GFP_KERNEL), *large = kmalloc(50000, GFP_KERNEL);

	require(small && large);
	page_alloc_get_stats(&before);
	__free_page(virt_to_page(small));
	__free_page(virt_to_page(large));
	__free_page(virt_to_page((char *)large + PAGE_SIZE));
	page_alloc_get_stats(&after);
	expect_equal(after.refused, before.refused + 3);
	kfree(small);
	kfree(large);
}

enum { HELD_MAX = 150, STEPS = 6000 };

TEST(kmalloc, random, "thousands of mixed sizes never overlap or damage each other")
{
	static struct {
		void *p;
		size_t size;
		uint64_t seed;
	} held[HELD_MAX];
	size_t nr = 0;

	for (unsigned int step = 0; step < STEPS; step++) {
		size_t i = test_random_below(NULL, HELD_MAX);

		if (i >= nr) {
			size_t size = 8 + test_random_below(NULL, step % 64 ? 600 : 30000);

			held[nr].p = kmalloc(size, GFP_KERNEL);
			require(held[nr].p);
			held[nr].size = size;
			held[nr].seed = test_random();
			pattern_fill(held[nr].p, size, held[nr].seed);
			nr++;
		} else {
			expect(pattern_holds(held[i].p, held[i].size, held[i].seed));
			kfree(held[i].p);
			held[i] = held[--nr];
		}
		if (step % 1024 == 0)
			expect(!slab_check());
	}
	while (nr)
		kfree(held[--nr].p);
	expect(!slab_check());
}

TEST(kmalloc, large_fails, "a large one fails where it is told to, but not under __GFP_NOFAIL")
{
	void *p;

	fail_arm(1, 1u << FAIL_SLAB_OBJECT);
	expect(!kmalloc(3 * PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN));
	expect_equal(fail_disarm(), 1);
	fail_arm(1, 1u << FAIL_SLAB_OBJECT);
	p = kmalloc(3 * PAGE_SIZE, GFP_KERNEL | __GFP_NOFAIL);
	fail_disarm();
	expect(p);
	kfree(p);
}

TEST(kmalloc, size_roundup, "kmalloc_size_roundup() is what ksize() will be, also of nothing")
{
	expect_equal(kmalloc_size_roundup(0), 0);
	expect_equal(kmalloc_size_roundup(KMALLOC_MAX_SIZE + 1), KMALLOC_MAX_SIZE + 1);
	for (size_t size = 1; size <= KMALLOC_MAX_SIZE / 4; size = size * 3 + 1) {
		void *p = kmalloc(size, GFP_KERNEL);

		require(p);
		expect_equal(kmalloc_size_roundup(size), ksize(p));
		kfree(p);
	}
}

TEST(kmalloc, no_fail, "what must not fail is had in spite of an injected failure")
{
	void *p;

	fail_arm(1, 1u << FAIL_SLAB_OBJECT);
	p = kmalloc(2 * KMALLOC_MAX_CACHE_SIZE, GFP_KERNEL | __GFP_NOFAIL);
	expect_equal(fail_disarm(), 1);
	expect(p);
	kfree(p);
}

TEST(kmalloc, dup_nothing, "a copy of nothing is no memory; one that cannot be had is NULL")
{
	void *p = kmemdup("text", 0, GFP_KERNEL);

	expect(ZERO_OR_NULL_PTR(p));
	kfree(p);
	fail_arm(1, 1u << FAIL_SLAB_OBJECT);
	expect(!kmemdup("text", 5, GFP_KERNEL | __GFP_NOWARN));
	expect_equal(fail_disarm(), 1);
}
