/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm_map_ram.h"
#include "ram_block.h"

/* Mapping and unmapping: a slot is taken, its entries are written, and it goes back. */

/* With all that this CPU can do for it; live. NULL: its block has no room. */
static struct ram_slot *take_slot(struct area_cpu *cpu, unsigned int number, unsigned int count)
{
	struct lazy_class *class = &cpu->ram[count - 1];
	struct ram_slot *slot;

	area_cpu_lock(cpu, number);
	if (class->ready || lazy_class_refresh(class)) {
		slot = class->ready;
		class->ready = slot->next;
	} else {
		slot = ram_carve(cpu, count);
	}
	if (slot)
		slot_set_state(slot, SLOT_LIVE);
	area_cpu_unlock(cpu);
	return slot;
}

/* From another block; or, where there is no room for one, from what was freed lately. */
static struct ram_slot *take_slot_hard(struct area_cpu *cpu, unsigned int number,
				       unsigned int count, const void *caller)
{
	struct ram_slot *slot = take_slot(cpu, number, count);

	if (!slot)
		slot = ram_carve_next(cpu, count, caller);
	if (slot)
		return slot;
	purge_lazy();
	return take_slot(cpu, number, count);
}

static void *map_area(struct page **pages, unsigned int count, const void *caller)
{
	struct vm_request request = vm_request_for((unsigned long)count << PAGE_SHIFT, caller);
	struct area *area;

	request.flags = VM_MAP_RAM;
	area = vm_reserve(&request);
	if (!area)
		goto no_memory;
	area_room_free(area);
	area->block = NULL;
	if (!vm_map_pages(area, pages, 0, count, PAGE_KERNEL)) {
		vm_publish(area);
		return area->vm.addr;
	}
	vmap_area_free_unused(area);
no_memory:
	vm_no_memory("vm_map_ram", &request);
	return NULL;
}

/*
 * The leaf of a page is a multiple of its struct page's address and a constant: page_to_phys() and
 * the protection, with what does not depend on the page taken out of the loop.
 */
static void map_slot(entry_t *entry, struct page **pages, unsigned int count)
{
	entry_t rest = PAGE_KERNEL.pgprot - VMEMMAP_START * PAGE_PHYS_FACTOR;

#define MAP(i)                                                                                     \
	__atomic_store_n(&entry[i], (uintptr_t)pages[i] * PAGE_PHYS_FACTOR + rest, __ATOMIC_RELEASE)
	for (; count >= 8; count -= 8, entry += 8, pages += 8) {
		MAP(0);
		MAP(1);
		MAP(2);
		MAP(3);
		MAP(4);
		MAP(5);
		MAP(6);
		MAP(7);
	}
	for (; count > 0; count--, entry++, pages++)
		MAP(0);
#undef MAP
}

/* What the short cut does not serve. */
static __slow void *map_long_way(struct page **pages, unsigned int count, const void *caller)
{
	struct ram_slot *slot;

	if (!vmap_area_is_up() || !vm_may_wait("vm_map_ram", GFP_KERNEL, caller))
		return NULL;
	if (count == 0 || count > totalram_pages()) {
		vm_refuse("vm_map_ram", caller, "%u pages", count);
		return NULL;
	}
	if (count > RAM_SLOT_PAGES)
		return map_area(pages, count, caller);
	slot = take_slot_hard(this_area_cpu(), platform_cpu(), count, caller);
	if (!slot)
		return NULL;
	map_slot(slot->entry, pages, count);
	return (void *)slot->start;
}

/* A slot of several pages: apart, whose registers the one of one page must not cost. */
static __attribute__((noinline)) void *map_pages(struct pcp *pcp, struct ram_slot *slot,
						 struct page **pages, unsigned int count)
{
	map_slot(slot->entry, pages, count);
	local_unlock(&pcp->lock);
	return (void *)slot->start;
}

void *vm_map_ram(struct page **pages, unsigned int count, int node)
{
	unsigned int number = this_cpu();
	struct lazy_class *class;
	struct ram_slot *slot;
	struct area_cpu *cpu;
	struct pcp *pcp;

	(void)node; /* of the block's descriptor, not of the frames: any will do */
	if (unlikely(count - 1 >= RAM_SLOT_PAGES) || unlikely(fault_or_detour(number)))
		return map_long_way(pages, count, CALLER_OF_THIS);
	cpu = area_cpus[number];
	pcp = cpu->pcp;
	if (unlikely(!local_trylock(&pcp->lock, number)))
		return map_long_way(pages, count, CALLER_OF_THIS);
	class = &cpu->ram[count - 1];
	slot = class->ready;
	if (unlikely(!slot)) {
		local_unlock(&pcp->lock);
		return map_long_way(pages, count, CALLER_OF_THIS);
	}
	class->ready = slot->next;
	__atomic_store_n(&slot->state, slot->state - SLOT_FREE + SLOT_LIVE, __ATOMIC_RELAXED);
	if (count > 1)
		return map_pages(pcp, slot, pages, count);
	held_set(slot->entry, page_to_phys(pages[0]) | PAGE_KERNEL.pgprot);
	local_unlock(&pcp->lock);
	return (void *)slot->start;
}

