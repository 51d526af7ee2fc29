/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/assert.h"
#include "lib/string.h"
#include "map.h"
#include "slab.h"
#include "vm_area.h"
#include "walk.h"

/*
 * Changing the size of an area without copying its contents: frames stay what they are, and get
 * company, lose some, or get other addresses. The area is claimed meanwhile.
 */

static size_t bytes_of(const struct vm_struct *vm)
{
	return ((size_t)vm->nr_pages << PAGE_SHIFT) - vm->slack;
}

static void set_bytes(struct vm_struct *vm, size_t nr_pages, size_t bytes)
{
	vm->nr_pages = (unsigned int)nr_pages;
	vm->slack = (uint16_t)((nr_pages << PAGE_SHIFT) - bytes);
}

static unsigned int leaf_order(const struct vm_struct *vm)
{
	struct leaf leaf;
	bool found = walk_lookup_any(&kernel_space, (uintptr_t)vm->addr, &leaf);

	ASSERT(found, "nothing is at %p", vm->addr);
	return level_shift(leaf.level) - PAGE_SHIFT;
}

/* false: a large leaf would have to be split, and there is no memory for the table. */
static bool shrink(struct area *area, size_t nr_pages, const struct vm_request *request)
{
	size_t old = area->vm.nr_pages, gone = old - nr_pages;
	struct area *tail = vmap_area_node(request->gfp);

	if (unmap_range(&kernel_space, area->va.va_start + (nr_pages << PAGE_SHIFT),
			gone << PAGE_SHIFT) < 0) {
		vmap_area_node_free(tail);
		return false;
	}
	vm_put_pages(area->vm.pages + nr_pages, gone, request->caller);
	vm_count_pages(-(long)gone);
	if (tail) { /* without a descriptor for them the addresses stay with the area */
		vmap_area_cut(area, nr_pages, tail);
		tail->vm.caller = area->vm.caller;
		vmap_area_free(tail, request->caller);
	}
	if (area->vm.page_order > 0)
		area->vm.page_order = (uint8_t)leaf_order(&area->vm);
	return true;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* An array for `nr_pages`, with the pages of `area` at its start, as many as it holds. */
static struct page **new_array(const struct area *area, size_t nr_pages, gfp_t gfp)
{
	struct page **pages = kvmalloc(nr_pages * sizeof(*pages),
				       (gfp & ~(__GFP_ZERO | GFP_ZONEMASK)) | __GFP_NOWARN);

	if (pages)
		memcpy(pages, area->vm.pages, least(area->vm.nr_pages, nr_pages) * sizeof(*pages));
	return pages;
}

/* Frees the old range of an area that goes on elsewhere with its first `kept` pages, or all. */
static void leave(struct area *area, size_t kept, const void *caller)
{
	size_t nr = area->vm.nr_pages;

	vm_unmap_pages(area);
	if (kept < nr) {
		vm_put_pages(area->vm.pages + kept, nr - kept, caller);
		vm_count_pages(-(long)(nr - kept));
	}
	vmap_area_free(area, caller);
}

/* The claimed area goes on under a new address, with `nr_pages` pages. */
static struct area *move(struct area *area, struct page **pages, size_t nr_pages,
			 const struct vm_request *request)
{
	struct area *moved = vm_reserve(request);

	if (!moved)
		return NULL;
	area_room_free(moved);
	moved->vm.pages = pages; /* a held one stays that: all of its pages are mapped */
	moved->vm.page_order = area->vm.page_order;
	if (vm_map_pages(moved, pages, 0, nr_pages, request->prot)) {
		moved->vm.pages = NULL;
		vmap_area_free_unused(moved);
		return NULL;
	}
	if (moved->vm.page_order > 0)
		moved->vm.page_order = (uint8_t)leaf_order(&moved->vm);
	leave(area, nr_pages, request->caller);
	return moved;
}

/* Takes the addresses behind the area; false: they are not free, or there is no table for them. */
static bool extend(struct area *area, struct page **pages, size_t nr_pages,
		   const struct vm_request *request)
{
	size_t body = area_body_pages(&area->va), have = area->vm.nr_pages;
	struct area *tail = vmap_area_node(request->gfp); /* so that it can be undone */

	if (!tail || (nr_pages > body && !vmap_area_grow(area, nr_pages - body))) {
		vmap_area_node_free(tail);
		return false;
	}
	if (vm_map_pages(area, pages, have, nr_pages, request->prot) == 0) {
		vmap_area_node_free(tail);
		area_room_free(area);
		area->vm.pages = pages;
		return true;
	}
	if (nr_pages > body) {
		vmap_area_cut(area, body, tail);
		vmap_area_free_unused(tail);
	} else {
		vmap_area_node_free(tail);
	}
	return false;
}

static bool is_aligned(const struct area *area, unsigned long align)
{
	return !(area->va.va_start & (align - 1));
}

/* The area with more pages, or under a new address, or both; NULL: as it was. */
static struct area *grow(struct area *area, size_t nr_pages, const struct vm_request *request)
{
	size_t old = least(area->vm.nr_pages, nr_pages);
	struct page **pages = new_array(area, nr_pages, request->gfp);
	struct area *grown = NULL;

	if (!pages)
		return NULL;
	if (!vm_get_pages(area, pages, old, nr_pages, request)) {
		kvfree(pages);
		return NULL;
	}
	if (is_aligned(area, request->align) && extend(area, pages, nr_pages, request))
		grown = area;
	else
		grown = move(area, pages, nr_pages, request);
	if (!grown) {
		vm_put_pages(pages + old, nr_pages - old, request->caller);
		kvfree(pages);
		return NULL;
	}
	vm_count_pages((long)(nr_pages - old));
	return grown;
}

/* From the old size on, in the last page that there was; the frames behind came cleared. */
static void clear_slack(struct area *area, size_t old_bytes, size_t bytes)
{
	size_t in_page = old_bytes & ~PAGE_MASK, end = PAGE_SIZE;
	char *page = page_address(area->vm.pages[old_bytes >> PAGE_SHIFT]);

	if (bytes >> PAGE_SHIFT == old_bytes >> PAGE_SHIFT)
		end = bytes & ~PAGE_MASK;
	memset(page + in_page, 0, end - in_page);
}

/* The area as it is afterwards; NULL: as it was. */
static struct area *resize(struct area *area, size_t nr_pages, const struct vm_request *request)
{
	size_t old = area->vm.nr_pages;

	if (nr_pages == old && is_aligned(area, request->align))
		return area;
	vmap_area_leave_class(area);
	if (nr_pages > old || !is_aligned(area, request->align))
		return grow(area, nr_pages, request);
	return shrink(area, nr_pages, request) ? area : NULL;
}

/* A request for `size` bytes that keeps what the area is like. */
static void inherit(struct vm_request *request, const struct area *area, size_t size)
{
	unsigned long leaf = PAGE_SIZE << area->vm.page_order;
	struct leaf first;
	bool found = walk_lookup_any(&kernel_space, area->va.va_start, &first);

	request->size = (size + PAGE_SIZE - 1) & PAGE_MASK;
	request->flags = area->vm.flags;
	if (request->align < leaf)
		request->align = leaf;
	ASSERT(found, "nothing is at %lx", area->va.va_start);
	request->prot = __pgprot(first.prot.pgprot | _PAGE_PRESENT);
}

static void *change(const void *p, size_t size, struct vm_request *request)
{
	struct area *area =
		vm_claim("vrealloc", p, VM_HAS_PAGES, VM_MAP_PUT_PAGES, request->caller);
	struct area *changed;
	size_t old_bytes;

	if (!area)
		return NULL;
	old_bytes = bytes_of(&area->vm);
	inherit(request, area, size);
	changed = resize(area, request->size >> PAGE_SHIFT, request);
	if (!changed) {
		vm_publish(area);
		vm_no_memory("vrealloc", request);
		return NULL;
	}
	set_bytes(&changed->vm, request->size >> PAGE_SHIFT, size);
	if (request->gfp & __GFP_ZERO && size > old_bytes && old_bytes & ~PAGE_MASK)
		clear_slack(changed, old_bytes, size);
	vm_publish(changed);
	return changed->vm.addr;
}

static void *reallocate(const void *p, size_t size, struct vm_request *request)
{
	if (size == 0 && p) {
		if (vmap_area_is_up() && vm_may_wait("vrealloc", GFP_KERNEL, request->caller))
			vm_free("vrealloc", p, request->caller);
		return NULL;
	}
	if (!p) {
		request->flags = VM_ALLOC;
		request->size = size;
		return vm_alloc(request);
	}
	if (!vmap_area_is_up() || !vm_may_wait("vrealloc", GFP_KERNEL, request->caller))
		return NULL;
	if (request->align & (request->align - 1) || size >> PAGE_SHIFT > totalram_pages() ||
	    !gfp_known(request->gfp) || request->node < NUMA_NO_NODE ||
	    request->node >= (int)nr_online_nodes()) {
		vm_refuse("vrealloc", request->caller, "size %zu, alignment %lu, gfp %#x, node %d",
			  size, request->align, request->gfp, request->node);
		return NULL;
	}
	return change(p, size, request);
}

void *vrealloc(const void *p, size_t size, gfp_t gfp)
{
	struct vm_request request = vm_request_for(size, CALLER_OF_THIS);

	request.gfp = gfp;
	return reallocate(p, size, &request);
}

void *vrealloc_node_align(const void *p, size_t size, unsigned long align, gfp_t gfp, int nid)
{
	struct vm_request request = vm_request_for(size, CALLER_OF_THIS);

	request.gfp = gfp;
	request.node = nid;
	request.align = align ? align : PAGE_SIZE;
	return reallocate(p, size, &request);
}
