/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include "entry.h"
#include "levels.h"
#include "space.h"

/*
 * Looking up. Takes no lock: the answer is true of a moment, and stays true as long as the caller
 * owns the range (nobody else maps or unmaps it). Tables are not freed under a walk (see tables.h).
 */

struct leaf {
	uintptr_t start;  /* first address that the leaf translates */
	phys_addr_t phys; /* where that leads */
	size_t size;	  /* bytes: 4 KiB, 2 MiB or 1 GiB */
	pgprot_t prot;
	unsigned int level; /* LEVEL_PTE, LEVEL_PMD or LEVEL_PUD */
};

/* The leaf that translates `address`; false, with `leaf` untouched, when none is present. */
bool walk_lookup(struct space *space, uintptr_t address, struct leaf *leaf);

/* The same where an absent leaf (protect.h) counts too: its protection lacks _PAGE_PRESENT. */
bool walk_lookup_any(struct space *space, uintptr_t address, struct leaf *leaf);

/* The entry where the walk for `address` ends: a leaf, zero, a note or an absent leaf; its level.
 */
entry_t walk_entry(struct space *space, uintptr_t address, unsigned int *level);

/*
 * Writes a note, a not-present value that is no absent leaf (entry.h), into the 4 KiB entry of
 * `address`, creating tables; 0 takes it away. 0, -EBUSY when something is mapped there, -ENOMEM,
 * -EINVAL for other values. mm keeps the descriptor of an area in the entry of its front guard that
 * way. walk_note() reads it: 0 where there is none.
 */
int walk_set_note(struct space *space, uintptr_t address, entry_t note);
entry_t walk_note(struct space *space, uintptr_t address);

/*
 * The table whose entries translate 4 KiB pages around `address`; NULL: there is none. It may be
 * kept until walk_tables_unlinked() changes: that counts every table that is taken out, before it
 * is freed, and a table is not freed before this CPU polls (tables.h).
 */
const entry_t *walk_table(struct space *space, uintptr_t address);
extern uint64_t tables_unlinked __attribute__((visibility("hidden")));

static inline uint64_t walk_tables_unlinked(void)
{
	return __atomic_load_n(&tables_unlinked, __ATOMIC_ACQUIRE);
}

/* Every present leaf in [start, end), both in one half, in address order, until `visit` returns
 * false. */
void walk_leaves(struct space *space, uintptr_t start, uintptr_t end,
		 bool (*visit)(void *context, const struct leaf *leaf), void *context);
