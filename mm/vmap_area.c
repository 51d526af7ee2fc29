/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmap_area.h"
#include "area_cache.h"
#include "areas.h"
#include "fail.h"
#include "fault.h"
#include "held.h"
#include "purge.h"
#include "lib/assert.h"
#include "lib/format.h"

struct areas areas = {.lock = SPINLOCK("areas", LOCK_RANK_BUSY)};

bool areas_lock(void)
{
	if (fault_in_handler())
		return spin_trylock(&areas.lock);
	spin_lock(&areas.lock);
	return true;
}

void areas_unlock(void)
{
	spin_unlock(&areas.lock);
}

struct area *area_node_alloc(gfp_t gfp)
{
	struct area *area = NULL;

	if (!fault_in_handler()) {
		struct area_cpu *cpu = this_area_cpu();

		area_cpu_lock(cpu, platform_cpu());
		area = cpu->spare;
		cpu->spare = NULL;
		area_cpu_unlock(cpu);
	}
	return area ? area : kmem_cache_alloc(areas.descriptors, gfp & ~__GFP_ZERO);
}

void area_node_free(struct area *area)
{
	if (!area)
		return;
	if (!fault_in_handler()) {
		struct area_cpu *cpu = this_area_cpu();
		struct area *spare;

		area_cpu_lock(cpu, platform_cpu());
		spare = cpu->spare;
		cpu->spare = area;
		area_cpu_unlock(cpu);
		area = spare;
	}
	if (area)
		kmem_cache_free(areas.descriptors, area);
}

void area_nodes_free(struct vmap_area *unused[2])
{
	for (unsigned int i = 0; i < 2; i++)
		if (unused[i])
			area_node_free(area_of(unused[i]));
}

void area_room_free(struct area *area)
{
	if (area->vm.pages && area->vm.pages != &area->page)
		kvfree(area->vm.pages);
	area->vm.pages = NULL;
	area->va.one_run = false; /* that was said of the list */
}

void area_describe(struct area *area, uintptr_t start, uintptr_t end, unsigned int front,
		   unsigned int behind)
{
	*area = (struct area){.vm = {.size = end - start, .guard = (uint8_t)behind}};
	area->va = (struct vmap_area){.va_start = start,
				      .va_end = end,
				      .vm = &area->vm,
				      .state = AREA_CLAIMED,
				      .front = (uint8_t)front,
				      .behind = (uint8_t)behind,
				      .size_class = CLASS_NONE};
}

/* Cuts a slot out of the free tree and puts it into the other one; needs both nodes in any case. */
static bool take_slot(const struct slot_request *slot, unsigned int behind, struct area *area,
		      struct vmap_area *spare, struct vmap_area *unused[2])
{
	uintptr_t start;

	if (!areas_lock())
		return false;
	if (!free_space_find(&areas.free, slot, &start)) {
		areas_unlock();
		return false;
	}
	free_space_take(&areas.free, start, start + slot->length, spare, unused);
	area_describe(area, start + areas.guard * PAGE_SIZE,
		      start + slot->length + behind * PAGE_SIZE, areas.guard, behind);
	area_tree_insert(&areas.taken, &area->va);
	areas_unlock();
	return true;
}

static struct area *take(const struct slot_request *slot, unsigned int behind, gfp_t gfp)
{
	struct area *area = area_node_alloc(gfp), *spare = area ? area_node_alloc(gfp) : NULL;
	struct vmap_area *unused[2] = {NULL, NULL};

	if (spare && take_slot(slot, behind, area, &spare->va, unused)) {
		area_nodes_free(unused);
		return area;
	}
	area_node_free(spare);
	area_node_free(area);
	return NULL;
}

/* Once more, after everything that is not in use has come back; then after all were asked. */
static struct area *take_hard(const struct slot_request *slot, unsigned int behind, gfp_t gfp)
{
	struct area *area = take(slot, behind, gfp);

	if (area || !gfpflags_allow_blocking(gfp) || fault_in_handler())
		return area;
	purge_all(false);
	area = take(slot, behind, gfp);
	if (!area && vmap_purge_notify())
		area = take(slot, behind, gfp);
	return area;
}

