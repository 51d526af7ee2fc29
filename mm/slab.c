/* SPDX-License-Identifier: BSD-2-Clause */
#include "slab.h"
#include "fail.h"
#include "fault.h"
#include "lib/format.h"
#include "lib/string.h"
#include "slabs.h"
#include "tlb.h"

/* Objects to and from this CPU's list; what goes beyond it is in slabs.c. */

#define CALLER ((uintptr_t)__builtin_return_address(0))

bool slab_context_allows(gfp_t gfp, uintptr_t caller)
{
	char who[64];

	if (likely(!gfpflags_allow_blocking(gfp)) || likely(!fault_in_handler()))
		return true;
	symbol_format(caller, who, sizeof(who));
	log_line("slab: %s asks with a flag that may wait (gfp %#x) in an exception handler: "
		 "refused",
		 who, gfp);
	return false;
}

/* The list's first object was written while it was free: neither it nor the rest can be trusted. */
static __slow void drop_list(struct kmem_cache *cache, struct slab_cpu *cpu)
{
	log_line("slab: object %p of cache %s was written while it was free; it and %u others are "
		 "lost",
		 cpu->free, cache->name, cpu->nr - 1);
	cpu->free = NULL;
	cpu->nr = 0;
}

/* Puts a chain in front of this CPU's list. Not in exception handlers, unless it is empty. */
static void splice(struct kmem_cache *cache, void *chain, uint32_t nr)
{
	unsigned int number = this_cpu();
	struct slab_cpu *cpu = &cache->cpu[number];
	void *last = chain;

	if (nr == 0)
		return;
	local_lock_wait(&cpu->lock, number);
	for (uint32_t i = 1; i < nr; i++)
		last = object_next(cache, last);
	object_set_free(cache, last, cpu->free);
	cpu->free = chain;
	cpu->nr += nr;
	local_unlock(&cpu->lock);
}

static inline bool is_request(const struct kmem_cache *cache, gfp_t gfp)
{
	return gfp_known(gfp) && !(gfp & __GFP_ZERO && cache->ctor);
}

static __slow void *refuse_request(const struct kmem_cache *cache, gfp_t gfp)
{
	warn_alloc(gfp, CALLER, "slab: cache %s: unknown flag, or __GFP_ZERO against a ctor",
		   cache->name);
	return NULL;
}

static __slow void *take_slow(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	bool alone = nid != NUMA_NO_NODE || fault_in_handler();
	void *object, *rest;
	uint32_t nr;

	if (!is_request(cache, gfp))
		return refuse_request(cache, gfp);
	nr = slabs_take(cache, alone ? 1 : cache->batch, gfp, nid, &object);
	if (nr == 0)
		return NULL;
	rest = object_next(cache, object);
	object_set_live(cache, object);
	splice(cache, rest, nr - 1);
	return object;
}

/* What __GFP_ZERO asks for; and back with what the list gave too fast, to a request that is none.
 * Apart from slab_take(), whose registers it must not cost. */
static __attribute__((noinline)) void *clear(struct kmem_cache *cache, void *object, gfp_t gfp)
{
	if (likely(is_request(cache, gfp)))
		return memset(object, 0, cache->size);
	slab_put(cache, object);
	return refuse_request(cache, gfp);
}

/* What keeps this CPU from its short cuts (fault.h); false: there is to be no object. */
static __slow bool take_detour(gfp_t gfp)
{
	tlb_answer();
	return !should_fail(FAIL_SLAB_OBJECT) || gfp & __GFP_NOFAIL;
}

void *slab_take(struct kmem_cache *cache, gfp_t gfp)
{
	unsigned int number = this_cpu();
	struct slab_cpu *cpu = &cache->cpu[number];
	void *object = NULL;

	if (unlikely(fault_detour(number)) && unlikely(!take_detour(gfp)))
		return NULL;
	if (likely(local_trylock(&cpu->lock, number))) {
		object = cpu->free;
		if (likely(object) && unlikely(!object_is_marked(cache, object))) {
			drop_list(cache, cpu);
			object = NULL;
		}
		if (likely(object)) {
			cpu->free = object_next(cache, object);
			cpu->nr--;
			object_set_live(cache, object);
		}
		local_unlock(&cpu->lock);
	}
	if (unlikely(!object))
		object = take_slow(cache, gfp, NUMA_NO_NODE);
	if (unlikely(gfp & (__GFP_ZERO | ~__GFP_BITS_MASK)) && likely(object))
		return clear(cache, object, gfp);
	return object;
}

