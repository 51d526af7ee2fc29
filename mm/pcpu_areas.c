/* SPDX-License-Identifier: BSD-2-Clause */
#include "areas.h"
#include "area_cache.h"
#include "fail.h"
#include "purge.h"
#include "vm_area.h"

/*
 * Areas whose addresses differ by given offsets: one base for all, the highest that lets every one
 * of them fit. Found by going down from the top: an area that does not fit at the base moves the
 * base down to the next place where it does, and all begin anew.
 */

struct congruent {
	const unsigned long *offsets;
	const size_t *sizes; /* bytes */
	unsigned int nr;
	size_t align;
};

static bool is_whole(size_t bytes)
{
	return !(bytes & ~PAGE_MASK);
}

/* Whether two areas overlap, or leave no room for the guard between them. */
static bool too_close(const struct congruent *request, unsigned int i, unsigned int j)
{
	size_t guard = areas.guard * PAGE_SIZE;

	return request->offsets[i] < request->offsets[j] + request->sizes[j] + guard &&
	       request->offsets[j] < request->offsets[i] + request->sizes[i] + guard;
}

static bool is_sound(const struct congruent *request)
{
	if (request->align == 0 || request->align & (request->align - 1) ||
	    !is_whole(request->align))
		return false;
	for (unsigned int i = 0; i < request->nr; i++) {
		if (request->sizes[i] == 0 || !is_whole(request->sizes[i]) ||
		    request->offsets[i] & (request->align - 1) ||
		    request->offsets[i] + request->sizes[i] < request->offsets[i])
			return false;
		for (unsigned int j = 0; j < i; j++)
			if (too_close(request, i, j))
				return false;
	}
	return true;
}

static struct slot_request slot_of(const struct congruent *request, unsigned int i, uintptr_t base)
{
	uint64_t guard = areas.guard * PAGE_SIZE;

	return (struct slot_request){.length = request->sizes[i] + guard,
				     .front = guard,
				     .align = request->align,
				     .start = VMALLOC_START,
				     .end = base + request->offsets[i] + request->sizes[i],
				     .place = PLACE_TOP};
}

/* Takes the base down to the next place where area `i` fits. false: there is none. */
static bool fit(const struct congruent *request, unsigned int i, uintptr_t *base)
{
	struct slot_request slot = slot_of(request, i, *base);
	uintptr_t start, lowest = VMALLOC_START + request->offsets[i];

	if (!free_space_find(&areas.free, &slot, &start) || start + slot.front < lowest)
		return false;
	*base = start + slot.front - request->offsets[i];
	return true;
}

static bool find_base(const struct congruent *request, uintptr_t *base)
{
	uintptr_t span = 0, before;

	for (unsigned int i = 0; i < request->nr; i++)
		if (request->offsets[i] + request->sizes[i] > span)
			span = request->offsets[i] + request->sizes[i];
	if (span > VMALLOC_END - VMALLOC_START - areas.guard * PAGE_SIZE)
		return false;
	*base = (VMALLOC_END - areas.guard * PAGE_SIZE - span) & ~(request->align - 1);
	do {
		before = *base;
		for (unsigned int i = 0; i < request->nr; i++)
			if (!fit(request, i, base))
				return false;
	} while (*base != before);
	return true;
}

/* `area` gets the range; nodes that are not needed go to `left_over`. The lock is held. */
static void take(const struct congruent *request, unsigned int i, uintptr_t base,
		 struct area *nodes[2], struct area **left_over)
{
	uintptr_t guard = areas.guard * PAGE_SIZE, start = base + request->offsets[i];
	struct area *area = nodes[0];
	struct vmap_area *unused[2];

	free_space_take(&areas.free, start - guard, start + request->sizes[i], &nodes[1]->va,
			unused);
	for (unsigned int j = 0; j < 2; j++)
		if (unused[j])
			area_push(left_over, area_of(unused[j]));
	area_describe(area, start, start + request->sizes[i] + guard, areas.guard, areas.guard);
	area->vm.flags = VM_ALLOC;
	area_tree_insert(&areas.taken, &area->va);
}

/* All areas or none; `nodes` are two for each, the first of which becomes its descriptor. */
static bool take_all(const struct congruent *request, struct area **nodes)
{
	struct area *left_over = NULL;
	uintptr_t base;
	bool fits;

	spin_lock(&areas.lock);
	fits = find_base(request, &base);
	for (unsigned int i = 0; fits && i < request->nr; i++)
		take(request, i, base, &nodes[2 * i], &left_over);
	spin_unlock(&areas.lock);
	while (left_over)
		area_node_free(area_pop(&left_over));
	return fits;
}

static void free_nodes(struct area **nodes, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		area_node_free(nodes[i]);
}

static bool get_nodes(struct area **nodes, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		nodes[i] = area_node_alloc(GFP_KERNEL);
		if (nodes[i])
			continue;
		free_nodes(nodes, i);
		return false;
	}
	return true;
}

static bool reserve(const struct congruent *request, struct area **nodes)
{
	if (should_fail(FAIL_ADDRESS_SPACE) || !get_nodes(nodes, 2 * request->nr))
		return false;
	if (take_all(request, nodes))
		return true;
	purge_all(false);
	if (take_all(request, nodes))
		return true;
	free_nodes(nodes, 2 * request->nr);
	return false;
}

struct vm_struct **pcpu_get_vm_areas(const unsigned long *offsets, const size_t *sizes, int nr,
				     size_t align)
{
	struct congruent request = {offsets, sizes, (unsigned int)nr, align};
	struct vm_struct **vms;
	struct area **nodes;
	bool reserved;

	if (!vmap_area_is_up() || !vm_may_wait("pcpu_get_vm_areas", GFP_KERNEL, CALLER_OF_THIS))
		return NULL;
	if (nr <= 0 || !is_sound(&request)) {
		vm_refuse("pcpu_get_vm_areas", CALLER_OF_THIS, "%d areas at %zu", nr, align);
		return NULL;
	}
	vms = kmalloc_array(request.nr, sizeof(*vms), GFP_KERNEL);
	nodes = kmalloc_array(2 * request.nr, sizeof(*nodes), GFP_KERNEL);
	reserved = vms && nodes && reserve(&request, nodes);
	for (unsigned int i = 0; reserved && i < request.nr; i++) {
		vms[i] = &nodes[2 * i]->vm;
		vms[i]->caller = CALLER_OF_THIS;
		vm_publish(nodes[2 * i]);
	}
	kfree(nodes);
	if (reserved)
		return vms;
	kfree(vms);
	warn_alloc(GFP_KERNEL, (uintptr_t)CALLER_OF_THIS,
		   "pcpu_get_vm_areas: %d areas: no address space, or no memory", nr);
	return NULL;
}

void pcpu_free_vm_areas(struct vm_struct **vms, int nr)
{
	if (!vms || !vm_may_wait("pcpu_free_vm_areas", GFP_KERNEL, CALLER_OF_THIS))
		return;
	for (int i = 0; i < nr; i++) {
		struct area *area =
			vm_claim("pcpu_free_vm_areas", vms[i]->addr, VM_ALLOC, 0, CALLER_OF_THIS);

		if (area)
			vm_unmap_area(area, CALLER_OF_THIS);
	}
	kfree(vms);
}
