/* SPDX-License-Identifier: BSD-2-Clause */
#include "reclaim.h"
#include "tables.h"
#include "tlb.h"
#include "walk.h"

uint64_t tables_unlinked = 1;

/*
 * Empty tables are unlinked from the lowest level up, collected, and freed after one flush. Nothing
 * may be written into them before: a CPU can still walk through one by a translation that it has
 * cached, and must find zeroes there.
 */

struct batch {
	struct space *space;
	unsigned int nr;
	phys_addr_t tables[RECLAIM_BATCH];
};

static bool batch_is_full(const struct batch *batch)
{
	return batch->nr == RECLAIM_BATCH;
}

/* Unlinks the table below the spot if it is empty. */
static void unlink_empty(struct batch *batch, struct spot *spot, uintptr_t address)
{
	entry_t entry = entry_read(spot->entry);

	if (!entry_is_table(entry, spot->level) || (entry & ENTRY_SHARED) || entry_populated(entry))
		return;
	if (!entry_replace(spot->entry, &entry, 0)) /* by chance: another CPU uses it again */
		return;
	__atomic_fetch_add(&tables_unlinked, 1, __ATOMIC_RELEASE);
	table_account(batch->space, address, spot->level - 1, -1);
	spot_lower(spot, 1);
	batch->tables[batch->nr++] = entry_table_phys(entry);
}

/*
 * The tables below `spot`, as far as they lie in [start, last]. Stops when the batch is full. No
 * pointer that it holds goes bad, for it does not poll.
 */
static void unlink_below(struct batch *batch, struct spot *spot, uintptr_t start, uintptr_t last)
{
	struct spot below = *spot;

	if (spot->level - 1 > LEVEL_PTE && walk_down(&below, start, spot->level - 1))
		for (uintptr_t at = start;; below.entry++) {
			uintptr_t next = level_next(at, below.level);

			below.value = entry_read(below.entry);
			unlink_below(batch, &below, at, next - 1 < last ? next - 1 : last);
			if (next - 1 >= last || batch_is_full(batch))
				break;
			at = next;
		}
	if (!batch_is_full(batch))
		unlink_empty(batch, spot, start);
}

static void unlink_range(struct batch *batch, uintptr_t start, uintptr_t last)
{
	while (!batch_is_full(batch)) {
		struct spot root = walk_root(batch->space, start);
		uintptr_t next = level_next(start, root.level);

		unlink_below(batch, &root, start, next - 1 < last ? next - 1 : last);
		if (next - 1 >= last)
			break;
		start = next;
	}
}

static unsigned long free_batch(struct batch *batch)
{
	unsigned int nr = batch->nr;

	if (nr)
		tlb_flush_all();
	while (batch->nr)
		table_free(batch->tables[--batch->nr]);
	return nr;
}

unsigned long reclaim_tables_batch(struct space *space,
				   bool (*next)(void *context, struct virt_range *range),
				   void *context)
{
	struct batch batch = {.space = space, .nr = 0};
	unsigned long freed = 0;
	struct virt_range range;

	while (next(context, &range)) {
		unlink_range(&batch, range.start, range.end - 1);
		while (batch_is_full(&batch)) {
			freed += free_batch(&batch);
			unlink_range(&batch, range.start, range.end - 1);
		}
	}
	return freed + free_batch(&batch);
}

/* The one range, once. */
static bool give_one(void *context, struct virt_range *range)
{
	struct virt_range *one = context;
	bool given = one->start < one->end;

	*range = *one;
	one->end = one->start;
	return given;
}

unsigned long reclaim_tables(struct space *space, uintptr_t start, uintptr_t end)
{
	struct virt_range range = {.start = start, .end = end};

	return reclaim_tables_batch(space, give_one, &range);
}
