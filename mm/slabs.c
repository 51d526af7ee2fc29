/* SPDX-License-Identifier: BSD-2-Clause */
#include "slabs.h"
#include "fault.h"
#include "frames.h"
#include "lib/format.h"

/*
 * Slabs: making them out of frames, objects to and from their lists, and giving them back. The
 * cache's lock is held for lists alone; frames are had and freed without it.
 */

enum { SLABS_KEPT = 1 }; /* without objects, before the rest goes back */

struct slab *slab_of(const void *address)
{
	uint64_t pfn = ((uintptr_t)address - page_offset_base) >> PAGE_SHIFT;

	if (!pfn_valid(pfn) || page_kind(pfn_to_page(pfn)) != PAGE_SLAB)
		return NULL;
	return pfn_to_page(pfn)->slab;
}

static bool cache_lock(struct kmem_cache *cache)
{
	if (likely(spin_trylock(&cache->lock)))
		return true;
	if (fault_in_handler())
		return false;
	spin_lock(&cache->lock);
	return true;
}

static void type_frames(struct page *page, unsigned int order, struct slab *slab)
{
	frames_set_typed(page_to_pfn(page), (uint64_t)1 << order);
	for (uint64_t i = 0; i < (uint64_t)1 << order; i++) {
		page[i].slab = slab;
		page_set_kind(&page[i], PAGE_SLAB);
	}
}

static void untype_frames(struct page *page, unsigned int order)
{
	for (uint64_t i = 0; i < (uint64_t)1 << order; i++) {
		page[i].slab = NULL;
		page_set_kind(&page[i], PAGE_PLAIN);
	}
	frames_clear_typed(page_to_pfn(page), (uint64_t)1 << order);
}

/* Frames for a slab: of the usual order, or what is left of it when there are none. */
static struct page *slab_frames(const struct kmem_cache *cache, gfp_t gfp, int nid,
				unsigned int *order)
{
	gfp_t all = (gfp & ~(__GFP_ZERO | __GFP_COMP)) | cache->gfp;
	gfp_t usual = all & ~(__GFP_NOFAIL | __GFP_DIRECT_RECLAIM);
	unsigned int least = get_order(cache->stride + (cache->off_slab ? 0 : sizeof(struct slab)));
	struct page *page;

	*order = cache->order;
	if (cache->order > least) {
		page = alloc_frame_block(usual | __GFP_NOWARN, nid, cache->order,
					 (uintptr_t)slab_frames);
		if (page)
			return page;
	}
	*order = least;
	return alloc_frame_block(all, nid, least, (uintptr_t)slab_frames);
}

/* All objects of a new slab, free and in order of address. */
static void fill_slab(struct slab *slab)
{
	struct kmem_cache *cache = slab->cache;

	for (size_t i = slab->nr_objects; i > 0; i--) {
		void *object = (char *)slab->first + (i - 1) * cache->stride;

		if (cache->ctor)
			cache->ctor(object);
		object_set_free(cache, object, slab->free);
		slab->free = object;
	}
}

static struct slab *make_slab(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	unsigned int order;
	struct page *page = slab_frames(cache, gfp, nid, &order);
	char *start = page ? page_address(page) : NULL;
	struct slab *slab;
	size_t offset = 0;

	if (!page)
		return NULL;
	if (cache->off_slab) {
		slab = slab_take(slab_cache, gfp & ~__GFP_ZERO);
	} else {
		slab = (struct slab *)start;
		offset = (sizeof(*slab) + cache->align - 1) & ~(cache->align - 1);
	}
	if (!slab) {
		__free_pages(page, order);
		return NULL;
	}
	*slab = (struct slab){.cache = cache, .first = start + offset, .page = page};
	slab->order = (uint8_t)order;
	slab->nr_objects = (uint16_t)(((PAGE_SIZE << order) - offset) / cache->stride);
	type_frames(page, order, slab);
	fill_slab(slab);
	return slab;
}

static void destroy_slab(struct slab *slab)
{
	struct page *page = slab->page;
	unsigned int order = slab->order;

	untype_frames(page, order);
	if (slab->cache->off_slab)
		slab_put(slab_cache, slab);
	__free_pages(page, order);
}

/* To the list where it belongs. The lock is held. */
static void relist(struct kmem_cache *cache, struct slab *slab)
{
	list_del(&slab->node);
	if (slab->nr_out == 0) {
		list_add(&slab->node, &cache->empty);
		cache->nr_empty++;
	} else {
		list_add(&slab->node,
			 slab->nr_out == slab->nr_objects ? &cache->full : &cache->partial);
	}
}

static struct slab *find_listed(const struct list_head *list, int nid)
{
	list_for_each_entry(slab, list, struct slab, node)
	{
		if (nid == NUMA_NO_NODE || page_to_nid(slab->page) == nid)
			return slab;
	}
	return NULL;
}

/* A slab with free objects, on node `nid` if that is not NUMA_NO_NODE; NULL: there is none. */
static struct slab *find_slab(const struct kmem_cache *cache, int nid)
{
	struct slab *slab = find_listed(&cache->partial, nid);

