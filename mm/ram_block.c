/* SPDX-License-Identifier: BSD-2-Clause */
#include "ram_block.h"
#include "lib/assert.h"
#include "lib/string.h"

/* Where the slots of vm_map_ram() come from, and what becomes of blocks that are not needed. */

/* Over the list of blocks, and over who carves which. */
static struct spinlock blocks_lock = SPINLOCK("vm_map_ram", LOCK_RANK_VM_MAP_RAM);
static struct ram_block *blocks;

static struct area *reserve_block(const void *caller)
{
	struct vm_request request = vm_request_for(RAM_BLOCK_PAGES * PAGE_SIZE, caller);
	struct area *area;

	request.align = RAM_BLOCK_PAGES * PAGE_SIZE;
	request.flags = VM_MAP_RAM;
	request.by_hand = true;
	area = vm_reserve(&request);
	if (area && vmap_area_hold(area))
		return area;
	if (area)
		vmap_area_free_unused(area);
	return NULL;
}

static struct ram_block *new_block(const void *caller)
{
	struct ram_block *block = alloc_pages_exact(sizeof(*block), GFP_KERNEL | __GFP_ZERO);
	struct area *area = block ? reserve_block(caller) : NULL;

	if (!area) {
		warn_alloc(GFP_KERNEL, (uintptr_t)caller, "vm_map_ram: no room for a block");
		free_pages_exact(block, sizeof(*block));
		return NULL;
	}
	block->area = area;
	area->block = block;
	for (unsigned int i = 0; i < RAM_BLOCK_PAGES / ENTRIES_PER_TABLE; i++)
		block->entries[i] = held_entry(&kernel_space, area->va.va_start + i * PMD_SIZE);
	vm_publish(area);
	return block;
}

static void free_block(struct ram_block *block)
{
	bool claimed = vmap_area_claim(block->area);

	ASSERT(claimed, "the block at %p is not busy", block->area->vm.addr);
	vmap_area_free_unused(block->area);
	free_pages_exact(block, sizeof(*block));
}

/* One that was carved only in part, and by nobody now. */
static struct ram_block *adopt_block(void)
{
	struct ram_block *block;

	spin_lock(&blocks_lock);
	for (block = blocks; block; block = block->next)
		if (!block->current && block->carved < RAM_BLOCK_PAGES)
			break;
	if (block)
		block->current = true;
	spin_unlock(&blocks_lock);
	return block;
}

static struct ram_block *next_block(const void *caller)
{
	struct ram_block *block = adopt_block();

	if (block)
		return block;
	block = new_block(caller);
	if (!block)
		return NULL;
	block->current = true;
	spin_lock(&blocks_lock);
	block->next = blocks;
	blocks = block;
	spin_unlock(&blocks_lock);
	return block;
}

static struct ram_slot *make_slot(struct ram_block *block, unsigned int count)
{
	struct ram_slot *slot = &block->slots[block->carved];

	slot->start = block->area->va.va_start + ((uintptr_t)block->carved << PAGE_SHIFT);
	slot->entry = block->entries[block->carved / ENTRIES_PER_TABLE] +
		      block->carved % ENTRIES_PER_TABLE;
	slot->state = slot_state_of(count, SLOT_FREE);
	block->carved += count;
	return slot;
}

/*
 * A new slot from the CPU's block; its lock is held. A slot does not reach over the end of a table:
 * what is left there becomes a smaller one. NULL: the block has no room.
 */
struct ram_slot *ram_carve(struct area_cpu *cpu, unsigned int count)
{
	struct ram_block *block = cpu->ram_block;
	unsigned int room;

	if (!block)
		return NULL;
	room = ENTRIES_PER_TABLE - block->carved % ENTRIES_PER_TABLE;
	if (room < count) /* never so where all is carved: that is the start of a table */
		lazy_push(&cpu->ram[room - 1].ready, make_slot(block, room));
	return block->carved + count <= RAM_BLOCK_PAGES ? make_slot(block, count) : NULL;
}

/* The CPU's block is carved up: another one takes its place. */
struct ram_slot *ram_carve_next(struct area_cpu *cpu, unsigned int count, const void *caller)
{
	struct ram_block *block = next_block(caller), *old;
	struct ram_slot *slot = NULL;

