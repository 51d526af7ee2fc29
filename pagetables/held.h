/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "entry.h"
#include "levels.h"
#include "space.h"

/*
 * Ranges whose 4 KiB entries one owner holds. Where nothing is mapped, each entry has a value that
 * is not present but not zero (a note, walk.h). So the population of the tables stays the same
 * whatever is mapped there, the tables stay, and mapping or unmapping a page is one store into an
 * entry whose address the owner has kept. Protections are the owner's to check (no page writable
 * and executable, nothing for users), and so are flushes.
 */

/*
 * Gives the entries of [virt, virt + nr pages), which must be zero, the value `note`. 0; -EBUSY,
 * -ENOMEM: as before then (tables may have been made).
 */
int hold_range(struct space *space, uintptr_t virt, size_t nr, entry_t note);
/* Makes the entries zero, whatever they hold. The tables may go now (reclaim.h). */
void release_range(struct space *space, uintptr_t virt, size_t nr);
/* The entry of a held page. The entries of the next pages follow it, to the end of the table. */
entry_t *held_entry(struct space *space, uintptr_t virt);

/* How many entries from that of `virt` on stand in one table. */
static inline size_t held_in_table(uintptr_t virt)
{
	return ENTRIES_PER_TABLE - pte_index(virt);
}

/* One entry is one store. */
static inline void held_set(entry_t *entry, entry_t value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static inline void held_map_8(entry_t *entry, entry_t leaf)
{
	held_set(&entry[0], leaf);
	held_set(&entry[1], leaf + PAGE_SIZE);
	held_set(&entry[2], leaf + 2 * PAGE_SIZE);
	held_set(&entry[3], leaf + 3 * PAGE_SIZE);
	held_set(&entry[4], leaf + 4 * PAGE_SIZE);
	held_set(&entry[5], leaf + 5 * PAGE_SIZE);
	held_set(&entry[6], leaf + 6 * PAGE_SIZE);
	held_set(&entry[7], leaf + 7 * PAGE_SIZE);
}

/*
 * Leaves for `nr` pages of frames that follow each other, into entries of one table. Sixteen a
 * turn: an entry costs its store, an addition, and little else.
 */
static inline void held_map(entry_t *entry, size_t nr, phys_addr_t phys, pgprot_t prot)
{
	entry_t leaf = phys | prot.pgprot, *end = entry + nr;

	for (; end - entry >= 16; entry += 16, leaf += 16 * PAGE_SIZE) {
		held_map_8(entry, leaf);
		held_map_8(entry + 8, leaf + 8 * PAGE_SIZE);
	}
	if (end - entry >= 8) {
		held_map_8(entry, leaf);
		entry += 8;
		leaf += 8 * PAGE_SIZE;
	}
	for (; entry < end; entry++, leaf += PAGE_SIZE)
		held_set(entry, leaf);
}

static inline void held_unmap_8(entry_t *entry, entry_t note)
{
	held_set(&entry[0], note);
	held_set(&entry[1], note);
	held_set(&entry[2], note);
	held_set(&entry[3], note);
	held_set(&entry[4], note);
	held_set(&entry[5], note);
	held_set(&entry[6], note);
	held_set(&entry[7], note);
}

/* The note again. */
static inline void held_unmap(entry_t *entry, size_t nr, entry_t note)
{
	entry_t *end = entry + nr;

	for (; end - entry >= 16; entry += 16) {
		held_unmap_8(entry, note);
		held_unmap_8(entry + 8, note);
	}
	if (end - entry >= 8) {
		held_unmap_8(entry, note);
		entry += 8;
	}
	for (; entry < end; entry++)
		held_set(entry, note);
}
