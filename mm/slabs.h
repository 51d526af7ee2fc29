/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/list.h"
#include "percpu.h"
#include "slab.h"

/*
 * What the parts of the slab allocator share; nobody else includes this.
 *
 * An object is live, on one CPU's list, or on its slab's list. Free ones have, at cache->link, the
 * next one's address and then a mark, both mixed with the cache's secret and the object's own
 * address. `link` is 0, or lies behind the object where a constructor's work must stay.
 */

struct slab_cpu {
	struct spinlock lock; /* local_lock() */
	void *free;
	uint32_t nr;
} __cacheline_aligned;

struct kmem_cache {
	size_t size;   /* as asked for; __GFP_ZERO clears that much */
	size_t stride; /* from one object to the next */
	size_t link;   /* where free objects hold their link */
	uint64_t secret;
	uint32_t reciprocal; /* 2^32 / stride, rounded up: offset * reciprocal >> 32 is the index */
	uint32_t batch;	     /* objects moved between a CPU's list and the slabs at once */
	void (*ctor)(void *object);
	const char *name;
	size_t align;
	unsigned long flags;
	gfp_t gfp;	    /* zone, for frames */
	unsigned int order; /* of a slab, where that can be had; else less */
	bool off_slab;	    /* struct slab is not at the slab's start */

	struct list_head node; /* all caches */
	struct spinlock lock;  /* the lists below, and everything in struct slab */
	struct list_head partial, full, empty;
	uint32_t nr_slabs, nr_empty;
	struct slab_cpu cpu[]; /* one a CPU */
} __cacheline_aligned;

struct slab {
	struct list_head node; /* of one of the cache's lists */
	struct kmem_cache *cache;
	void *first; /* object */
	void *free;
	struct page *page;
	uint16_t nr_objects, nr_out; /* out: live, or on a CPU's list */
	uint8_t order;
};

/*
 * The cache after `cache` (NULL: the first), NULL: there are no more. `cache` must not be destroyed
 * meanwhile.
 */
struct kmem_cache *slab_next_cache(struct kmem_cache *cache);

static inline uint64_t *object_link(const struct kmem_cache *cache, const void *object)
{
	return (uint64_t *)((uintptr_t)object + cache->link);
}

static inline uint64_t object_key(const struct kmem_cache *cache, const void *object)
{
	return cache->secret ^ (uintptr_t)object;
}

static inline void *object_next(const struct kmem_cache *cache, const void *object)
{
	return (void *)(object_link(cache, object)[0] ^
			__builtin_bswap64(object_key(cache, object)));
}

static inline bool object_is_marked(const struct kmem_cache *cache, const void *object)
{
	return object_link(cache, object)[1] == object_key(cache, object);
}

/* Makes it a free one, followed by `next`. */
static inline void object_set_free(const struct kmem_cache *cache, void *object, const void *next)
{
	uint64_t key = object_key(cache, object);

	object_link(cache, object)[0] = (uintptr_t)next ^ __builtin_bswap64(key);
	object_link(cache, object)[1] = key;
}

/* Takes the mark away. */
static inline void object_set_live(const struct kmem_cache *cache, void *object)
{
	object_link(cache, object)[1] = 0;
}

/* Whether an address in the slab is that of an object. */
static inline bool slab_has_object_at(const struct slab *slab, const void *address)
{
	size_t offset = (size_t)((uintptr_t)address - (uintptr_t)slab->first);
	size_t index = (uint32_t)offset * (uint64_t)slab->cache->reciprocal >> 32;

	return index < slab->nr_objects && index * slab->cache->stride == offset;
}

/* The slab that an address lies in; NULL: in none. Any address may be asked about. */
struct slab *slab_of(const void *address);

/* A chain of up to `nr` free objects of the cache; how many (0: no memory). No lock held. */
uint32_t slabs_take(struct kmem_cache *cache, uint32_t nr, gfp_t gfp, int nid, void **chain);
/* Gives a chain of free objects back to their slabs. No lock held. */
void slabs_give(struct kmem_cache *cache, void *chain);
/* Frees slabs without objects until `keep` are left. */
void slabs_release(struct kmem_cache *cache, uint32_t keep);
/* Takes everything off the CPUs' lists and gives it back. */
void slabs_drain_cpus(struct kmem_cache *cache);

/* For the rest of mm: alloc without looking whether GFP_KERNEL may be used here; free without
 * looking whether `object` is one of this cache's. A second free is still seen. */
void *slab_take(struct kmem_cache *cache, gfp_t gfp);
void slab_put(struct kmem_cache *cache, void *object);
/* From any CPU, by someone else's caller; checked. */
void slab_free_checked(struct kmem_cache *cache, void *object, uintptr_t caller);
bool slab_context_allows(gfp_t gfp, uintptr_t caller);

int kmalloc_init(void);
void kmalloc_exit(void);
void kmalloc_count_large(struct slab_stats *stats);
void kvfree_rcu_init(void);

void slab_count_refused(void);

/* The cache for struct slab that lie outside. */
extern struct kmem_cache *const slab_cache;