static bool slot_for(const struct vmap_request *request, struct slot_request *slot)
{
	uint64_t guard = areas.guard * PAGE_SIZE, behind = request->no_guard ? 0 : guard;

	*slot = (struct slot_request){
		.length = (request->nr_pages << PAGE_SHIFT) + guard,
		.front = guard + request->skew,
		.align = request->align,
		.start = request->start < VMALLOC_START ? VMALLOC_START : request->start,
		.end = request->end > VMALLOC_END ? VMALLOC_END : request->end,
		.place = request->place == PLACE_DEFAULT ? areas.place : request->place,
	};
	if (slot->end <= slot->start || slot->end - slot->start < behind)
		return false;
	slot->end -= behind;
	return true;
}

static unsigned int class_for(const struct vmap_request *request, const struct slot_request *slot)
{
	if (!areas.cache_on || request->no_guard || request->by_hand || request->skew ||
	    slot->place != PLACE_LOWEST || request->start > VMALLOC_START ||
	    request->end < VMALLOC_END)
		return CLASS_NONE;
	return area_class(request->nr_pages, request->align);
}

bool vmap_area_hold(struct area *area)
{
	uintptr_t start = area->va.va_start;
	size_t nr = area_body_pages(&area->va);

	if (hold_range(&kernel_space, start - PAGE_SIZE, 1 + nr, area_note(area)))
		return false;
	area->va.held = true;
	area->entries = held_entry(&kernel_space, start);
	return true;
}

/*
 * A range that will go round in the caches holds its entries, and the last one of its front guard;
 * not one for large leaves.
 */
static void join_class(struct area *area, unsigned int size_class)
{
	area->va.size_class = (uint16_t)size_class;
	if (size_class < CLASS_UNIT)
		vmap_area_hold(area);
}

struct area *vmap_area_alloc(const struct vmap_request *request)
{
	struct slot_request slot;
	unsigned int size_class;
	struct area *area = NULL;

	if (!areas.ready || request->nr_pages > (VMALLOC_END - VMALLOC_START) >> PAGE_SHIFT ||
	    !slot_for(request, &slot) || should_fail(FAIL_ADDRESS_SPACE))
		return NULL;
	size_class = fault_in_handler() ? CLASS_NONE : class_for(request, &slot);
	if (size_class != CLASS_NONE)
		area = area_cache_take(platform_cpu(), size_class);
	if (area)
		return area;
	area = take_hard(&slot, request->no_guard ? 0 : areas.guard, request->gfp);
	if (area && size_class != CLASS_NONE)
		join_class(area, size_class);
	return area;
}

uint64_t vmap_area_slots(const struct vmap_request *request)
{
	struct slot_request slot;
	uint64_t nr = 0;

	if (!areas.ready || !slot_for(request, &slot) || !areas_lock())
		return 0;
	nr = free_space_slots(&areas.free, &slot);
	areas_unlock();
	return nr;
}

struct area *vmap_area_alloc_at(uintptr_t start, size_t nr_pages, gfp_t gfp)
{
	uintptr_t end = start + (nr_pages << PAGE_SHIFT), guard = areas.guard * PAGE_SIZE;
	struct vmap_request request = {.nr_pages = nr_pages,
				       .align = PAGE_SIZE,
				       .start = start - guard,
				       .end = end + guard,
				       .place = PLACE_LOWEST,
				       .gfp = gfp};
	struct area *area;

	if (start < VMALLOC_START + guard || end > VMALLOC_END - guard || end < start)
		return NULL;
	area = vmap_area_alloc(&request);
	ASSERT(!area || area->va.va_start == start, "asked for %lx, got %lx", (unsigned long)start,
	       area->va.va_start);
	return area;
}

void vmap_area_free(struct area *area, const void *freed_by)
{
	uint64_t pages = area_cache_put_lazy(area, freed_by);

	if (unlikely(pages > 0))
		purge_account(pages);
}

void vmap_area_free_unused(struct area *area)
{
	if (fault_in_handler()) {
		area->vm.nr_pages = 0;
		area_cache_defer(area, area->vm.caller);
		return;
	}
	if (area->va.size_class != CLASS_NONE && area_cache_put(area))
		return;
	area->vm.next = NULL;
	areas_reclaim_tables(area);
	areas_give_back(area);
}
