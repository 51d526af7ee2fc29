/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/errno.h"
#include "map.h"
#include "tables.h"

/*
 * The other half of map.h. As in map.c a table is dealt with in one sweep, then its population is
 * changed once. Until then what was in it keeps it from being freed.
 */

/* Four at a time while all are present; returns where that ends. */
static inline entry_t *clear_full(entry_t *entry, const entry_t *end)
{
	for (; end - entry >= 4; entry += 4) {
		if (!entry_present(entry_read(entry) & entry_read(entry + 1) &
				   entry_read(entry + 2) & entry_read(entry + 3)))
			break;
		entry_write(entry, 0);
		entry_write(entry + 1, 0);
		entry_write(entry + 2, 0);
		entry_write(entry + 3, 0);
	}
	return entry;
}

/* All 4 KiB leaves of a stretch in one table; returns how many there were. */
static inline unsigned int clear_small(const struct spot *spot, unsigned int nr)
{
	entry_t *end = spot->entry + nr, *entry = clear_full(spot->entry, end);
	unsigned int cleared = (unsigned int)(entry - spot->entry);

	for (; entry < end; entry++)
		if (entry_is_mapped(entry_read(entry))) {
			entry_write(entry, 0);
			cleared++;
		}
	if (cleared)
		spot_lower(spot, cleared);
	return cleared;
}

/*
 * The large leaves among `nr` entries, up to the first that points to a table. Returns how many
 * entries it has dealt with.
 */
static unsigned int clear_large(const struct spot *spot, unsigned int nr, long *cleared)
{
	unsigned int i, found = 0;

	for (i = 0; i < nr; i++) {
		entry_t entry = entry_read(spot->entry + i);

		if (entry_is_table(entry, spot->level))
			break;
		if (entry_is_mapped(entry)) {
			entry_write(spot->entry + i, 0);
			found++;
		}
	}
	spot_lower(spot, found);
	*cleared += found;
	return i;
}

static bool cuts_leaf(struct space *space, uintptr_t edge)
{
	struct spot spot = walk_to(space, edge, LEVEL_PTE);

	return spot.level > LEVEL_PTE && entry_is_mapped(spot.value) &&
	       (edge & (level_size(spot.level) - 1));
}

static __attribute__((noinline)) int split_edges(struct space *space, uintptr_t start,
						 uintptr_t end)
{
	struct spinlock *lock = &table_owner(space, start)->lock;
	int error;

	if (!cuts_leaf(space, start) && !cuts_leaf(space, end))
		return 0;
	spin_lock(lock);
	error = split_edges_locked(space, start, end);
	spin_unlock(lock);
	return error;
}

/* Several tables, or large leaves. */
static __attribute__((noinline)) long unmap_all(struct space *space, uintptr_t virt, uintptr_t end)
{
	long cleared = 0;
	int error = split_edges(space, virt, end);

	if (error)
		return error;
	for (uintptr_t at = virt; at < end && at >= virt;) {
		struct spot spot = walk_to(space, at, LEVEL_PTE);
		unsigned int nr = entries_until(at, end, spot.level);

		if (spot.level == LEVEL_PTE) {
			cleared += clear_small(&spot, nr);
			at += nr * PAGE_SIZE;
		} else if (!spot.value) {
			at = level_next(at, spot.level);
		} else {
			at += clear_large(&spot, nr, &cleared) * level_size(spot.level);
		}
	}
	return cleared;
}

static inline long unmap_page(struct space *space, uintptr_t virt)
{
	struct spot spot = walk_to(space, virt, LEVEL_PTE);

	if (unlikely(spot.level != LEVEL_PTE))
		return unmap_all(space, virt, virt + PAGE_SIZE);
	if (unlikely(!entry_is_mapped(spot.value)))
		return 0;
	entry_write(spot.entry, 0);
	spot_lower(&spot, 1);
	return 1;
}

static __attribute__((noinline)) long unmap_pages(struct space *space, uintptr_t virt, size_t size)
{
	struct spot spot;

	if (!range_is_valid(space, virt, size))
		return -EINVAL;
	spot = walk_to(space, virt, LEVEL_PTE);
	if (spot.level != LEVEL_PTE || size > level_next(virt, LEVEL_PMD) - virt)
		return unmap_all(space, virt, virt + size);
	return clear_small(&spot, (unsigned int)(size >> PAGE_SHIFT));
}

long unmap_range(struct space *space, uintptr_t virt, size_t size)
{
	if (size != PAGE_SIZE)
		return unmap_pages(space, virt, size);
	if (unlikely(virt & ~PAGE_MASK) || unlikely(!address_is_canonical(virt, space->levels)))
		return -EINVAL;
	return unmap_page(space, virt);
}
