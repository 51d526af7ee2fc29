/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm_map_ram.h"
#include "ram_block.h"

/* Mapping and unmapping: a slot is taken, its entries are written, and it goes back. */

static inline struct ram_slot *take_slot(struct area_cpu *cpu, unsigned int number,
					 unsigned int count)
{
	struct ram_class *class = &cpu->ram[count - 1];
	struct ram_slot *slot;

	if (unlikely(!local_lock(&cpu->lock, number)))
		return NULL;
	if (likely(class->ready) || ram_class_refresh(class)) {
		slot = class->ready;
		class->ready = slot->next;
	} else {
		slot = ram_carve(cpu, count);
	}
	if (likely(slot))
		__atomic_store_n(&slot->state, SLOT_LIVE, __ATOMIC_RELAXED);
	local_unlock(&cpu->lock);
	return slot;
}

/* From another block; or, where there is no room for one, from what was freed lately. */
static __slow struct ram_slot *take_slot_hard(struct area_cpu *cpu, unsigned int number,
					      unsigned int count, const void *caller)
{
	struct ram_slot *slot = ram_carve_next(cpu, count, caller);

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
		return NULL;
	area_room_free(area);
	area->va.one_run = false;
	area->block = NULL;
	if (vm_map_pages(area, pages, 0, count, PAGE_KERNEL)) {
		vmap_area_free_unused(area);
		return NULL;
	}
	vm_publish(area);
	return area->vm.addr;
}

static __slow void *map_other(struct page **pages, unsigned int count, const void *caller)
{
	if (!vmap_area_is_up() || !vm_may_wait("vm_map_ram", GFP_KERNEL, caller))
		return NULL;
	if (count > RAM_SLOT_PAGES && count <= totalram_pages())
		return map_area(pages, count, caller);
	vm_refuse("vm_map_ram", caller, "%u pages", count);
	return NULL;
}

static inline void map_slot(entry_t *entry, struct page **pages, unsigned int count)
{
	for (; count >= 4; count -= 4, entry += 4, pages += 4) {
		held_map(entry, 1, page_to_phys(pages[0]), PAGE_KERNEL);
		held_map(entry + 1, 1, page_to_phys(pages[1]), PAGE_KERNEL);
		held_map(entry + 2, 1, page_to_phys(pages[2]), PAGE_KERNEL);
		held_map(entry + 3, 1, page_to_phys(pages[3]), PAGE_KERNEL);
	}
	for (; count > 0; count--)
		held_map(entry++, 1, page_to_phys(*pages++), PAGE_KERNEL);
}

void *vm_map_ram(struct page **pages, unsigned int count, int node)
{
	unsigned int number = platform_cpu();
	struct area_cpu *cpu = area_cpus[number];
	struct ram_block *block;
	struct ram_slot *slot;
	entry_t *entry;

	(void)node; /* of the block's descriptor, not of the frames: any will do */
	if (unlikely(!cpu || count - 1 >= RAM_SLOT_PAGES || fault_in_handler()))
		return map_other(pages, count, CALLER_OF_THIS);
	slot = take_slot(cpu, number, count);
	if (unlikely(!slot))
		slot = take_slot_hard(cpu, number, count, CALLER_OF_THIS);
	if (unlikely(!slot))
		return NULL;
	block = block_of(slot);
	entry = entries_of(block, slot);
	map_slot(entry, pages, count);
	return address_of(block, slot);
}

/* The live slot that starts at `mem` and has `count` pages, not live any more. */
static inline struct ram_slot *claim_slot(struct area_cpu *cpu, uintptr_t mem, unsigned int count)
{
	uintptr_t start = mem & ~(RAM_BLOCK_PAGES * PAGE_SIZE - 1);
	struct area *area = area_noted(cpu, start);
	uint8_t live = SLOT_LIVE;
	struct ram_slot *slot;

	if (unlikely(!area || area->va.va_start != start || area->vm.flags != VM_MAP_RAM ||
		     !area->block || mem & ~PAGE_MASK))
		return NULL;
	slot = &area->block->slots[(mem - start) >> PAGE_SHIFT];
	if (unlikely(slot->count != count) ||
	    unlikely(!__atomic_compare_exchange_n(&slot->state, &live, SLOT_FREE, false,
						  __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)))
		return NULL;
	return slot;
}

/* Returns how many pages there are to tell purge_account(). */
static inline uint64_t put_slot(struct area_cpu *cpu, unsigned int number, struct ram_slot *slot,
				unsigned int count)
{
	struct ram_class *class = &cpu->ram[count - 1];
	uint64_t report = 0, stamp = purge_stamp();

	local_lock(&cpu->lock, number);
	if (unlikely(class->stamp != stamp))
		ram_class_refresh(class);
	if (!class->lazy)
		class->lazy_last = slot;
	slot->next = class->lazy;
	class->lazy = slot;
	class->stamp = stamp;
	cpu->lazy_pages += count;
	if (unlikely(cpu->lazy_pages >= purge_state.report)) {
		report = cpu->lazy_pages;
		cpu->lazy_pages = 0;
	}
	local_unlock(&cpu->lock);
	return report;
}

static __slow void unmap_other(const void *mem, unsigned int count, const void *caller)
{
	struct area *area;

	if (!vmap_area_is_up() || !vm_may_wait("vm_unmap_ram", GFP_KERNEL, caller))
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
	unsigned int number = platform_cpu();
	struct ram_slot *slot = NULL;
	uint64_t report;

	if (likely(area_cpus[number] && !fault_in_handler()))
		slot = claim_slot(area_cpus[number], (uintptr_t)mem, count);
	if (unlikely(!slot)) {
		unmap_other(mem, count, CALLER_OF_THIS);
		return;
	}
	held_unmap(entries_of(block_of(slot), slot), count, area_note(block_of(slot)->area));
	report = put_slot(area_cpus[number], number, slot, count);
	if (unlikely(report))
		purge_account(report);
}
