/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/assert.h"
#include "frames.h"
#include "map.h"
#include "protect.h"
#include "tlb.h"
#include "vm_area.h"

/* Giving areas up: at once, or put off from where it cannot be done at once. */

/* As vm_claim(), without a word. An early area's descriptor is somebody else's: left alone. */
static struct area *try_claim(const void *addr, unsigned long any, unsigned long none)
{
	struct area *area = vmap_area_starting((uintptr_t)addr);
	unsigned long flags;

	if (unlikely(!area) || unlikely(!vmap_area_claim(area)))
		return NULL;
	flags = area->vm.flags | (area->vm.nr_pages > 0 ? VM_HAS_PAGES : 0);
	if (likely((!any || flags & any) && !(flags & none) && area->va.vm == &area->vm))
		return area;
	vm_publish(area);
	return NULL;
}

struct area *vm_claim(const char *call, const void *addr, unsigned long any, unsigned long none,
		      const void *caller)
{
	struct area *area = try_claim(addr, any, none);

	if (unlikely(!area))
		vm_refuse_address(call, caller, addr);
	return area;
}

void vm_unmap_area(struct area *area, const void *caller)
{
	vm_unmap_pages(area);
	vmap_area_free(area, caller);
}

/* Read-write again in the direct map, and known as that to every CPU, before anybody gets them. */
static void reset_direct_map(struct page **pages, size_t nr)
{
	while (nr > 0) {
		size_t run = page_run(pages, nr);
		int error = protect_range(&kernel_space, (uintptr_t)page_address(pages[0]),
					  run << PAGE_SHIFT, _PAGE_RW | _PAGE_NX, 0);

		ASSERT(!error, "direct map of %lx: error %d", (unsigned long)page_to_phys(pages[0]),
		       error);
		pages += run;
		nr -= run;
	}
	tlb_flush_all();
}

void vm_free_area_and_pages(struct area *area, const void *caller)
{
	struct vm_struct *vm = &area->vm;
	size_t nr = vm->nr_pages;

	vm_unmap_pages(area);
	if (unlikely(vm->flags & VM_FLUSH_RESET_PERMS))
		reset_direct_map(vm->pages, nr);
	if (likely(area->va.one_run && nr > 0))
		free_frame_run(page_to_pfn(vm->pages[0]), nr, (uintptr_t)caller);
	else
		vm_put_pages(vm->pages, nr, caller);
	if (likely(!(vm->flags & VM_MAP_PUT_PAGES)))
		vm_count_pages(-(long)nr);
	vmap_area_free(area, caller);
}

void vm_free(const char *call, const void *addr, const void *caller)
{
	struct area *area = vm_claim(call, addr, VM_HAS_PAGES, 0, caller);

	if (likely(area))
		vm_free_area_and_pages(area, caller);
}

/* What cannot be looked up in an exception handler is only noted, and judged at the drain. */
static void defer(const char *call, const void *addr, const void *caller)
{
	struct area *area = try_claim(addr, VM_HAS_PAGES, 0);

	if (area)
		area_cache_defer(area, caller);
	else if (!fault_in_handler() || !vmap_area_is_up())
		vm_refuse_address(call, caller, addr);
	else if (!area_cache_defer_address(addr))
		vm_refuse(call, caller, "%p is lost: too many addresses wait", addr);
}

static void drain_cpu(struct area_cpu *cpu)
{
	struct area *list, *area;
	const void *addr;

	__atomic_store_n(&cpu->waiting, false, __ATOMIC_SEQ_CST);
	list = __atomic_exchange_n(&cpu->deferred, NULL, __ATOMIC_ACQUIRE);
	while ((area = area_pop(&list)))
		vm_free_area_and_pages(area, area_deferred_by(area));
	for (unsigned int i = 0; i < NR_LATE; i++) {
		addr = __atomic_exchange_n(&cpu->late[i], NULL, __ATOMIC_ACQUIRE);
		if (addr)
			vm_free("vfree", addr, CALLER_OF_THIS);
	}
}

void vm_drain_deferred(void)
{
	drain_cpu(this_area_cpu());
}

void vm_drain_deferred_all(void)
{
	for (unsigned int i = 0; i < platform_nr_cpus(); i++)
		drain_cpu(area_cpus[i]);
}

/*
 * The short cut: an area of vmalloc's that goes back to its class, with frames that follow each
 * other. false: nothing is done, take the long way, which also says what is wrong.
 */
static inline bool free_ready(unsigned int cpu, const void *addr, const void *caller)
{
	struct area *area = area_noted(area_cpus[cpu], (uintptr_t)addr);
	uint8_t busy = AREA_BUSY;
	size_t nr;

	if (unlikely(!area) || unlikely(area->va.va_start != (uintptr_t)addr) ||
	    unlikely(!__atomic_compare_exchange_n(&area->va.state, &busy, AREA_CLAIMED, false,
						  __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)))
		return false;
	nr = area->vm.nr_pages;
	if (unlikely(area->vm.flags != VM_ALLOC || !area->va.held || !area->va.one_run || !nr)) {
		vm_publish(area);
		return false;
	}
	vm_held_unmap(area, nr);
	frames_free(page_to_pfn(area->vm.pages[0]), nr, (uintptr_t)caller);
	vm_count_pages(-(long)nr);
	if (unlikely(!area_cache_put_class(cpu, area, nr, caller)))
		vmap_area_free(area, caller);
	return true;
}

void vfree(const void *addr)
{
	unsigned int cpu = platform_cpu();

	if (!addr)
		return;
	if (unlikely(!area_cpus[cpu]) || unlikely(fault_in_handler())) {
		defer("vfree", addr, CALLER_OF_THIS);
		return;
	}
	if (unlikely(vm_has_deferred()))
		vm_drain_deferred();
	if (unlikely(!free_ready(cpu, addr, CALLER_OF_THIS)))
		vm_free("vfree", addr, CALLER_OF_THIS);
}

void vfree_atomic(const void *addr)
{
	if (addr)
		defer("vfree_atomic", addr, CALLER_OF_THIS);
}
