/* SPDX-License-Identifier: BSD-2-Clause */
#include "areas.h"
#include "area_cache.h"
#include "fault.h"
#include "vmap_area.h"
#include "walk.h"

/* Which range lies at an address, and who may look at it or change it. */

static uint8_t state_of(const struct vmap_area *va)
{
	return __atomic_load_n(&va->state, __ATOMIC_ACQUIRE);
}

static bool is_live(const struct vmap_area *va)
{
	uint8_t state = state_of(va);

	return state == AREA_BUSY || state == AREA_PINNED;
}

/* Whether the area was in state `from`, and is in state `to` now. */
static bool change_state(struct vmap_area *va, uint8_t from, uint8_t to)
{
	return __atomic_compare_exchange_n(&va->state, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static struct area *starting_in_tree(uintptr_t address)
{
	struct vmap_area *va;

	if (!areas_lock())
		return NULL;
	va = area_tree_before(&areas.taken, address);
	areas_unlock();
	return va && va->va_start == address ? area_of(va) : NULL;
}

struct area *vmap_area_starting(uintptr_t address)
{
	struct area *area;

	if (!areas.ready)
		return NULL;
	area = vmap_area_noted(address);
	if (area && area->va.va_start == address)
		return area;
	return starting_in_tree(address);
}

/* Whether the area is busy, or will be again once somebody has read what it is. */
static bool worth_retrying(const struct vmap_area *va)
{
	uint8_t state = state_of(va);

	if (state == AREA_BUSY) /* by chance: another CPU let go just now */
		return true;
	if (state != AREA_PINNED || fault_in_handler())
		return false;
	platform_pause();
	return true;
}

static bool change_from_busy(struct vmap_area *va, uint8_t state)
{
	while (!change_state(va, AREA_BUSY, state))
		if (!worth_retrying(va))
			return false;
	return true;
}

bool vmap_area_claim(struct area *area)
{
	return change_from_busy(&area->va, AREA_CLAIMED);
}

struct area *vmap_area_pin(uintptr_t address)
{
	struct vmap_area *va;

	if (!areas_lock())
		return NULL;
	va = area_tree_before(&areas.taken, address);
	if (va && (address >= va->va_end || !change_from_busy(va, AREA_PINNED)))
		va = NULL;
	areas_unlock();
	return va ? area_of(va) : NULL;
}

struct area *vmap_area_pin_next(uintptr_t address)
{
	struct vmap_area *va;

	if (!areas_lock())
		return NULL;
	do {
		va = area_tree_after(&areas.taken, address);
		address = va ? va->va_start : address;
	} while (va && !change_from_busy(va, AREA_PINNED));
	areas_unlock();
	return va ? area_of(va) : NULL;
}

void vmap_area_unpin(struct area *area)
{
	__atomic_store_n(&area->va.state, AREA_BUSY, __ATOMIC_RELEASE);
}

struct vmap_area *find_vmap_area(unsigned long address)
{
	struct vmap_area *va;

	if (!areas_lock())
		return NULL;
	va = area_tree_before(&areas.taken, address);
	if (va && (address >= va->va_end || !is_live(va)))
		va = NULL;
	areas_unlock();
	return va;
}

static enum vmap_kind kind_of(const struct vmap_area *va)
{
	switch (state_of(va)) {
	case AREA_READY:
		return VMAP_CACHED;
	case AREA_LAZY:
	case AREA_QUARANTINED:
		return VMAP_FREED;
	default:
		return VMAP_CHANGING;
	}
}

static void copy_facts(struct vmap_area *va, struct vmap_neighbour *facts)
{
	*facts = (struct vmap_neighbour){.kind = VMAP_NOTHING};
	if (!va)
		return;
	facts->start = va->va_start;
	facts->body_end = area_body_end(va);
	facts->kind = kind_of(va);
	if (!change_from_busy(va, AREA_PINNED))
		return;
	facts->kind = VMAP_LIVE;
	facts->flags = va->vm->flags;
	facts->caller = va->vm->caller;
	vmap_area_unpin(area_of(va));
}

bool vmap_area_neighbours(uintptr_t address, struct vmap_neighbour *below,
			  struct vmap_neighbour *above)
{
	if (!areas_lock())
		return false;
	copy_facts(area_tree_before(&areas.taken, address), below);
	copy_facts(area_tree_after(&areas.taken, address), above);
	areas_unlock();
	return true;
}

bool vmap_area_next_lazy(uintptr_t address, uintptr_t *start, uintptr_t *end)
{
	struct vmap_area *va;
	bool found;

	if (!areas_lock())
		return false;
	do {
		va = area_tree_after(&areas.taken, address);
		address = va ? va->va_start : address;
	} while (va && kind_of(va) != VMAP_FREED);
	found = va != NULL;
	if (found) {
		*start = va->va_start;
		*end = area_body_end(va);
	}
	areas_unlock();
	return found;
}
