/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "entry.h"
#include "levels.h"
#include "space.h"

/*
 * How the files of this folder go down the tables; nobody else includes this.
 *
 * Nothing here takes a lock, and nothing writes a cache line that it does not change anyway. Two
 * facts make that safe:
 *
 * 1. A table is unlinked only while its population, which stands in the entry that points to it, is
 *    0: one compare-and-swap. Who wants to write into a table raises the population first, also by
 *    compare-and-swap. One of the two fails, and that one starts again. From the raise on the table
 *    is pinned, and with it the tables above, for it stands in them.
 *
 * 2. An unlinked table is freed after a flush on all CPUs. Each CPU answers that in tlb_poll(), so
 *    not in the middle of a walk: pointers into tables are good until this CPU polls. Everything
 *    that may wait (allocating, locking, flushing) polls. So after it, walk again.
 *
 * CPUs without our tables in CR3 (gate open) do not walk.
 */

#ifndef likely
#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)
#endif

static inline entry_t entry_read(const entry_t *entry)
{
	return __atomic_load_n(entry, __ATOMIC_ACQUIRE);
}

static inline void entry_write(entry_t *entry, entry_t value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

/* On failure `expected` becomes what stands there. */
static inline bool entry_replace(entry_t *entry, entry_t *expected, entry_t value)
{
	return __atomic_compare_exchange_n(entry, expected, value, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

/* Where a walk is: an entry, and the entry that points to the table it stands in. */
struct spot {
	entry_t *entry, *parent; /* parent: NULL in the root table */
	entry_t value, parent_value;
	unsigned int level; /* of the table that `entry` stands in */
};

static inline entry_t *table_entry(phys_addr_t table, uintptr_t address, unsigned int level)
{
	return (entry_t *)phys_to_virt(table) + level_index(address, level);
}

static inline struct spot walk_root_of(const struct space *space, uintptr_t address,
				       unsigned int level)
{
	struct spot spot = {.level = level, .entry = table_entry(space->root, address, level)};

	spot.value = entry_read(spot.entry);
	return spot;
}

/* The root entry of `address`. Written so that shifts are constants, here and below. */
static inline struct spot walk_root(const struct space *space, uintptr_t address)
{
	if (unlikely(space->levels == 5))
		return walk_root_of(space, address, LEVEL_PGD);
	return walk_root_of(space, address, LEVEL_P4D);
}

/* From an entry of `level` + 1 to one of `level`; false, and no step, where no table is below. */
static inline bool walk_down(struct spot *spot, uintptr_t address, unsigned int level)
{
	if (!entry_is_table(spot->value, level + 1))
		return false;
	spot->parent = spot->entry;
	spot->parent_value = spot->value;
	spot->entry = table_entry(entry_table_phys(spot->value), address, level);
	spot->value = entry_read(spot->entry);
	spot->level = level;
	return true;
}

/* As far down as there are tables, at most to `level`: one that leaves can have. */
static inline __attribute__((always_inline)) struct spot
walk_to(const struct space *space, uintptr_t address, unsigned int level)
{
	struct spot spot;

	if (unlikely(space->levels == 5)) {
		spot = walk_root_of(space, address, LEVEL_PGD);
		if (!walk_down(&spot, address, LEVEL_P4D))
			return spot;
	} else {
		spot = walk_root_of(space, address, LEVEL_P4D);
	}
	if (!walk_down(&spot, address, LEVEL_PUD))
		return spot;
	if (level > LEVEL_PMD || !walk_down(&spot, address, LEVEL_PMD))
		return spot;
	if (level == LEVEL_PTE)
		walk_down(&spot, address, LEVEL_PTE);
	return spot;
}

/* Whether the population of the table that `spot` is in is kept: not for roots and shared tables.
 */
static inline bool spot_is_counted(const struct spot *spot)
{
	return spot->level < LEVEL_PUD || (spot->parent && !(spot->parent_value & ENTRY_SHARED));
}

/*
 * Counts `nr` more entries in the table that `spot` is in, which pins it. False: it is not there
 * any more. Afterwards spot->parent_value has the population from before.
 */
static inline bool spot_raise(struct spot *spot, unsigned int nr)
{
	entry_t before = spot->parent_value;

	if (!spot_is_counted(spot))
		return true;
	while (!entry_replace(spot->parent, &before, before + nr * ENTRY_POPULATED_ONE))
		if ((before ^ spot->parent_value) & ~ENTRY_POPULATED_MASK) /* by chance: it went */
			return false;
	spot->parent_value = before;
	return true;
}

/* The reverse, for entries that the caller has cleared. */
static inline void spot_lower(const struct spot *spot, unsigned int nr)
{
	if (spot_is_counted(spot))
		__atomic_fetch_sub(spot->parent, nr * ENTRY_POPULATED_ONE, __ATOMIC_ACQ_REL);
}

/* The first address behind the entry of `level` that translates `address`; 0: the very end. */
static inline uintptr_t level_next(uintptr_t address, unsigned int level)
{
	return (address | (level_size(level) - 1)) + 1;
}

/* How many entries of `level` lie from `address` to `end`, in the table of `address` alone. */
static inline unsigned int entries_until(uintptr_t address, uintptr_t end, unsigned int level)
{
	uintptr_t nr = (end - address) >> level_shift(level);
	unsigned int room = ENTRIES_PER_TABLE - level_index(address, level);

	return nr < room ? (unsigned int)nr : room;
}

/* Whether `nr` entries from the spot on are zero. An empty table need not be looked through. */
static inline bool spot_is_free(const struct spot *spot, unsigned int nr)
{
	const entry_t *entry = spot->entry, *end = entry + nr;

	if (spot_is_counted(spot) && !entry_populated(spot->parent_value))
		return true;
	for (; end - entry >= 4; entry += 4)
		if (entry_read(entry) | entry_read(entry + 1) | entry_read(entry + 2) |
		    entry_read(entry + 3))
			return false;
	for (; entry < end; entry++)
		if (entry_read(entry))
			return false;
	return true;
}

/*
 * The spot of `address` in a table of `level`, which is made if it is not there, with `nr` entries
 * from there on that are zero and counted as populated from now on: the caller, who owns that
 * range, fills them. 0; -ENOMEM (tables made on the way stay); -EBUSY where something is in the
 * way.
 */
int tables_pin(struct space *space, uintptr_t address, unsigned int level, unsigned int nr,
	       struct spot *spot);

/* Whole pages, canonical, in one half, not reaching the very end: `virt + size` is an address. */
static inline bool range_is_valid(const struct space *space, uintptr_t virt, size_t size)
{
	unsigned int top_bit = PAGE_SHIFT + TABLE_INDEX_BITS * space->levels - 1;
	uintptr_t last = virt + size - 1;

	return !((virt | size) & ~PAGE_MASK) && virt < virt + size && !((virt ^ last) >> top_bit) &&
	       address_is_canonical(virt, space->levels);
}

/* A cleared table; 0 when none is to be had. Polls. */
phys_addr_t table_alloc(bool low);
/* Gives back a table that no CPU can reach. Polls. */
void table_free(phys_addr_t table);
/* Whose the tables below the root entry of `address` are: kernel_space's if they are shared. */
struct space *table_owner(struct space *space, uintptr_t address);
/* Counts tables of `level` that stand under `address` in `space`: `nr` more (or less). */
void table_account(struct space *space, uintptr_t address, unsigned int level, int nr);

/*
 * Splits so that no leaf reaches over `start` or `end`. 0, or -ENOMEM with nothing changed. The
 * owner's lock is held (protect.h).
 */
int split_edges_locked(struct space *space, uintptr_t start, uintptr_t end);
