/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "gfp.h"
#include "page_alloc.h"

/*
 * Objects smaller than a few frames. A cache has objects of one size in slabs of 2^n frames; each
 * CPU has a list of free objects before that. Free objects hold an encoded pointer to the next one
 * and a mark made of their own address, so that freeing one twice is seen, and so is writing to it
 * while it is free. All calls: any CPU; no lock of rank LOCK_RANK_SLAB or above held; context as
 * for frames.
 *
 * Refused, with a line that says what the address is: freeing twice, freeing what is no object or
 * lies inside of one, freeing to the wrong cache.
 */

#define SLAB_HWCACHE_ALIGN ((unsigned long)1 << 0) /* objects begin at cache lines */
#define SLAB_CACHE_DMA ((unsigned long)1 << 1)
#define SLAB_CACHE_DMA32 ((unsigned long)1 << 2)
#define SLAB_PANIC ((unsigned long)1 << 3) /* the run ends when the cache cannot be made */
/* Accepted: always on here, or nothing to do. */
#define SLAB_CONSISTENCY_CHECKS ((unsigned long)1 << 4)
#define SLAB_ACCOUNT ((unsigned long)1 << 5)
#define SLAB_RECLAIM_ACCOUNT ((unsigned long)1 << 6)
#define SLAB_NO_MERGE ((unsigned long)1 << 7)
#define SLAB_FLAGS_MASK (((unsigned long)1 << 8) - 1)

struct kmem_cache;

/*
 * `size` 1 to KMALLOC_MAX_CACHE_SIZE bytes; `align` 0 or a power of two up to PAGE_SIZE; `name`
 * stays the caller's. `ctor` is called once for every object when its slab is made; objects must be
 * freed in that state. NULL when refused or without memory.
 */
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
				     unsigned long flags, void (*ctor)(void *object));
/* 0; -EBUSY, with the addresses of the first of them, while objects live. NULL: nothing. */
int kmem_cache_destroy(struct kmem_cache *cache);
/* Slabs without objects go back; returns 0 when none is left with free objects only. */
int kmem_cache_shrink(struct kmem_cache *cache);
size_t kmem_cache_size(const struct kmem_cache *cache);

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp);
void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int nid);
void kmem_cache_free(struct kmem_cache *cache, void *object);
/* All `nr` or none: returns `nr` or 0. */
int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objects);
void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects);

#define KMALLOC_MAX_CACHE_SIZE ((size_t)8192)
#define KMALLOC_MAX_SIZE ((size_t)1 << (MAX_PAGE_ORDER + PAGE_SHIFT))
#define KMALLOC_MIN_SIZE ((size_t)16)
/* What kmalloc(0) gives; kfree() ignores it. */
#define ZERO_SIZE_PTR ((void *)16)
#define ZERO_OR_NULL_PTR(pointer) ((uintptr_t)(pointer) <= (uintptr_t)ZERO_SIZE_PTR)

/* Up to KMALLOC_MAX_SIZE bytes; a power of two is aligned to itself (up to PAGE_SIZE at least). */
void *kmalloc(size_t size, gfp_t gfp);
void *kzalloc(size_t size, gfp_t gfp);
void *kmalloc_node(size_t size, gfp_t gfp, int nid);
void *kzalloc_node(size_t size, gfp_t gfp, int nid);
void *kmalloc_array(size_t n, size_t size, gfp_t gfp);
void *kcalloc(size_t n, size_t size, gfp_t gfp);
/* `p` NULL: kmalloc(); size 0: kfree() and ZERO_SIZE_PTR. On failure NULL, and `p` is as it was.
 * Refused: what kfree() refuses. */
void *krealloc(const void *p, size_t size, gfp_t gfp);
void *krealloc_array(void *p, size_t n, size_t size, gfp_t gfp);
void kfree(const void *p);
void kfree_sensitive(const void *p);
/* Usable bytes at `p`; 0 for NULL, ZERO_SIZE_PTR and what is no live object's start. */
size_t ksize(const void *p);
/* What kmalloc(size) really takes. */
size_t kmalloc_size_roundup(size_t size);
char *kstrdup(const char *text, gfp_t gfp);
void *kmemdup(const void *from, size_t size, gfp_t gfp);

/* kmalloc() first; vmalloc when that fails and `size` is above a page. */
void *kvmalloc(size_t size, gfp_t gfp);
void *kvmalloc_node(size_t size, gfp_t gfp, int nid);
void *kvzalloc(size_t size, gfp_t gfp);
void *kvzalloc_node(size_t size, gfp_t gfp, int nid);
void *kvmalloc_array(size_t n, size_t size, gfp_t gfp);
void *kvcalloc(size_t n, size_t size, gfp_t gfp);
void *kvrealloc(const void *p, size_t size, gfp_t gfp);
void kvfree(const void *p);
/* Clears `size` bytes first, or as many as there are. */
void kvfree_sensitive(const void *p, size_t size);

/*
 * Freed after every CPU has passed platform_relax() once, or was outside the gate. kvfree_rcu() may
 * be called with locks held, and in exception handlers; kvfree_rcu_mightsleep() may call
 * platform_relax(), and so only without.
 */
struct rcu_head {
	struct rcu_head *next;
	void *object;
};
#define kvfree_rcu(p, field)                                                                       \
	do {                                                                                       \
		typeof(p) object_ = (p);                                                           \
		if (object_)                                                                       \
			kvfree_call_rcu(&object_->field, object_);                                 \
	} while (0)
#define kfree_rcu(p, field) kvfree_rcu(p, field)
void kvfree_call_rcu(struct rcu_head *head, void *object);
void kvfree_rcu_mightsleep(const void *p);
#define kfree_rcu_mightsleep(p) kvfree_rcu_mightsleep(p)
/* Waits for a grace period, and frees everything that was due for it. May relax. */
void kvfree_rcu_barrier(void);
uint64_t kvfree_rcu_pending(void);

struct slab_stats {
	uint64_t caches, slabs;
	uint64_t slab_frames, large_frames; /* in slabs; in large kmallocs */
	uint64_t objects;		    /* live ones; large kmallocs count as one each */
	uint64_t refused;		    /* frees refused */
};
void slab_get_stats(struct slab_stats *stats);
/* `seed` is what the secrets of free objects' links are drawn from. 0 or -ENOMEM. */
int slab_init(uint64_t seed);
/* Per-CPU lists and slabs without objects go back, in every cache. */
void slab_quiesce(void);
void slab_exit(void);
/* Walks every cache: NULL, or what is wrong. */
const char *slab_check(void);
/* Objects that live, in all caches; large kmallocs count as one each. */
uint64_t slab_nr_objects(void);
/* Says what an address is when it lies in a slab ("17 bytes inside of object ... of cache ..."). */
bool slab_describe(uintptr_t address, char *buffer, size_t size);
