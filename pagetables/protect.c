/* SPDX-License-Identifier: BSD-2-Clause */
#include "protect.h"
#include "lib/errno.h"
#include "mtrr.h"
#include "tables.h"
#include "tlb.h"
#include "walk.h"

/*
 * Changing, splitting and joining exclude each other by space->lock: the direct map belongs to many
 * at once, and a leaf there to the owners of all its pages. Map and unmap stay out of it, so a join
 * may only touch what its caller owns whole.
 */

/* Absent leaves (entry.h) are dealt with like present ones: here their protection lacks
 * _PAGE_PRESENT, and that is all. */
static phys_addr_t phys_of(entry_t entry, unsigned int level)
{
	return entry_leaf_phys(entry_shown(entry), level);
}

static pgprot_t prot_of(entry_t entry, unsigned int level)
{
	uint64_t absent = entry_is_absent(entry) ? _PAGE_PRESENT : 0;

	return __pgprot(entry_leaf_prot(entry_shown(entry), level).pgprot & ~absent);
}

static entry_t leaf_of(phys_addr_t phys, pgprot_t prot, unsigned int level)
{
	entry_t leaf = entry_make_leaf(phys, __pgprot(prot.pgprot | _PAGE_PRESENT), level);

	return prot.pgprot & _PAGE_PRESENT ? leaf : entry_toggle_absent(leaf);
}

/* One step: the leaf becomes a table of leaves one level lower, each with its part of the frames.
 */
static int split_once(struct space *space, uintptr_t address)
{
	phys_addr_t table = table_alloc(false);
	struct spot spot = walk_to(space, address, LEVEL_PTE);
	entry_t *entries = phys_to_virt(table), leaf = spot.value;
	unsigned int below = spot.level - 1;

	if (!table)
		return -ENOMEM;
	for (unsigned int i = 0; i < ENTRIES_PER_TABLE; i++)
		entries[i] = leaf_of(phys_of(leaf, spot.level) + i * level_size(below),
				     prot_of(leaf, spot.level), below);
	entry_write(spot.entry, entry_make_table(table, ENTRIES_PER_TABLE));
	table_account(space, address, below, 1);
	return 0;
}

static int split_down_to(struct space *space, uintptr_t address, unsigned int level)
{
	for (;;) {
		struct spot spot = walk_to(space, address, LEVEL_PTE);
		int error;

		if (!entry_is_mapped(spot.value))
			return -ENOENT;
		if (spot.level <= level)
			return 0;
		error = split_once(space, address);
		if (error)
			return error;
	}
}

/* Tables that a join made superfluous, until the flush. */
enum { BATCH_MAX = 64 };
struct batch {
	unsigned int nr;
	phys_addr_t tables[BATCH_MAX];
};

static void free_batch(struct batch *batch)
{
	if (batch->nr)
		tlb_flush_all();
	while (batch->nr)
		table_free(batch->tables[--batch->nr]);
}

/* Whether the table below `entry` of `level` holds what one leaf in its place would say. */
static bool is_joinable(entry_t entry, unsigned int level)
{
	const entry_t *below = phys_to_virt(entry_table_phys(entry));
	entry_t first = entry_read(below);
	phys_addr_t phys = phys_of(first, level - 1);
	pgprot_t prot = prot_of(first, level - 1);

	if (entry_populated(entry) != ENTRIES_PER_TABLE ||
	    !entry_is_leaf(entry_shown(first), level - 1) || phys & (level_size(level) - 1))
		return false;
	for (unsigned int i = 1; i < ENTRIES_PER_TABLE; i++)
		if (entry_read(below + i) !=
		    leaf_of(phys + i * level_size(level - 1), prot, level - 1))
			return false;
	return mtrr_leaf_is_uniform(phys, level);
}

static bool join_once(struct space *space, struct spot *spot, uintptr_t address,
		      struct batch *batch)
{
	entry_t entry = spot->value, first;

	if (!entry_is_table(entry, spot->level) || !is_joinable(entry, spot->level))
		return false;
	first = entry_read(phys_to_virt(entry_table_phys(entry)));
	first = leaf_of(phys_of(first, spot->level - 1), prot_of(first, spot->level - 1),
			spot->level);
	if (!entry_replace(spot->entry, &entry, first)) /* by chance: a neighbour unmaps */
		return false;
	table_account(space, address, spot->level - 1, -1);
	batch->tables[batch->nr++] = entry_table_phys(entry);
	return true;
}

