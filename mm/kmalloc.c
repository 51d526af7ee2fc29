/* SPDX-License-Identifier: BSD-2-Clause */
#include "fail.h"
#include "fault.h"
#include "frames.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "slabs.h"

/*
 * kmalloc() and its relatives: a cache for each of twelve sizes; what is larger, or must lie in a
 * certain zone or on a certain node, has a block of frames of its own, whose first frame says so.
 */

#define CALLER ((uintptr_t)__builtin_return_address(0))

static const struct {
	size_t size;
	const char *name;
} sizes[] = {
	{16, "kmalloc-16"},   {32, "kmalloc-32"},   {64, "kmalloc-64"},	  {96, "kmalloc-96"},
	{128, "kmalloc-128"}, {192, "kmalloc-192"}, {256, "kmalloc-256"}, {512, "kmalloc-512"},
	{1024, "kmalloc-1k"}, {2048, "kmalloc-2k"}, {4096, "kmalloc-4k"}, {8192, "kmalloc-8k"},
};
enum { NR_SIZES = sizeof(sizes) / sizeof(sizes[0]), SMALL = 192, SMALL_STEP = 16 };

static struct kmem_cache *kmalloc_caches[NR_SIZES];
/* The index of the smallest size for up to (i + 1) * 16 bytes; larger ones by their logarithm. */
static const uint8_t small_index[SMALL / SMALL_STEP] = {0, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5, 5};
enum { FIRST_LARGE_INDEX = 6, FIRST_LARGE_SHIFT = 8 };

static uint64_t large_objects, large_frames;

static inline unsigned int size_index(size_t size)
{
	if (size <= SMALL)
		return small_index[(size - 1) / SMALL_STEP];
	return FIRST_LARGE_INDEX - FIRST_LARGE_SHIFT + 64 - (unsigned int)__builtin_clzl(size - 1);
}

static __slow void *alloc_large(size_t size, gfp_t gfp, int nid, uintptr_t caller)
{
	unsigned int order = get_order(size);
	struct page *page;

	if (size > KMALLOC_MAX_SIZE) {
		warn_alloc(gfp, caller, "slab: kmalloc of %zu bytes is more than it can be", size);
		return NULL;
	}
	if (should_fail(FAIL_SLAB_OBJECT) && !(gfp & __GFP_NOFAIL))
		return NULL;
	page = alloc_frame_block(gfp & ~__GFP_COMP, nid, order, caller);
	if (!page)
		return NULL;
	page->order = (uint8_t)order;
	page_set_kind(page, PAGE_KMALLOC);
	frames_set_typed(page_to_pfn(page), (uint64_t)1 << order);
	__atomic_fetch_add(&large_objects, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&large_frames, (uint64_t)1 << order, __ATOMIC_RELAXED);
	return page_address(page);
}

static void *alloc(size_t size, gfp_t gfp, int nid, uintptr_t caller)
{
	bool particular =
		gfp & (__GFP_DMA | __GFP_DMA32) || (nid != NUMA_NO_NODE && nid != numa_node_id());

	if (unlikely(size == 0))
		return ZERO_SIZE_PTR;
	if (unlikely(!slab_context_allows(gfp, caller)))
		return NULL;
	if (unlikely(size > KMALLOC_MAX_CACHE_SIZE) || unlikely(particular))
		return alloc_large(size, gfp, nid, caller);
	return slab_take(kmalloc_caches[size_index(size)], gfp);
}

/* The first frame of the block at exactly `p`; NULL: `p` is no large kmalloc. */
static struct page *large_page(const void *p)
{
	uint64_t pfn = ((uintptr_t)p - page_offset_base) >> PAGE_SHIFT;

	if (!pfn_valid(pfn) || page_kind(pfn_to_page(pfn)) != PAGE_KMALLOC ||
	    (uintptr_t)p & ~PAGE_MASK)
		return NULL;
	return pfn_to_page(pfn);
}

static void free_large(struct page *page, uintptr_t caller)
{
	uint64_t pfn = page_to_pfn(page), nr = (uint64_t)1 << page->order;

	page_set_kind(page, PAGE_PLAIN);
	frames_clear_typed(pfn, nr);
	__atomic_fetch_sub(&large_objects, 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&large_frames, nr, __ATOMIC_RELAXED);
	free_frame_run(pfn, nr, caller);
}

/* Neither a live object nor the start of a large one. */
static __slow void refuse(const void *p, uintptr_t caller)
{
	uint64_t pfn = ((uintptr_t)p - page_offset_base) >> PAGE_SHIFT;
	char who[64], what[80] = "which is no memory of ours";

	slab_count_refused();
	symbol_format(caller, who, sizeof(who));
	if (slab_of(p)) {
		scnprintf(what, sizeof(what), "which is free already, or no object's start");
	} else if (pfn_valid(pfn)) {
		frame_word_t word = frame_word(pfn);
		char before[64];

		frame_owner_format(word, before, sizeof(before));
		scnprintf(what, sizeof(what), "%s by %s",
			  word & FRAME_ALLOCATED ? "whose frame is in use" : "which was freed",
			  before);
	}
	log_line("slab: %s frees %p, %s: refused", who, p, what);
}