/* Whether the slot was live with `count` pages; it is not live any more then. */
static inline bool claim_slot(struct ram_slot *slot, uint64_t count)
{
	uint64_t live = slot_state_of(count, SLOT_LIVE), unused = live - SLOT_LIVE + SLOT_FREE;

	return likely(__atomic_compare_exchange_n(&slot->state, &live, unused, false,
						  __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
}

/* A claimed slot, to the class of its count, which has the stamp of now; gives up the lock. */
static inline __attribute__((always_inline)) void
put_slot(struct area_cpu *cpu, struct lazy_class *class, struct ram_slot *slot, unsigned int count)
{
	lazy_push(&class->lazy, slot);
	cpu->until_report -= count;
	if (unlikely(cpu->until_report < 0)) {
		area_cache_report(cpu);
		return;
	}
	area_cpu_unlock(cpu);
}

/* The same for a slot of several pages that are mapped still, or a class to be turned. */
static __attribute__((noinline)) void put_pages(struct area_cpu *cpu, struct ram_slot *slot,
						unsigned int count, entry_t note)
{
	struct lazy_class *class = &cpu->ram[count - 1];
	uint64_t stamp = purge_stamp();

	held_unmap(slot->entry, count, note);
	if (unlikely(class->stamp != stamp))
		lazy_class_turn(class, slot, stamp);
	put_slot(cpu, class, slot, count);
}

/* Where this CPU remembers the unit of PMD_SIZE around an address. */
static inline struct ram_unit *unit_of(struct area_cpu *cpu, uintptr_t address)
{
	return &cpu->ram_units[(address >> PMD_SHIFT) % NR_RAM_UNITS];
}

/*
 * The slot that starts at `mem` and its unit, by way of the front guard of its block; NULL: there
 * is no block. Whether the slot is live says its state alone.
 */
static struct ram_slot *find_slot(struct area_cpu *cpu, uintptr_t mem, struct ram_unit *unit)
{
	uintptr_t start = mem & ~(RAM_BLOCK_PAGES * PAGE_SIZE - 1);
	entry_t note = area_walked_entry(cpu, start);
	struct area *area;

	if (!area_is_note(note) || mem & ~PAGE_MASK)
		return NULL;
	area = area_of_note(note);
	if (area->va.va_start != start || area->vm.flags != VM_MAP_RAM || !area->block)
		return NULL;
	unit->start = mem & ~(PMD_SIZE - 1);
	unit->slots = &area->block->slots[(unit->start - start) >> PAGE_SHIFT];
	unit->note = note;
	return &area->block->slots[(mem - start) >> PAGE_SHIFT];
}

/* The slot at `mem`, freed, and its unit remembered; false: there is no such slot. */
static bool free_slot(uintptr_t mem, unsigned int count)
{
	unsigned int number = this_cpu();
	struct area_cpu *cpu = area_cpus[number];
	struct ram_slot *slot;
	struct ram_unit unit;

	area_cpu_lock(cpu, number);
	slot = find_slot(cpu, mem, &unit);
	if (!slot || !claim_slot(slot, count)) {
		area_cpu_unlock(cpu);
		return false;
	}
	*unit_of(cpu, mem) = unit;
	put_pages(cpu, slot, count, unit.note);
	return true;
}

/* What the short cut does not serve. */
static __slow void unmap_long_way(const void *mem, unsigned int count, const void *caller)
{
	struct area *area;

	if (!vmap_area_is_up() || !vm_may_wait("vm_unmap_ram", GFP_KERNEL, caller))
		return;
	if (free_slot((uintptr_t)mem, count))
		return;
	area = vm_claim("vm_unmap_ram", mem, VM_MAP_RAM, 0, caller);
	if (area && !area->block && area_body_pages(&area->va) == count) {
		vm_unmap_area(area, caller);
	} else if (area) {
		vm_publish(area);
		vm_refuse("vm_unmap_ram", caller, "%p is no map of %u pages", mem, count);
	}
}

void vm_unmap_ram(const void *mem, unsigned int count)
{
	uintptr_t address = (uintptr_t)mem;
	unsigned int number = this_cpu();
	struct lazy_class *class;
	struct ram_unit *unit;
	struct ram_slot *slot;
	struct area_cpu *cpu;

	if (unlikely(fault_or_detour(number))) {
		unmap_long_way(mem, count, CALLER_OF_THIS);
		return;
	}
	cpu = area_cpus[number];
	if (unlikely(!local_trylock(&cpu->pcp->lock, number))) {
		unmap_long_way(mem, count, CALLER_OF_THIS);
		return;
	}
	unit = unit_of(cpu, address);
	/* the start of the unit, and by the same comparison no offset in the page */
	if (unlikely(unit->start != (address & ~(PMD_SIZE - PAGE_SIZE))) ||
	    unlikely(!claim_slot(&unit->slots[pte_index(address)], count))) {
		area_cpu_unlock(cpu);
		unmap_long_way(mem, count, CALLER_OF_THIS);
		return;
	}
	slot = &unit->slots[pte_index(address)];
	class = &cpu->ram[0];
	if (count != 1 || unlikely(class->stamp != purge_stamp())) {
		put_pages(cpu, slot, count, unit->note);
		return;
	}
	held_set(slot->entry, unit->note);
	put_slot(cpu, class, slot, 1);
}