static unsigned long join_level(struct space *space, uintptr_t start, uintptr_t end,
				unsigned int level)
{
	size_t size = level_size(level);
	struct batch batch = {0};
	unsigned long joined = 0;

	for (uintptr_t at = (start + size - 1) & ~(size - 1); at < end && end - at >= size;) {
		struct spot spot = walk_to(space, at, level);

		if (spot.level == level && join_once(space, &spot, at, &batch))
			joined++;
		if (batch.nr == BATCH_MAX)
			free_batch(&batch);
		at = level_next(at, spot.level);
		if (!at)
			break;
	}
	free_batch(&batch);
	return joined;
}

static unsigned long join_locked(struct space *space, uintptr_t virt, size_t size,
				 unsigned int max_level)
{
	unsigned long joined = 0;

	for (unsigned int level = LEVEL_PMD; level <= max_level; level++)
		joined += join_level(space, virt, virt + size, level);
	return joined;
}

static int split_at(struct space *space, uintptr_t edge)
{
	for (;;) {
		struct spot spot = walk_to(space, edge, LEVEL_PTE);

		if (!entry_is_mapped(spot.value) || !(edge & (level_size(spot.level) - 1)))
			return 0;
		if (split_once(space, edge))
			return -ENOMEM;
	}
}

static unsigned int level_of_leaf(struct space *space, uintptr_t address)
{
	struct spot spot = walk_to(space, address, LEVEL_PTE);

	return entry_is_mapped(spot.value) ? spot.level : LEVEL_PTE;
}

/* What a leaf of that level was split into. */
static void rejoin(struct space *space, uintptr_t address, unsigned int level)
{
	size_t size = level_size(level);

	join_locked(space, address & ~(size - 1), size, level);
}

int split_edges_locked(struct space *space, uintptr_t start, uintptr_t end)
{
	uintptr_t last_page = end - PAGE_SIZE;
	unsigned int first = level_of_leaf(space, start), last = level_of_leaf(space, last_page);
	int error;

	error = split_at(space, start);
	if (!error)
		error = split_at(space, end);
	if (error) {
		rejoin(space, start, first);
		rejoin(space, last_page, last);
	}
	return error;
}

static pgprot_t changed(const struct spot *spot, uint64_t set, uint64_t clear)
{
	return __pgprot((prot_of(spot->value, spot->level).pgprot & ~clear) | set);
}

/* Whether every page is mapped, or absent where that is what changes, and may have what is asked.
 */
static int check_change(struct space *space, uintptr_t virt, uintptr_t end, uint64_t set,
			uint64_t clear)
{
	for (uintptr_t at = virt; at < end;) {
		struct spot spot = walk_to(space, at, LEVEL_PTE);

		if (!entry_present(spot.value) &&
		    !(entry_is_absent(spot.value) && (set | clear) & _PAGE_PRESENT))
			return -ENOENT;
		if (prot_is_writable_and_executable(changed(&spot, set, clear)))
			return -EPERM;
		at = level_next(at, spot.level);
	}
	return 0;
}

static void change(struct space *space, uintptr_t virt, uintptr_t end, uint64_t set, uint64_t clear)
{
	for (uintptr_t at = virt; at < end;) {
		struct spot spot = walk_to(space, at, LEVEL_PTE);

		entry_write(spot.entry, leaf_of(phys_of(spot.value, spot.level),
						changed(&spot, set, clear), spot.level));
		at = level_next(at, spot.level);
	}
}

int protect_range(struct space *space, uintptr_t virt, size_t size, uint64_t set, uint64_t clear)
{
	struct spinlock *lock = &table_owner(space, virt)->lock;
	uintptr_t end = virt + size;
	int error;

	if ((set | clear) & ~PROT_CHANGEABLE || !range_is_valid(space, virt, size))
		return -EINVAL;
	spin_lock(lock);
	error = check_change(space, virt, end, set, clear);
	if (!error)
		error = split_edges_locked(space, virt, end);
	if (!error)
		change(space, virt, end, set, clear);
	spin_unlock(lock);
	return error;
}

int split_leaf(struct space *space, uintptr_t virt, unsigned int level)
{
	struct spinlock *lock = &table_owner(space, virt)->lock;
	int error;

	spin_lock(lock);
	error = split_down_to(space, virt, level);
	spin_unlock(lock);
	return error;
}

unsigned long join_range(struct space *space, uintptr_t virt, size_t size, unsigned int max_level)
{
	struct spinlock *lock = &table_owner(space, virt)->lock;
	unsigned long joined;

	if (max_level >= LEVEL_PUD)
		max_level = platform_cpu_features()->gib_leaves ? LEVEL_PUD : LEVEL_PMD;
	spin_lock(lock);
	joined = join_locked(space, virt, size, max_level);
	spin_unlock(lock);
	return joined;
}
