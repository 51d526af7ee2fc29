/* SPDX-License-Identifier: BSD-2-Clause */
#include "area_cache.h"
#include "areas.h"
#include "purge.h"
#include "vmap_area.h"
#include "walk.h"
#include "lib/assert.h"
#include "lib/errno.h"

/* Start and end of the address-space allocator; what it holds; and whether that is whole. */

/* Other CPUs may go on freeing: not for ever. */
enum { QUIESCE_ROUNDS = 8 };

int vmap_area_init(const struct vmap_area_options *options)
{
	struct area *area;
	struct vmap_area *unused[2];

	areas.descriptors = kmem_cache_create("vm_area", sizeof(struct area), 0, 0, NULL);
	if (!areas.descriptors)
		return -ENOMEM;
	if (area_cache_init())
		goto no_cpus;
	area = kmem_cache_alloc(areas.descriptors, GFP_KERNEL);
	if (!area)
		goto no_area;
	free_space_init(&areas.free, options->seed);
	areas.taken = (struct area_tree){0};
	areas.guard = (uint8_t)options->guard;
	areas.place = options->place == PLACE_DEFAULT ? PLACE_LOWEST : options->place;
	purge_init(options->lazy_max, options->quarantine);
	vmap_area_set_cache(!options->no_cache);
	*area = (struct area){.va = {.va_start = VMALLOC_START, .va_end = VMALLOC_END}};
	free_space_give(&areas.free, &area->va, unused);
	areas.ready = true;
	return 0;
no_area:
	area_cache_exit();
no_cpus:
	kmem_cache_destroy(areas.descriptors);
	areas.descriptors = NULL;
	return -ENOMEM;
}

/* What is left at the end: early areas, and what nobody freed. A free block has no list of pages,
 * and its descriptor says nothing about one. */
static void forget_all(struct area_tree *tree, bool taken)
{
	while (tree->root) {
		struct area *area = area_of(tree->root);

		area_tree_remove(tree, &area->va);
		if (taken)
			area_room_free(area);
		kmem_cache_free(areas.descriptors, area);
	}
}

void vmap_area_exit(void)
{
	if (!areas.ready)
		return;
	vmap_area_quiesce();
	areas.ready = false;
	forget_all(&areas.taken, true);
	forget_all(&areas.free.tree, false);
	area_cache_exit();
	kmem_cache_destroy(areas.descriptors);
	areas.descriptors = NULL;
}

bool vmap_area_is_up(void)
{
	return areas.ready;
}

/* What is in use goes by the old width, and so must not come back to the caches. */
static void leave_classes(void)
{
	bool locked = areas_lock();
	struct vmap_area *va;

	ASSERT(locked, "%s in an exception handler", __func__);
	for (va = area_tree_after(&areas.taken, 0); va;
	     va = area_tree_after(&areas.taken, va->va_start)) {
		/* by chance: other CPUs may free on meanwhile */
		if (va->state == AREA_READY || va->state == AREA_LAZY)
			continue;
		va->size_class = CLASS_NONE;
		va->plain = false; /* vfree()'s short cut is for those of a class */
	}
	areas_unlock();
}

void vmap_area_set_guard(unsigned int pages)
{
	vmap_area_quiesce();
	if (pages == areas.guard)
		return;
	leave_classes();
	areas.guard = (uint8_t)pages;
}

unsigned int vmap_area_guard(void)
{
	return areas.guard;
}

void vmap_area_set_cache(bool on)
{
	if (areas.ready)
		purge_all(false);
	areas.cache_wanted = on;
	areas.cache_on = on && purge_state.quarantine_max == 0;
}

void vmap_area_set_quarantine(uint64_t pages)
{
	purge_all(true);
	purge_state.quarantine_max = pages;
	vmap_area_set_cache(areas.cache_wanted);
}

void vmap_area_set_lazy_max(uint64_t pages)
{
	purge_lazy();
	purge_set_lazy_max(pages);
}

void vmap_area_get_options(struct vmap_area_options *options)
{
	*options = (struct vmap_area_options){.lazy_max = purge_state.lazy_max,
					      .quarantine = purge_state.quarantine_max,
					      .guard = areas.guard,
					      .place = areas.place,
					      .no_cache = !areas.cache_wanted};
}

void vmap_area_quiesce(void)
{
	/* by chance: other CPUs do not stop freeing */
	for (unsigned int i = 0; i < QUIESCE_ROUNDS && purge_all(true); i++)
		;
	area_cache_free_spares();
}

/*
 * The region from start to end: at each place a free block or a taken range must begin. The lock is
 * held.
 */
static const char *check_cover(void)
{
	uintptr_t position = VMALLOC_START;
	size_t nr_free = 0, nr_taken = 0;

	while (position < VMALLOC_END) {
		struct vmap_area *block = area_tree_before(&areas.free.tree, position);
		struct vmap_area *taken = area_tree_after(&areas.taken, position - 1);

		if (block && block->va_start == position) {
			position = block->va_end;
			nr_free++;
		} else if (taken && area_taken_start(taken) == position) {
			position = area_body_end(taken);
			nr_taken++;
		} else {
			return "a part of the vmalloc region is neither free nor taken";
		}
	}
	/* unreached: taken ones left over, whose order was looked at before */
	if (nr_free != areas.free.tree.nr || nr_taken != areas.taken.nr)
		return "a part of the vmalloc region is free or taken twice";
	return NULL;
}

const char *vmap_area_check(void)
{
	const char *problem;

	if (!areas.ready)
		return NULL;
	problem = area_cache_check();
	if (problem || !areas_lock())
		return problem;
	problem = free_space_check(&areas.free);
	if (!problem)
		problem = area_tree_check(&areas.taken);
	if (!problem)
		problem = check_cover();
	areas_unlock();
	return problem;
}

static void count_taken(const struct vmap_area *va, struct vmap_area_stats *stats)
{
	uint8_t state;

	if (!va)
		return;
	count_taken(va->left, stats);
	state = __atomic_load_n(&va->state, __ATOMIC_ACQUIRE);
	if (state == AREA_BUSY || state == AREA_PINNED) {
		stats->areas++;
		stats->pages += area_body_pages(va);
	}
	stats->ready += state == AREA_READY;
	stats->lazy += state == AREA_LAZY;
	stats->quarantined += state == AREA_QUARANTINED;
	count_taken(va->right, stats);
}

uint64_t vmap_area_nr_searches(void)
{
	return areas.free.searches;
}

void vmap_area_get_stats(struct vmap_area_stats *stats)
{
	*stats = (struct vmap_area_stats){0};
	if (!areas.ready || !areas_lock())
		return;
	count_taken(areas.taken.root, stats);
	stats->free_blocks = areas.free.tree.nr;
	stats->free_bytes = areas.free.bytes;
	stats->descriptors = areas.free.tree.nr + areas.taken.nr;
	stats->largest_free = area_tree_largest(&areas.free.tree);
	stats->searches = areas.free.searches;
	stats->visited = areas.free.visited;
	stats->visited_max = areas.free.visited_max;
	areas_unlock();
	stats->purges = __atomic_load_n(&purge_state.purges, __ATOMIC_RELAXED);
	stats->flushes = __atomic_load_n(&purge_state.flushes, __ATOMIC_RELAXED);
}
