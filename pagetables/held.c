/* SPDX-License-Identifier: BSD-2-Clause */
#include "held.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "tables.h"

static size_t in_this_table(uintptr_t virt, size_t nr)
{
	size_t room = held_in_table(virt);

	return nr < room ? nr : room;
}

/* Returns how many were not zero, which is all of them unless somebody unmapped what he should not.
 */
static unsigned int clear(entry_t *entry, size_t nr)
{
	unsigned int held = 0;

	for (size_t i = 0; i < nr; i++)
		held += entry_read(entry + i) != 0;
	held_unmap(entry, nr, 0);
	return held;
}

int hold_range(struct space *space, uintptr_t virt, size_t nr, entry_t note)
{
	size_t done = 0;

	ASSERT(note && !entry_is_mapped(note), "%#lx is no note", note);
	while (done < nr) {
		uintptr_t at = virt + (done << PAGE_SHIFT);
		size_t here = in_this_table(at, nr - done);
		struct spot spot;
		int error = tables_pin(space, at, LEVEL_PTE, (unsigned int)here, &spot);

		if (error) {
			release_range(space, virt, done);
			return error;
		}
		held_unmap(spot.entry, here, note);
		done += here;
	}
	return 0;
}

void release_range(struct space *space, uintptr_t virt, size_t nr)
{
	while (nr > 0) {
		size_t here = in_this_table(virt, nr);
		struct spot spot = walk_to(space, virt, LEVEL_PTE);

		ASSERT(spot.level == LEVEL_PTE, "%#lx is not held", (unsigned long)virt);
		spot_lower(&spot, clear(spot.entry, here));
		virt += here << PAGE_SHIFT;
		nr -= here;
	}
}

entry_t *held_entry(struct space *space, uintptr_t virt)
{
	struct spot spot = walk_to(space, virt, LEVEL_PTE);

	ASSERT(spot.level == LEVEL_PTE && spot.value, "%#lx is not held", (unsigned long)virt);
	return spot.entry;
}
