/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/format.h"
#include "slabs.h"

/* Walks over all caches: what is wrong, what there is, what an address is. */

static uint64_t refused;

void slab_count_refused(void)
{
	__atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
}

/* A list of free objects of one slab (or of any slab of the cache: `slab` NULL), `nr` long. */
static const char *check_chain(const struct kmem_cache *cache, const struct slab *slab,
			       const void *object, uint32_t nr)
{
	for (; object; object = object_next(cache, object), nr--) {
		const struct slab *its = slab_of(object);

		if (nr == 0)
			return "slab: a list of free objects is longer than its count";
		if (!its || its->cache != cache || (slab && its != slab))
			return "slab: a list of free objects leads elsewhere";
		if (!slab_has_object_at(its, object))
			return "slab: a list of free objects leads into an object";
		if (!object_is_marked(cache, object))
			return "slab: an object was written while it was free";
	}
	return nr == 0 ? NULL : "slab: a list of free objects is shorter than its count";
}

static const char *check_slab(const struct kmem_cache *cache, const struct slab *slab)
{
	if (slab->cache != cache || slab_of(slab->first) != slab)
		return "slab: a slab and its frames do not know each other";
	return check_chain(cache, slab, slab->free, (uint32_t)(slab->nr_objects - slab->nr_out));
}

/* Adds to *out how many objects of the list's slabs are out. */
static const char *check_list(const struct kmem_cache *cache, const struct list_head *list,
			      uint32_t *slabs, uint64_t *out)
{
	const char *problem = NULL;

	list_for_each_entry(slab, list, struct slab, node)
	{
		bool right = list == &cache->empty  ? slab->nr_out == 0
			     : list == &cache->full ? slab->nr_out == slab->nr_objects
						    : slab->nr_out && slab->free;

		if (!problem)
			problem = right ? check_slab(cache, slab)
					: "slab: a slab is on the wrong list";
		++*slabs;
		*out += slab->nr_out;
	}
	return problem;
}

static const char *check_cpus(struct kmem_cache *cache, uint64_t *listed)
{
	const char *problem = NULL;

	for (unsigned int number = 0; number < platform_nr_cpus(); number++) {
		struct slab_cpu *cpu = &cache->cpu[number];

		if (!local_lock(&cpu->lock, this_cpu()))
			continue;
		*listed += cpu->nr;
		if (!problem)
			problem = check_chain(cache, NULL, cpu->free, cpu->nr);
		local_unlock(&cpu->lock);
	}
	return problem;
}

static const char *check_cache(struct kmem_cache *cache)
{
	uint32_t slabs = 0, empty = 0;
	uint64_t out = 0, listed = 0;
	const char *problem;

	spin_lock(&cache->lock);
	problem = check_list(cache, &cache->partial, &slabs, &out);
	if (!problem)
		problem = check_list(cache, &cache->full, &slabs, &out);
	if (!problem)
		problem = check_list(cache, &cache->empty, &empty, &out);
	if (!problem && (empty != cache->nr_empty || slabs + empty != cache->nr_slabs))
		problem = "slab: a count of slabs is wrong";
	if (!problem)
		problem = check_cpus(cache, &listed);
	if (!problem && listed > out)
		problem = "slab: more objects are on CPUs' lists than are out";
	spin_unlock(&cache->lock);
	return problem;
}

static void count_cache(struct kmem_cache *cache, struct slab_stats *stats)
{
	const struct list_head *lists[] = {&cache->partial, &cache->full, &cache->empty};
	uint64_t listed = 0;

	spin_lock(&cache->lock);
	for (unsigned int i = 0; i < 3; i++)
		list_for_each_entry(slab, lists[i], struct slab, node)
		{
			stats->objects += slab->nr_out;
			stats->slab_frames += (uint64_t)1 << slab->order;
			stats->slabs++;
		}
	for (unsigned int number = 0; number < platform_nr_cpus(); number++) {
		bool locked = local_lock(&cache->cpu[number].lock, this_cpu());

		listed += cache->cpu[number].nr;
		if (locked)
			local_unlock(&cache->cpu[number].lock);
	}
	spin_unlock(&cache->lock);
	stats->objects -= listed;
	stats->caches++;
}

const char *slab_check(void)
{
	const char *problem = NULL;

	for (struct kmem_cache *cache = slab_next_cache(NULL); cache && !problem;
	     cache = slab_next_cache(cache))
		problem = check_cache(cache);
	return problem;
}

void slab_get_stats(struct slab_stats *stats)
{
	*stats = (struct slab_stats){.refused = __atomic_load_n(&refused, __ATOMIC_RELAXED)};
	for (struct kmem_cache *cache = slab_next_cache(NULL); cache;
	     cache = slab_next_cache(cache))
		count_cache(cache, stats);
	kmalloc_count_large(stats);
}

/* Descriptors of slabs and caches are no objects of a user's. */
uint64_t slab_nr_objects(void)
{
	struct slab_stats stats;
	struct slab_stats own = {.objects = 0};

	slab_get_stats(&stats);
	if (stats.caches == 0)
		return 0;
	count_cache(slab_cache, &own);
	return stats.objects - own.objects;
}

bool slab_describe(uintptr_t address, char *buffer, size_t size)
{
	bool started = !(mm_slow_reasons & SLOW_NOT_STARTED);
	const struct slab *slab = started ? slab_of((const void *)address) : NULL;
	const struct kmem_cache *cache = slab ? slab->cache : NULL;
	const char *first = slab ? slab->first : NULL;
	const void *object;
	size_t index;

	if (!slab || address < (uintptr_t)first)
		return false;
	index = (address - (uintptr_t)first) / cache->stride;
	if (index >= slab->nr_objects)
		return false;
	object = first + index * cache->stride;
	scnprintf(buffer, size, "%zu bytes into %s object %p of cache %s",
		  (size_t)(address - (uintptr_t)object),
		  object_is_marked(cache, object) ? "the free" : "the", object, cache->name);
	return true;
}