	if (!block)
		return NULL;
	area_cpu_lock_wait(cpu, platform_cpu());
	old = cpu->ram_block;
	cpu->ram_block = block;
	slot = ram_carve(cpu, count);
	if (slot)
		slot_set_state(slot, SLOT_LIVE);
	area_cpu_unlock(cpu);
	if (old) {
		spin_lock(&blocks_lock);
		old->current = false;
		spin_unlock(&blocks_lock);
	}
	return slot ? slot : ram_carve_next(cpu, count, caller);
}

/* What this CPU's lists hold becomes detached; and its block is carved by nobody now. A slot that
 * is detached may be another CPU's at once, and is not looked at any more. */
static void detach(struct area_cpu *cpu)
{
	struct ram_block *block;
	struct ram_slot *next;

	area_cpu_lock_wait(cpu, platform_cpu());
	for (unsigned int i = 0; i < RAM_SLOT_PAGES; i++) {
		lazy_class_refresh(&cpu->ram[i]);
		for (struct ram_slot *slot = cpu->ram[i].ready; slot; slot = next) {
			next = slot->next;
			slot_set_state(slot, SLOT_DETACHED);
		}
		cpu->ram[i].ready = NULL;
	}
	memset(cpu->ram_units, 0xff, sizeof(cpu->ram_units));
	block = cpu->ram_block;
	cpu->ram_block = NULL;
	area_cpu_unlock(cpu);
	if (block) {
		spin_lock(&blocks_lock);
		block->current = false;
		spin_unlock(&blocks_lock);
	}
}

static bool is_detached(const struct ram_block *block)
{
	if (block->current) /* by chance: another CPU carves it already */
		return false;
	for (unsigned int i = 0; i < block->carved; i += slot_count(&block->slots[i]))
		if (slot_state(&block->slots[i]) != SLOT_DETACHED)
			return false;
	return true;
}

/* The detached slots of a block that stays, into `list`. */
static void collect(struct ram_block *block, struct ram_slot **list)
{
	if (block->current) /* by chance: as above */
		return;
	for (unsigned int i = 0; i < block->carved; i += slot_count(&block->slots[i])) {
		struct ram_slot *slot = &block->slots[i];

		if (slot_state(slot) != SLOT_DETACHED)
			continue;
		slot_set_state(slot, SLOT_FREE);
		slot->next = *list;
		*list = slot;
	}
}

/* Blocks that nobody needs, out of the list; slots of the others that were detached. */
static struct ram_block *sort_blocks(struct ram_slot **slots)
{
	struct ram_block *idle = NULL, **link = &blocks, *block;

	spin_lock(&blocks_lock);
	while ((block = *link)) {
		if (!is_detached(block)) {
			collect(block, slots);
			link = &block->next;
			continue;
		}
		*link = block->next;
		block->next = idle;
		idle = block;
	}
	spin_unlock(&blocks_lock);
	return idle;
}

static void adopt_slots(struct ram_slot *slots)
{
	struct area_cpu *cpu = this_area_cpu();

	area_cpu_lock_wait(cpu, platform_cpu());
	while (slots) {
		struct ram_slot *next = slots->next;

		lazy_push(&cpu->ram[slot_count(slots) - 1].ready, slots);
		slots = next;
	}
	area_cpu_unlock(cpu);
}

void vm_map_ram_drain(void)
{
	struct ram_slot *slots = NULL;
	struct ram_block *idle;

	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
		detach(area_cpus[cpu]);
	idle = sort_blocks(&slots);
	adopt_slots(slots);
	while (idle) {
		struct ram_block *next = idle->next;

		free_block(idle);
		idle = next;
	}
}

static const char *check_block(const struct ram_block *block)
{
	unsigned int at = 0;

	while (at < block->carved) {
		const struct ram_slot *slot = &block->slots[at];
		uintptr_t start = block->area->va.va_start + ((uintptr_t)at << PAGE_SHIFT);
		unsigned int count = slot_count(slot);

		if (slot->start != start || count == 0 || count > RAM_SLOT_PAGES ||
		    slot_state(slot) == SLOT_NONE)
			return "a block of vm_map_ram() has a broken slot";
		at += count;
	}
	return at == block->carved ? NULL : "the slots of a block of vm_map_ram() do not fit it";
}

const char *vm_map_ram_check(void)
{
	const char *problem = NULL;

	spin_lock(&blocks_lock);
	for (struct ram_block *block = blocks; block && !problem; block = block->next)
		problem = check_block(block);
	spin_unlock(&blocks_lock);
	return problem;
}