	return slab ? slab : find_listed(&cache->empty, nid);
}

/* Up to `nr` objects from one slab, in front of `*chain`. The lock is held. */
static uint32_t take_from_slab(struct kmem_cache *cache, struct slab *slab, uint32_t nr,
			       void **chain)
{
	uint32_t taken = 0;

	if (slab->nr_out == 0)
		cache->nr_empty--;
	while (taken < nr && slab->free) {
		void *object = slab->free;

		if (!object_is_marked(cache, object)) {
			log_line("slab: object %p of cache %s was written while it was free; %u "
				 "objects are lost",
				 object, cache->name, slab->nr_objects - slab->nr_out);
			slab->free = NULL;
			slab->nr_out = slab->nr_objects;
			break;
		}
		slab->free = object_next(cache, object);
		slab->nr_out++;
		object_set_free(cache, object, *chain);
		*chain = object;
		taken++;
	}
	relist(cache, slab);
	return taken;
}

static uint32_t take_listed(struct kmem_cache *cache, uint32_t nr, int nid, void **chain)
{
	struct slab *slab;
	uint32_t taken = 0;

	if (!cache_lock(cache))
		return 0;
	while (taken < nr && (slab = find_slab(cache, nid)) != NULL)
		taken += take_from_slab(cache, slab, nr - taken, chain);
	spin_unlock(&cache->lock);
	return taken;
}

static void add_slab(struct kmem_cache *cache, struct slab *slab)
{
	list_add(&slab->node, &cache->empty);
	cache->nr_empty++;
	cache->nr_slabs++;
}

uint32_t slabs_take(struct kmem_cache *cache, uint32_t nr, gfp_t gfp, int nid, void **chain)
{
	uint32_t taken;
	struct slab *slab;

	*chain = NULL;
	taken = take_listed(cache, nr, nid, chain);
	if (taken != 0)
		return taken;
	slab = make_slab(cache, gfp, nid);
	if (!slab)
		return 0;
	if (!cache_lock(cache)) {
		destroy_slab(slab);
		return 0;
	}
	add_slab(cache, slab);
	taken = take_from_slab(cache, slab, nr, chain);
	spin_unlock(&cache->lock);
	return taken;
}

/* One object back to its slab. The lock is held. */
static void give_one(struct kmem_cache *cache, void *object)
{
	struct slab *slab = slab_of(object);

	object_set_free(cache, object, slab->free);
	slab->free = object;
	slab->nr_out--;
	if (slab->nr_out == 0 || slab->nr_out + 1 == slab->nr_objects)
		relist(cache, slab);
}

/* Objects of any cache, freed in exception handlers that found the lock taken; linked as usual. */
static void *put_off;

static void put_off_object(struct kmem_cache *cache, void *object)
{
	void *before = __atomic_load_n(&put_off, __ATOMIC_RELAXED);

	do
		object_set_free(cache, object, before);
	while (!__atomic_compare_exchange_n(&put_off, &before, object, false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED));
}

static void drain_put_off(void)
{
	void *object = __atomic_exchange_n(&put_off, NULL, __ATOMIC_ACQUIRE);

	while (object) {
		struct kmem_cache *cache = slab_of(object)->cache;
		void *next = object_next(cache, object);

		object_set_free(cache, object, NULL);
		slabs_give(cache, object);
		object = next;
	}
}

void slabs_give(struct kmem_cache *cache, void *chain)
{
	bool locked = cache_lock(cache), surplus;

	while (chain) {
		void *next = object_next(cache, chain);

		if (locked)
			give_one(cache, chain);
		else
			put_off_object(cache, chain);
		chain = next;
	}
	if (!locked)
		return;
	surplus = cache->nr_empty > SLABS_KEPT;
	spin_unlock(&cache->lock);
	if (surplus && !fault_in_handler())
		slabs_release(cache, SLABS_KEPT);
}

void slabs_release(struct kmem_cache *cache, uint32_t keep)
{
	struct list_head surplus;

	list_init(&surplus);
	if (!cache_lock(cache))
		return;
	while (cache->nr_empty > keep) {
		struct slab *slab = list_entry(cache->empty.next, struct slab, node);

		list_del(&slab->node);
		list_add(&slab->node, &surplus);
		cache->nr_empty--;
		cache->nr_slabs--;
	}
	spin_unlock(&cache->lock);
	list_for_each_entry_safe(slab, following, &surplus, struct slab, node)
	{
		destroy_slab(slab);
	}
}

void slabs_drain_cpus(struct kmem_cache *cache)
{
	drain_put_off();
	for (unsigned int number = 0; number < platform_nr_cpus(); number++) {
		struct slab_cpu *cpu = &cache->cpu[number];
		void *chain;

		if (!local_lock(&cpu->lock, this_cpu()))
			continue;
		chain = cpu->free;
		cpu->free = NULL;
		cpu->nr = 0;
		local_unlock(&cpu->lock);
		slabs_give(cache, chain);
	}
}
