/* SPDX-License-Identifier: BSD-2-Clause */
#include "slab.h"
#include "vm_area.h"

/* Allocation, the long way: every check, any kind of area, address space, frames, mapping. */

struct vm_request vm_request_for(unsigned long size, const void *caller)
{
	return (struct vm_request){.size = size,
				   .align = PAGE_SIZE,
				   .start = VMALLOC_START,
				   .end = VMALLOC_END,
				   .gfp = GFP_KERNEL,
				   .node = NUMA_NO_NODE,
				   .prot = PAGE_KERNEL,
				   .caller = caller};
}

const char *vm_prot_fault(pgprot_t prot)
{
	if (prot_is_writable_and_executable(prot))
		return "writable and executable memory";
	return prot_is_valid(prot) ? NULL : "not present, or no protection";
}

const char *vm_flags_fault(unsigned long flags)
{
	return flags & ~(2 * VM_SPARSE - 1) ? "an unknown flag" : NULL;
}

/* What only some callers choose. */
static __slow const char *kind_fault(const struct vm_request *request)
{
	const char *fault = vm_prot_fault(request->prot);

	if (request->flags & (VM_IOREMAP | VM_MAP_PUT_PAGES | VM_SPARSE))
		return "a flag of areas without frames of their own";
	return fault ? fault : vm_flags_fault(request->flags);
}

static const char *fault_of(const struct vm_request *request)
{
	if (request->size == 0)
		return "size 0";
	if (request->align & (request->align - 1))
		return "an alignment that is no power of two";
	if (!gfp_known(request->gfp))
		return "an unknown gfp flag";
	if (request->node < NUMA_NO_NODE || request->node >= (int)nr_online_nodes())
		return "a node that there is not";
	if (likely(request->flags == VM_ALLOC && request->prot.pgprot == PAGE_KERNEL.pgprot))
		return NULL;
	return kind_fault(request);
}

static bool is_sound(const struct vm_request *request)
{
	const char *fault = fault_of(request);

	if (fault)
		vm_refuse("vmalloc", request->caller, "%s", fault);
	else if (request->size >> PAGE_SHIFT > totalram_pages())
		warn_alloc(request->gfp, (uintptr_t)request->caller,
			   "vmalloc: %lu bytes: more than there is", request->size);
	else
		return vm_may_wait("vmalloc", request->gfp, request->caller);
	return false;
}

/* The largest leaf that the request may have, as log2 of its bytes. */
static unsigned int leaf_shift(const struct vm_request *request)
{
	if (!(request->flags & VM_ALLOW_HUGE_VMAP) || request->size < PMD_SIZE)
		return PAGE_SHIFT;
	if (request->size >= PUD_SIZE && platform_cpu_features()->gib_leaves)
		return PUD_SHIFT;
	return PMD_SHIFT;
}

struct area *vm_reserve(const struct vm_request *request)
{
	struct vmap_request range = {.nr_pages = vm_nr_pages(request->size),
				     .align = request->align < PAGE_SIZE ? PAGE_SIZE
									 : request->align,
				     .skew = request->skew,
				     .start = request->start,
				     .end = request->end,
				     .place = request->place,
				     .by_hand = request->by_hand,
				     .no_guard = request->flags & VM_NO_GUARD,
				     .gfp = request->gfp};
	struct area *area = vmap_area_alloc(&range);
	struct vm_struct *vm;

	if (!area)
		return NULL;
	area->va.plain = false;
	vm = &area->vm;
	vm->flags = request->flags;
	vm->caller = request->caller;
	vm->phys_addr = 0;
	vm->nr_pages = 0;
	vm->page_order = 0;
	vm->slack = (uint16_t)((range.nr_pages << PAGE_SHIFT) - request->size);
	return area;
}

void vm_no_memory(const char *call, const struct vm_request *request)
{
	warn_alloc(request->gfp, (uintptr_t)request->caller,
		   "%s: %lu bytes: no address space, or no memory", call, request->size);
}

/* At the alignment of the largest leaf, if that can be had. */
static struct area *reserve_for_leaves(const struct vm_request *request, unsigned int shift)
{
	struct vm_request aligned = *request;
	struct area *area;

	if (shift == PAGE_SHIFT || request->align >= (unsigned long)1 << shift)
		return vm_reserve(request);
	aligned.align = (unsigned long)1 << shift;
	area = vm_reserve(&aligned);
	return area ? area : vm_reserve(request);
}

/* Room for a pointer to each page; one page's is in the descriptor. */
static bool get_room(struct area *area, const struct vm_request *request)
{
	size_t nr = area_body_pages(&area->va);
	gfp_t gfp = request->gfp & ~(__GFP_ZERO | __GFP_COMP | GFP_ZONEMASK);

	if (nr == 1 && area->vm.pages != &area->page) {
		area_room_free(area); /* vrealloc() gives a page that it moves a list too */
		area->vm.pages = &area->page;
	} else if (!area->vm.pages) {
		area->va.one_run = false; /* nothing is listed yet */
		area->vm.pages = kvmalloc_node(nr * sizeof(struct page *), gfp | __GFP_NOWARN,
					       request->node);
	}
	return area->vm.pages != NULL;
}

/* false: nothing is mapped, and no frame is held. */
static bool fill(struct area *area, const struct vm_request *request)
{
	size_t nr = area_body_pages(&area->va);
	struct page **pages;

	if (!get_room(area, request))
		return false;
	pages = area->vm.pages;
	if (!vm_get_pages(area, pages, 0, nr, request))
		return false;
	if (vm_map_pages(area, pages, 0, nr, request->prot)) {
		vm_put_pages(pages, nr, request->caller);
		return false;
	}
	area->vm.nr_pages = (unsigned int)nr;
	area->vm.flags &= ~VM_UNINITIALIZED;
	area->va.plain = area->va.held && area->va.one_run && area->vm.flags == VM_ALLOC;
	vm_count_pages((long)nr);
	return true;
}

static void *try_alloc(const struct vm_request *request)
{
	struct area *area = reserve_for_leaves(request, leaf_shift(request));

	if (area && fill(area, request)) {
		vm_publish(area);
		return area->vm.addr;
	}
	warn_alloc(request->gfp, (uintptr_t)request->caller, "vmalloc: %lu bytes: no %s",
		   request->size, area ? "memory" : "address space");
	if (area)
		vmap_area_free_unused(area);
	return NULL;
}

/* Under __GFP_NOFAIL: somebody may free something. Where nobody can, the run ends with a report. */
static void wait_for_others(const struct vm_request *request)
{
	if (wait_for_another_cpu())
		return;
	vm_refuse("vmalloc", request->caller,
		  "__GFP_NOFAIL, %lu bytes, and nobody is left who could free any", request->size);
	platform_abort("vmalloc: no memory under __GFP_NOFAIL");
}

void *vm_alloc(const struct vm_request *request)
{
	void *addr;

	if (unlikely(!vmap_area_is_up()) || !is_sound(request))
		return NULL;
	if (unlikely(vm_has_deferred()) && !fault_in_handler())
		vm_drain_deferred();
	addr = try_alloc(request);
	while (!addr && request->gfp & __GFP_NOFAIL) {
		addr = try_alloc(request);
		if (!addr)
			wait_for_others(request);
	}
	return addr;
}
