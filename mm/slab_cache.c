/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/random.h"
#include "lib/string.h"
#include "slabs.h"

/*
 * Caches: made, shrunk, destroyed. Two exist before any other can be made: one for struct
 * kmem_cache, one for the struct slab of caches with large objects.
 */

enum {
	OFF_SLAB_SIZE = 512,
	MOST_ORDER = 4,
	WANTED_OBJECTS = 8,
	LEAST_BATCH = 2,
	MOST_BATCH = 16,
	BATCH_BYTES = 8192,
	OBJECTS_MAX = UINT16_MAX
};

static struct list_head slab_caches;
static struct spinlock slab_caches_lock = SPINLOCK("list of caches", LOCK_RANK_SLAB);

/* Room for the two, with their per-CPU parts. */
union boot_cache {
	struct kmem_cache cache;
	char room[sizeof(struct kmem_cache) + PLATFORM_CPUS_MAX * sizeof(struct slab_cpu)];
};
static union boot_cache boot_caches[2];
static struct kmem_cache *const cache_cache = &boot_caches[0].cache;
struct kmem_cache *const slab_cache = &boot_caches[1].cache;

static struct random secrets; /* under the lock */

/* Whether a constructor's work, or an object too small for link and mark, puts them behind it. */
static void lay_out(struct kmem_cache *cache, size_t align)
{
	size_t link_size = 2 * sizeof(uint64_t), end = cache->size;

	if (align < sizeof(uint64_t))
		align = sizeof(uint64_t);
	if (cache->flags & SLAB_HWCACHE_ALIGN && align < CACHE_LINE && cache->size > CACHE_LINE / 2)
		align = CACHE_LINE;
	if (cache->ctor) {
		cache->link = (end + sizeof(uint64_t) - 1) & ~(sizeof(uint64_t) - 1);
		end = cache->link + link_size;
	} else if (end < link_size) {
		end = link_size;
	}
	cache->align = align;
	cache->stride = (end + align - 1) & ~(align - 1);
	cache->reciprocal = (uint32_t)((((uint64_t)1 << 32) + cache->stride - 1) / cache->stride);
}

static void choose_order(struct kmem_cache *cache)
{
	cache->off_slab = cache->size >= OFF_SLAB_SIZE;
	cache->order = get_order(cache->stride + (cache->off_slab ? 0 : sizeof(struct slab)));
	while (cache->order < MOST_ORDER &&
	       (PAGE_SIZE << cache->order) / cache->stride < WANTED_OBJECTS)
		cache->order++;
	cache->batch = (uint32_t)(BATCH_BYTES / cache->stride);
	if (cache->batch > MOST_BATCH)
		cache->batch = MOST_BATCH;
	if (cache->batch < LEAST_BATCH)
		cache->batch = LEAST_BATCH;
}

static void init_cache(struct kmem_cache *cache, const char *name, size_t size, size_t align)
{
	cache->name = name;
	cache->size = size;
	cache->gfp = cache->flags & SLAB_CACHE_DMA     ? __GFP_DMA
		     : cache->flags & SLAB_CACHE_DMA32 ? __GFP_DMA32
						       : 0;
	lay_out(cache, align);
	choose_order(cache);
	cache->lock = (struct spinlock)SPINLOCK("slabs of a cache", LOCK_RANK_SLAB);
	list_init(&cache->partial);
	list_init(&cache->full);
	list_init(&cache->empty);
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
		cache->cpu[cpu].lock = (struct spinlock)LOCAL_LOCK("objects of a CPU");
	spin_lock(&slab_caches_lock);
	cache->secret = random_next(&secrets);
	list_add_tail(&cache->node, &slab_caches);
	spin_unlock(&slab_caches_lock);
}