/* More on the list than should be: half of it goes back. */
static __slow void trim(struct kmem_cache *cache)
{
	unsigned int number = this_cpu();
	struct slab_cpu *cpu = &cache->cpu[number];
	void *chain, *last;

	if (!local_lock(&cpu->lock, number)) /* by chance: in a handler, while another CPU drains */
		return;
	chain = last = cpu->free;
	for (uint32_t i = 1; i < cache->batch && last; i++) /* by chance: drained before that */
		last = object_next(cache, last);
	if (last) { /* by chance: as above */
		cpu->free = object_next(cache, last);
		cpu->nr -= cache->batch;
		object_set_free(cache, last, NULL);
	}
	local_unlock(&cpu->lock);
	if (last) /* by chance: as above */
		slabs_give(cache, chain);
}

static __slow void refuse(const struct kmem_cache *cache, const void *object, uintptr_t caller,
			  const char *why)
{
	char who[64];

	slab_count_refused();
	symbol_format(caller, who, sizeof(who));
	log_line("slab: %s frees %p, cache %s, %s: refused", who, object, cache->name, why);
}

static inline void put(struct kmem_cache *cache, void *object, uintptr_t caller)
{
	unsigned int number = this_cpu();
	struct slab_cpu *cpu = &cache->cpu[number];
	bool full;

	if (unlikely(object_is_marked(cache, object))) {
		refuse(cache, object, caller, "which is free already");
		return;
	}
	if (unlikely(!local_trylock(&cpu->lock, number)) && !local_lock(&cpu->lock, number)) {
		object_set_free(cache, object, NULL);
		slabs_give(cache, object);
		return;
	}
	object_set_free(cache, object, cpu->free);
	cpu->free = object;
	full = ++cpu->nr > 2 * cache->batch;
	local_unlock(&cpu->lock);
	if (unlikely(full))
		trim(cache);
}

void slab_put(struct kmem_cache *cache, void *object)
{
	put(cache, object, CALLER);
}

void slab_free_checked(struct kmem_cache *cache, void *object, uintptr_t caller)
{
	struct slab *slab = slab_of(object);

	if (unlikely(!slab))
		refuse(cache, object, caller, "which is in no slab");
	else if (unlikely(slab->cache != cache))
		refuse(slab->cache, object, caller, "to another cache");
	else if (unlikely(!slab_has_object_at(slab, object)))
		refuse(slab->cache, object, caller, "which is inside of an object or between two");
	else
		put(slab->cache, object, caller);
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	return slab_context_allows(gfp, CALLER) ? slab_take(cache, gfp) : NULL;
}

void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	return slab_context_allows(gfp, CALLER) ? slab_take(cache, gfp | __GFP_ZERO) : NULL;
}

void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	void *object;

	if (!slab_context_allows(gfp, CALLER))
		return NULL;
	if (nid == NUMA_NO_NODE || nid == numa_node_id())
		return slab_take(cache, gfp);
	if (should_fail(FAIL_SLAB_OBJECT) && !(gfp & __GFP_NOFAIL))
		return NULL;
	object = take_slow(cache, gfp, nid);
	if (object && gfp & __GFP_ZERO)
		memset(object, 0, cache->size);
	return object;
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	if (likely(object))
		slab_free_checked(cache, object, CALLER);
}

int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objects)
{
	if (!slab_context_allows(gfp, CALLER))
		return 0;
	for (size_t i = 0; i < nr; i++) {
		objects[i] = slab_take(cache, gfp);
		if (objects[i])
			continue;
		while (i > 0)
			slab_put(cache, objects[--i]);
		return 0;
	}
	return (int)nr;
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects)
{
	for (size_t i = 0; i < nr; i++)
		if (objects[i])
			slab_free_checked(cache, objects[i], CALLER);
}
