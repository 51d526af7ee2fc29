/* SPDX-License-Identifier: BSD-2-Clause */
#include "areas.h"
#include "area_cache.h"
#include "held.h"
#include "reclaim.h"
#include "lib/assert.h"

/* How ranges come back to the free tree, and how a taken one grows or shrinks. */

/* The range of the list's next area, whose entries are held no longer. */
static bool next_range(void *context, struct virt_range *range)
{
	struct area **list = context, *area = *list;
	struct vmap_area *va;

	if (!area)
		return false;
	va = &area->va;
	if (va->held)
		release_range(&kernel_space, va->va_start - PAGE_SIZE, 1 + area_body_pages(va));
	va->held = false;
	*range = (struct virt_range){area_taken_start(va), area_body_end(va)};
	*list = area_next(area);
	return true;
}

bool areas_reclaim_tables(struct area *list)
{
	return reclaim_tables_batch(&kernel_space, next_range, &list) > 0;
}

/* In the free tree a range is only its addresses: what the area owned, guard and body. */
static void give_back(struct area *area, struct vmap_area *unused[2])
{
	struct vmap_area *va = &area->va;
	uintptr_t start = area_taken_start(va), end = area_body_end(va);
	bool locked = areas_lock();

	ASSERT(locked, "%lx is given back in an exception handler", va->va_start);
	area_tree_remove(&areas.taken, va);
	*va = (struct vmap_area){.va_start = start, .va_end = end};
	/* unreached: a range that is taken and free is a broken structure */
	if (!free_space_give(&areas.free, va, unused))
		unused[0] = va;
	areas_unlock();
}

void areas_give_back(struct area *list)
{
	struct vmap_area *unused[2];
	struct area *area;

	while ((area = area_pop(&list))) {
		area_room_free(area);
		give_back(area, unused);
		area_nodes_free(unused);
	}
}

void vmap_area_leave_class(struct area *area)
{
	struct vmap_area *va = &area->va;

	va->size_class = CLASS_NONE;
	if (va->held) /* the pages themselves are mapped */
		release_range(&kernel_space, va->va_start - PAGE_SIZE, 1);
	va->held = false;
}

bool vmap_area_grow(struct area *area, size_t more)
{
	struct vmap_area *unused[2], *va = &area->va;
	uintptr_t end = area_body_end(va), new_end = end + (more << PAGE_SHIFT);
	bool fits;

	spin_lock(&areas.lock);
	fits = more <= ((VMALLOC_END - end) >> PAGE_SHIFT) - va->behind &&
	       free_space_covers(&areas.free, end, new_end);
	if (fits) {
		free_space_take(&areas.free, end, new_end, NULL, unused);
		va->va_end += more << PAGE_SHIFT;
		va->vm->size += more << PAGE_SHIFT;
	}
	areas_unlock();
	if (fits)
		area_nodes_free(unused);
	return fits;
}

void vmap_area_cut(struct area *area, size_t nr_pages, struct area *tail)
{
	struct vmap_area *va = &area->va;
	size_t bytes = nr_pages << PAGE_SHIFT;

	ASSERT(nr_pages < area_body_pages(va), "%zu pages of %zu", nr_pages, area_body_pages(va));
	spin_lock(&areas.lock);
	area_describe(tail, va->va_start + bytes, area_body_end(va), 0, 0);
	va->va_end = tail->va.va_start + va->behind * PAGE_SIZE;
	va->vm->size = va->va_end - va->va_start;
	area_tree_insert(&areas.taken, &tail->va);
	spin_unlock(&areas.lock);
}

struct area *vmap_area_node(gfp_t gfp)
{
	return area_node_alloc(gfp);
}

void vmap_area_node_free(struct area *area)
{
	area_node_free(area);
}
