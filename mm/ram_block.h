/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "area_cache.h"
#include "purge.h"
#include "vm_area.h"

/*
 * The blocks of vm_map_ram(). A block's pages are carved into slots from its start on; a slot never
 * changes its place or its count of pages as long as its block lives. Every slot that is not live
 * is in the list of exactly one CPU, or detached: in the hands of a drain. Nobody else includes
 * this.
 */

enum slot_state { SLOT_NONE, SLOT_LIVE, SLOT_FREE, SLOT_DETACHED };

struct ram_slot {
	struct ram_slot *next; /* in a CPU's list */
	uint16_t index;	       /* first page in the block */
	uint16_t count;	       /* pages */
	uint8_t state;	       /* enum slot_state; changed atomically */
};

struct ram_block {
	struct ram_block *next; /* all blocks */
	struct area *area;
	entry_t *entries[RAM_BLOCK_PAGES / ENTRIES_PER_TABLE];
	unsigned int carved;			/* pages that belong to slots */
	bool current;				/* some CPU carves it */
	struct ram_slot slots[RAM_BLOCK_PAGES]; /* that of a slot's first page is used */
};

static inline struct ram_block *block_of(struct ram_slot *slot)
{
	return (struct ram_block *)((char *)(slot - slot->index) -
				    offsetof(struct ram_block, slots));
}

static inline entry_t *entries_of(const struct ram_block *block, const struct ram_slot *slot)
{
	return block->entries[slot->index / ENTRIES_PER_TABLE] + slot->index % ENTRIES_PER_TABLE;
}

static inline void *address_of(const struct ram_block *block, const struct ram_slot *slot)
{
	return (void *)(block->area->va.va_start + ((uintptr_t)slot->index << PAGE_SHIFT));
}

/* What was freed becomes ready when a flush has been since; whether there is anything. */
bool ram_class_refresh(struct ram_class *class);
/* A new slot of `count` pages from this CPU's block; its lock is held. NULL: no room there. */
struct ram_slot *ram_carve(struct area_cpu *cpu, unsigned int count);
/* The same, live, from another block; the lock is not held. NULL: no memory. */
struct ram_slot *ram_carve_next(struct area_cpu *cpu, unsigned int count, const void *caller);