static const char *cache_problem(const char *name, size_t size, size_t align, unsigned long flags)
{
	if (!name)
		return "it has no name";
	if (size == 0 || size > KMALLOC_MAX_CACHE_SIZE)
		return "its size";
	if (align & (align - 1) || align > PAGE_SIZE)
		return "its alignment";
	if (flags & ~SLAB_FLAGS_MASK)
		return "an unknown flag";
	return NULL;
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
				     unsigned long flags, void (*ctor)(void *object))
{
	const char *problem = cache_problem(name, size, align, flags);
	struct kmem_cache *cache = problem ? NULL : kmem_cache_zalloc(cache_cache, GFP_KERNEL);

	if (!cache) {
		log_line("slab: cache %s cannot be made: %s", name ? name : "?",
			 problem ? problem : "no memory");
		if (flags & SLAB_PANIC)
			platform_abort("a cache that the run needs cannot be made");
		return NULL;
	}
	cache->flags = flags;
	cache->ctor = ctor;
	init_cache(cache, name, size, align);
	return cache;
}

size_t kmem_cache_size(const struct kmem_cache *cache)
{
	return cache->size;
}

int kmem_cache_shrink(struct kmem_cache *cache)
{
	slabs_drain_cpus(cache);
	slabs_release(cache, 0);
	return cache->nr_slabs != 0;
}

/* Adds the addresses of live objects to the line, as long as there is room. */
static uint32_t list_live(const struct kmem_cache *cache, const struct slab *slab, char *text,
			  size_t size, size_t *used)
{
	uint32_t live = 0;

	for (size_t i = 0; i < slab->nr_objects; i++) {
		const void *object = (const char *)slab->first + i * cache->stride;

		if (object_is_marked(cache, object))
			continue;
		live++;
		if (*used + 32 < size)
			*used += (size_t)scnprintf(text + *used, size - *used, " %p", object);
	}
	return live;
}

static void report_live(struct kmem_cache *cache)
{
	char text[128] = "";
	size_t used = 0;
	uint32_t live = 0;

	spin_lock(&cache->lock);
	list_for_each_entry(slab, &cache->full, struct slab, node)
	{
		live += list_live(cache, slab, text, sizeof(text), &used);
	}
	list_for_each_entry(slab, &cache->partial, struct slab, node)
	{
		live += list_live(cache, slab, text, sizeof(text), &used);
	}
	spin_unlock(&cache->lock);
	log_line("slab: cache %s has %u live objects and stays:%s", cache->name, live, text);
}

int kmem_cache_destroy(struct kmem_cache *cache)
{
	if (!cache)
		return 0;
	if (kmem_cache_shrink(cache)) {
		report_live(cache);
		return -EBUSY;
	}
	spin_lock(&slab_caches_lock);
	list_del(&cache->node);
	spin_unlock(&slab_caches_lock);
	slab_free_checked(cache_cache, cache, (uintptr_t)__builtin_return_address(0));
	return 0;
}

int slab_init(uint64_t seed)
{
	size_t cpus = platform_nr_cpus() * sizeof(struct slab_cpu);

	random_seed(&secrets, seed);
	list_init(&slab_caches);
	memset(boot_caches, 0, sizeof(boot_caches));
	cache_cache->flags = slab_cache->flags = SLAB_HWCACHE_ALIGN;
	init_cache(cache_cache, "kmem_cache", sizeof(struct kmem_cache) + cpus, CACHE_LINE);
	init_cache(slab_cache, "slab", sizeof(struct slab), CACHE_LINE);
	kvfree_rcu_init();
	return kmalloc_init();
}

struct kmem_cache *slab_next_cache(struct kmem_cache *cache)
{
	struct list_head *next;

	spin_lock(&slab_caches_lock);
	next = cache ? cache->node.next : slab_caches.next;
	spin_unlock(&slab_caches_lock);
	return !next || next == &slab_caches ? NULL : list_entry(next, struct kmem_cache, node);
}

/* The cache of struct slab last: the others give some back to it. */
void slab_quiesce(void)
{
	for (struct kmem_cache *cache = slab_next_cache(NULL); cache;
	     cache = slab_next_cache(cache))
		kmem_cache_shrink(cache);
	kmem_cache_shrink(slab_cache);
}

void slab_exit(void)
{
	kmalloc_exit();
	slab_quiesce();
}
