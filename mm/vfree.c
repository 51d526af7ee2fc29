/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/assert.h"
#include "frames.h"
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
	if (unlikely(flags & VM_DMA_COHERENT) && area->vm.phys_addr)
		flags |= VM_DMA_FRAMES;
	if (likely((!any || flags & any) && !(flags & none) && area->va.vm == &area->vm)) {
		area->va.plain = false;
		return area;
	}
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

/* Present and read-write in the direct map, and known as that to every CPU, before anybody gets
 * them. */
static void reset_direct_map(struct page **pages, size_t nr)
{
	while (nr > 0) {
		size_t run = page_run(pages, nr);
		uintptr_t start = (uintptr_t)page_address(pages[0]);
		int error = protect_range(&kernel_space, start, run << PAGE_SHIFT,
					  _PAGE_PRESENT | _PAGE_RW | _PAGE_NX, 0);

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

static void drain_cpu(unsigned int number)
{
	struct area_cpu *cpu = area_cpus[number];
	struct area *list, *area;
	const void *addr;

	__atomic_fetch_and(&fault_depths[number].detour, ~(uint32_t)SLOW_WAITING, __ATOMIC_SEQ_CST);
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
	drain_cpu(platform_cpu());
}

void vm_drain_deferred_all(void)
{
	for (unsigned int i = 0; i < platform_nr_cpus(); i++)
		drain_cpu(i);
}

/* More ranges than the classes may have; gives up the lock. */
static __slow void put_beyond(struct area_cpu *cpu, struct area *area, size_t nr)
{
	area_cache_overflow(cpu, area);
	cpu->until_report -= (int64_t)nr;
	area_cache_report(cpu);
}

/*
 * The end of a short cut: the range, to its class, which has the stamp of now. The lock is held,
 * and given up: each way out is the last thing done, so that none costs the others registers.
 */
static inline __attribute__((always_inline)) void put_range(struct area_cpu *cpu,
							    struct lazy_class *class,
							    struct area *area, size_t nr,
							    uint64_t stamp, const void *caller)
{
	vm_count_pages_of(cpu, -(long)nr);
	area_remember(cpu, area, nr, stamp, area->vm.caller, caller);
	__atomic_store_n(&area->va.state, AREA_LAZY, __ATOMIC_RELEASE);
	lazy_push(&class->lazy, area);
	if (unlikely(--cpu->room < 0)) {
		put_beyond(cpu, area, nr);
		return;
	}
	cpu->until_report -= (int64_t)nr;
	if (unlikely(cpu->until_report < 0)) {
		area_cache_report(cpu);
		return;
	}
	area_cpu_unlock(cpu);
}

/* The same, after the frames have filled their stack. */
static __slow void trim_and_put(struct area_cpu *cpu, struct lazy_class *class, struct area *area,
				size_t nr, const void *caller)
{
	frames_trim(cpu->pcp, cpu->pcp->preferred);
	put_range(cpu, class, area, nr, class->stamp, caller);
}

/* The short cut for a claimed area of several pages, or that is not as easy as most. */
static __attribute__((noinline)) void free_ready_run(struct area *area, entry_t note,
						     const void *caller)
{
	uint64_t pfn = page_to_pfn(area->vm.pages[0]), nr = area->vm.nr_pages, done, stamp;
	unsigned int number = this_cpu();
	struct area_cpu *cpu = area_cpus[number];
	struct run_stack *stack = cpu->pcp->preferred;
	struct lazy_class *class = &cpu->classes[area->va.size_class];
	/* by chance: a run of frames that were got from two zones */
	bool own = frames_in_zone_of(stack, pfn) && frames_in_zone_of(stack, pfn + nr - 1);

	COMPUTE_ONCE(class);
	if (likely(nr <= held_in_table(area->va.va_start)))
		held_unmap(area->entries, nr, note);
	else
		vm_held_unmap_slow(area, nr);
	done = frames_release(pfn, nr, (uintptr_t)caller);
	if (unlikely(done != nr) || unlikely(!own)) {
		own = false;
		frames_free_rest(pfn, nr, done, (uintptr_t)caller);
	}
	area_cpu_lock(cpu, number);
	stamp = purge_stamp();
	if (unlikely(class->stamp != stamp))
		lazy_class_turn(class, area, stamp);
	if (likely(own) && !run_stack_put(stack, pfn, nr))
		trim_and_put(cpu, class, area, nr, caller);
	else
		put_range(cpu, class, area, nr, stamp, caller);
}

/*
 * The same for one page, that is as easy as most; else it goes there. The lock is taken without
 * waiting for it.
 */
static inline __attribute__((always_inline)) void free_ready_page(struct area_cpu *cpu,
								  struct area *area, entry_t note,
								  unsigned int number,
								  const void *caller)
{
	uint64_t pfn = page_to_pfn(area->vm.pages[0]), stamp;
	struct pcp *pcp = cpu->pcp;
	struct lazy_class *class;

	if (unlikely(!frame_is_plain(pfn)) || unlikely(!frames_in_zone_of(pcp->preferred, pfn)) ||
	    unlikely(!local_trylock(&pcp->lock, number))) {
		free_ready_run(area, note, caller);
		return;
	}
	class = &cpu->classes[area->va.size_class];
	COMPUTE_ONCE(class);
	stamp = purge_stamp();
	if (unlikely(class->stamp != stamp)) {
		local_unlock(&pcp->lock);
		free_ready_run(area, note, caller);
		return;
	}
	held_set(area->entries, note);
	frame_release_plain(pfn, (uintptr_t)caller);
	if (!run_stack_put(pcp->preferred, pfn, 1))
		trim_and_put(cpu, class, area, 1, caller);
	else
		put_range(cpu, class, area, 1, stamp, caller);
}

/*
 * The short cut: the area that `note`, from the entry of its front guard, leads to, if it starts at
 * `addr` and is plain. false: nothing is done, take the long way, which also says what is wrong.
 */
static inline __attribute__((always_inline)) bool free_ready(struct area_cpu *cpu,
							     unsigned int number, entry_t note,
							     const void *addr, const void *caller)
{
	struct area *area = area_of_note(note);
	uint8_t busy = AREA_BUSY;

	if (unlikely(area->va.va_start != (uintptr_t)addr) ||
	    unlikely(!__atomic_compare_exchange_n(&area->va.state, &busy, AREA_CLAIMED, false,
						  __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)))
		return false;
	if (unlikely(!area->va.plain || area->vm.flags != VM_ALLOC)) {
		vm_publish(area);
		return false;
	}
	if (area->vm.nr_pages == 1)
		free_ready_page(cpu, area, note, number, caller);
	else
		free_ready_run(area, note, caller);
	return true;
}

/* What the short cut does not serve. */
static __slow void free_long_way(unsigned int number, const void *addr, const void *caller)
{
	entry_t note;

	if (!addr)
		return;
	if (!area_cpus[number] || fault_in_handler()) {
		defer("vfree", addr, caller);
		return;
	}
	tlb_answer();
	if (unlikely(vm_has_deferred()))
		vm_drain_deferred();
	note = fault_or_detour(number) ? 0 : area_walked_entry(area_cpus[number], (uintptr_t)addr);
	if (!area_is_note(note) || !free_ready(area_cpus[number], number, note, addr, caller))
		vm_free("vfree", addr, caller);
}

void vfree(const void *addr)
{
	unsigned int number = this_cpu();
	struct area_cpu *cpu;
	entry_t note;

	if (likely(!fault_or_detour(number))) {
		cpu = area_cpus[number];
		note = area_noted_entry(cpu, (uintptr_t)addr);
		if (likely(area_is_note(note)) &&
		    likely(free_ready(cpu, number, note, addr, CALLER_OF_THIS)))
			return;
	}
	free_long_way(number, addr, CALLER_OF_THIS);
}

void vfree_atomic(const void *addr)
{
	if (addr)
		defer("vfree_atomic", addr, CALLER_OF_THIS);
}
