/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "levels.h"
#include "space.h"

/*
 * Frees the tables of the range that are empty: if still empty, unlinked from the parent in one
 * atomic step, then every CPU flushed, then freed. Tables one level below the root of the kernel
 * half are never freed. The caller holds no lock of rank LOCK_RANK_SPACE or above. Returns the
 * number of tables freed. At least one flush of everything on every CPU has happened when that is
 * not 0.
 */
unsigned long reclaim_tables(struct space *space, uintptr_t start, uintptr_t end);

/*
 * Several ranges, one flush for RECLAIM_BATCH tables. `next` gives them one after the other; false:
 * that was the last one.
 */
enum { RECLAIM_BATCH = 256 };
struct virt_range {
	uintptr_t start, end;
};
unsigned long reclaim_tables_batch(struct space *space,
				   bool (*next)(void *context, struct virt_range *range),
				   void *context);
