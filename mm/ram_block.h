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
	struct ram_slot *next; /* in a CPU's list; first (lazy_class.h) */
	entry_t *entry;	       /* of the first page */
	uintptr_t start;
	uint64_t state; /* slot_state_of(); changed atomically */
};

enum { SLOT_COUNT_SHIFT = 8 };

/* Count of pages and state in one word, which is claimed by one compare-and-swap. */
static inline uint64_t slot_state_of(uint64_t count, enum slot_state state)
{
	return count << SLOT_COUNT_SHIFT | state;
}

static inline unsigned int slot_count(const struct ram_slot *slot)
{
	return (unsigned int)(__atomic_load_n(&slot->state, __ATOMIC_RELAXED) >> SLOT_COUNT_SHIFT);
}

static inline enum slot_state slot_state(const struct ram_slot *slot)
{
	return (uint8_t)__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
}

/* What was written of the slot before is seen by who sees the state. */
static inline void slot_set_state(struct ram_slot *slot, enum slot_state state)
{
	__atomic_store_n(&slot->state, slot_state_of(slot_count(slot), state), __ATOMIC_RELEASE);
}

struct ram_block {
	struct ram_block *next; /* all blocks */
	struct area *area;
	entry_t *entries[RAM_BLOCK_PAGES / ENTRIES_PER_TABLE];
	unsigned int carved;			/* pages that belong to slots */
	bool current;				/* some CPU carves it */
	struct ram_slot slots[RAM_BLOCK_PAGES]; /* that of a slot's first page is used */
};

/* A new slot of `count` pages from this CPU's block; its lock is held. NULL: no room there. */
struct ram_slot *ram_carve(struct area_cpu *cpu, unsigned int count);
/* The same, live, from another block; the lock is not held. NULL: no memory. */
struct ram_slot *ram_carve_next(struct area_cpu *cpu, unsigned int count, const void *caller);
