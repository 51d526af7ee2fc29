/* SPDX-License-Identifier: BSD-2-Clause */
#include "walk.h"
#include "lib/errno.h"
#include "tables.h"

static struct leaf leaf_of(uintptr_t address, entry_t entry, unsigned int level)
{
	size_t size = level_size(level);

	return (struct leaf){.start = address & ~(size - 1),
			     .phys = entry_leaf_phys(entry, level),
			     .size = size,
			     .prot = entry_leaf_prot(entry, level),
			     .level = level};
}

bool walk_lookup(struct space *space, uintptr_t address, struct leaf *leaf)
{
	struct spot spot = walk_to(space, address, LEVEL_PTE);

	if (!entry_present(spot.value) || !address_is_canonical(address, space->levels))
		return false;
	*leaf = leaf_of(address, spot.value, spot.level);
	return true;
}

bool walk_lookup_any(struct space *space, uintptr_t address, struct leaf *leaf)
{
	struct spot spot = walk_to(space, address, LEVEL_PTE);

	if (!entry_is_absent(spot.value) || !address_is_canonical(address, space->levels))
		return walk_lookup(space, address, leaf);
	*leaf = leaf_of(address, entry_toggle_absent(spot.value), spot.level);
	leaf->prot.pgprot &= ~_PAGE_PRESENT;
	return true;
}

entry_t walk_entry(struct space *space, uintptr_t address, unsigned int *level)
{
	struct spot spot = walk_to(space, address, LEVEL_PTE);

	*level = spot.level;
	return spot.value;
}

static __attribute__((noinline)) int make_note(struct space *space, uintptr_t address, entry_t note)
{
	struct spot spot;
	int error = tables_pin(space, address, LEVEL_PTE, 1, &spot);

	if (!error)
		entry_write(spot.entry, note);
	return error;
}

int walk_set_note(struct space *space, uintptr_t address, entry_t note)
{
	struct spot spot = walk_to(space, address, LEVEL_PTE);

	if (unlikely(entry_is_mapped(note)))
		return -EINVAL;
	if (unlikely(entry_is_mapped(spot.value)))
		return -EBUSY;
	if (spot.value) { /* a note, so its table is pinned */
		entry_write(spot.entry, note);
		if (!note)
			spot_lower(&spot, 1);
		return 0;
	}
	if (!note)
		return 0;
	/* by chance: the table goes between a look and the raise */
	if (unlikely(spot.level != LEVEL_PTE || !spot_raise(&spot, 1)))
		return make_note(space, address, note);
	entry_write(spot.entry, note);
	return 0;
}

entry_t walk_note(struct space *space, uintptr_t address)
{
	struct spot spot = walk_to(space, address, LEVEL_PTE);

	return entry_is_mapped(spot.value) ? 0 : spot.value;
}

const entry_t *walk_table(struct space *space, uintptr_t address)
{
	struct spot spot = walk_to(space, address, LEVEL_PTE);

	return spot.level == LEVEL_PTE ? spot.entry - pte_index(address) : NULL;
}

void walk_leaves(struct space *space, uintptr_t start, uintptr_t end,
		 bool (*visit)(void *context, const struct leaf *leaf), void *context)
{
	for (uintptr_t at = start; at < end && at >= start;) {
		struct spot spot = walk_to(space, at, LEVEL_PTE);

		if (entry_present(spot.value)) {
			struct leaf leaf = leaf_of(at, spot.value, spot.level);

			if (!visit(context, &leaf))
				return;
		}
		at = level_next(at, spot.level);
	}
}