static void free_any(const void *p, uintptr_t caller)
{
	struct slab *slab;
	struct page *page;

	if (ZERO_OR_NULL_PTR(p))
		return;
	slab = slab_of(p);
	if (likely(slab))
		slab_free_checked(slab->cache, (void *)(uintptr_t)p, caller);
	else if ((page = large_page(p)) != NULL)
		free_large(page, caller);
	else
		refuse(p, caller);
}

void *kmalloc(size_t size, gfp_t gfp)
{
	return alloc(size, gfp, NUMA_NO_NODE, CALLER);
}

void *kzalloc(size_t size, gfp_t gfp)
{
	return alloc(size, gfp | __GFP_ZERO, NUMA_NO_NODE, CALLER);
}

void *kmalloc_node(size_t size, gfp_t gfp, int nid)
{
	return alloc(size, gfp, nid, CALLER);
}

void *kzalloc_node(size_t size, gfp_t gfp, int nid)
{
	return alloc(size, gfp | __GFP_ZERO, nid, CALLER);
}

void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL
						       : alloc(bytes, gfp, NUMA_NO_NODE, CALLER);
}

void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return alloc(bytes, gfp | __GFP_ZERO, NUMA_NO_NODE, CALLER);
}

void kfree(const void *p)
{
	free_any(p, CALLER);
}

static bool is_live_object(const struct slab *slab, const void *p)
{
	return slab_has_object_at(slab, p) && !object_is_marked(slab->cache, p);
}

/* Clears before it frees; not what is free already, or no object's start. */
void kfree_sensitive(const void *p)
{
	if (ZERO_OR_NULL_PTR(p))
		return;
	memset((void *)(uintptr_t)p, 0, ksize(p));
	free_any(p, CALLER);
}

size_t ksize(const void *p)
{
	const struct slab *slab;
	const struct page *page;

	if (ZERO_OR_NULL_PTR(p))
		return 0;
	slab = slab_of(p);
	if (slab)
		return is_live_object(slab, p) ? slab->cache->size : 0;
	page = large_page(p);
	return page ? PAGE_SIZE << page->order : 0;
}

size_t kmalloc_size_roundup(size_t size)
{
	if (size == 0 || size > KMALLOC_MAX_SIZE)
		return size;
	return size <= KMALLOC_MAX_CACHE_SIZE ? sizes[size_index(size)].size
					      : PAGE_SIZE << get_order(size);
}

static void *resize(const void *p, size_t size, gfp_t gfp, uintptr_t caller)
{
	size_t room = ksize(p);
	void *moved;

	if (size == 0) {
		free_any(p, caller);
		return ZERO_SIZE_PTR;
	}
	if (room == 0 && !ZERO_OR_NULL_PTR(p)) {
		refuse(p, caller);
		return NULL;
	}
	if (size <= room) {
		if (gfp & __GFP_ZERO)
			memset((char *)(uintptr_t)p + size, 0, room - size);
		return (void *)(uintptr_t)p;
	}
	moved = alloc(size, gfp, NUMA_NO_NODE, caller);
	if (moved && room != 0) {
		memcpy(moved, p, room);
		free_any(p, caller);
	}
	return moved;
}

void *krealloc(const void *p, size_t size, gfp_t gfp)
{
	return resize(p, size, gfp, CALLER);
}

void *krealloc_array(void *p, size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : resize(p, bytes, gfp, CALLER);
}

void *kmemdup(const void *from, size_t size, gfp_t gfp)
{
	void *copy = alloc(size, gfp, NUMA_NO_NODE, CALLER);

	if (copy && size != 0)
		memcpy(copy, from, size);
	return copy;
}

char *kstrdup(const char *text, gfp_t gfp)
{
	return text ? kmemdup(text, strlen(text) + 1, gfp) : NULL;
}

int kmalloc_init(void)
{
	large_objects = large_frames = 0;
	for (unsigned int i = 0; i < NR_SIZES; i++) {
		size_t size = sizes[i].size, align = size & -size;

		kmalloc_caches[i] = kmem_cache_create(
			sizes[i].name, size, align < PAGE_SIZE ? align : PAGE_SIZE, 0, NULL);
		if (!kmalloc_caches[i])
			return -ENOMEM;
	}
	return 0;
}

void kmalloc_exit(void)
{
	for (unsigned int i = 0; i < NR_SIZES; i++)
		kmem_cache_destroy(kmalloc_caches[i]);
}

void kmalloc_count_large(struct slab_stats *stats)
{
	stats->objects += __atomic_load_n(&large_objects, __ATOMIC_RELAXED);
	stats->large_frames += __atomic_load_n(&large_frames, __ATOMIC_RELAXED);
}
