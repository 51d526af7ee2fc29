/* SPDX-License-Identifier: BSD-2-Clause */
#include "walk.h"
#include "lib/errno.h"
#include "map.h"
#include "protect.h"
#include "scratch.h"
#include "test.h"

TEST(walk, lookup, "a lookup finds the leaf of every size with its bounds")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();
	struct leaf leaf;

	require(space);
	expect_equal(map_range(space, base + 2 * PMD_SIZE, SCRATCH_PHYS, PMD_SIZE, SCRATCH_RO,
			       LEVEL_PMD),
		     0);
	expect_equal(
		map_range(space, base + PAGE_SIZE, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PMD),
		0);
	require(walk_lookup(space, base + 3 * PMD_SIZE - 1, &leaf));
	expect_equal(leaf.start, base + 2 * PMD_SIZE);
	expect_equal(leaf.size, PMD_SIZE);
	expect_equal(leaf.phys, SCRATCH_PHYS);
	expect_equal(leaf.level, LEVEL_PMD);
	require(walk_lookup(space, base + PAGE_SIZE + 5, &leaf));
	expect_equal(leaf.start, base + PAGE_SIZE);
	expect_equal(leaf.level, LEVEL_PTE);
	scratch_close();
}

TEST(walk, holes, "where nothing is mapped nothing is found and the result is left alone")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();
	struct leaf leaf = {.start = 0x4711};
	unsigned int level;

	require(space);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE), 0);
	expect(!walk_lookup(space, base + PAGE_SIZE, &leaf));
	expect(!walk_lookup(space, base + PMD_SIZE, &leaf));
	expect(!walk_lookup(space, base + PUD_SIZE, &leaf));
	expect(!walk_lookup(space, (uintptr_t)1 << 62, &leaf));
	expect_equal(leaf.start, 0x4711);
	expect_equal(walk_entry(space, base + PAGE_SIZE, &level), 0);
	expect_equal(level, LEVEL_PTE);
	expect_equal(walk_entry(space, base + PMD_SIZE, &level), 0);
	expect_equal(level, LEVEL_PMD);
	scratch_close();
}

enum { NOTE = 0x12340 };

TEST_FLAGS(walk, notes,
	   "a note is not present, keeps its table alive, and stands in the way of a page",
	   TEST_SMOKE)
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();
	struct leaf leaf;

	require(space);
	expect_equal(walk_note(space, base), 0);
	expect_equal(walk_set_note(space, base, NOTE), 0);
	expect_equal(walk_note(space, base), NOTE);
	expect(!walk_lookup(space, base, &leaf));
	expect_equal(map_range(space, base, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE),
		     -EBUSY);
	expect_equal(unmap_range(space, base, PMD_SIZE), 0);
	expect_equal(walk_note(space, base), NOTE);
	expect(!space_check());
	expect_equal(walk_set_note(space, base, 2 * NOTE), 0);
	expect_equal(walk_note(space, base), 2 * NOTE);
	expect_equal(walk_set_note(space, base, 0), 0);
	expect_equal(walk_note(space, base), 0);
	expect(!space_check());
	scratch_close();
}

TEST(walk, note_refused, "a note cannot be present, nor take the place of a page or a large leaf")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();

	require(space);
	expect_equal(walk_set_note(space, base, NOTE | 1), -EINVAL);
	expect_equal(scratch_tables(), 1);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PMD_SIZE, SCRATCH_RW, LEVEL_PMD), 0);
	expect_equal(walk_set_note(space, base + PAGE_SIZE, NOTE), -EBUSY);
	expect_equal(walk_note(space, base + PAGE_SIZE), 0);
	expect_equal(unmap_range(space, base, PMD_SIZE), 1);
	scratch_close();
}

struct seen {
	unsigned int leaves, stop_after;
	uintptr_t last_end;
	bool ascending;
};

static bool count_leaf(void *context, const struct leaf *leaf)
{
	struct seen *seen = context;

	seen->ascending &= leaf->start >= seen->last_end;
	seen->last_end = leaf->start + leaf->size;
	return ++seen->leaves != seen->stop_after;
}

TEST(walk, leaves, "all leaves are visited in address order, until the visitor has enough")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base(), end = base + 2 * PUD_SIZE;
	struct seen seen = {.ascending = true};

	require(space);
	expect_equal(map_range(space, base + PUD_SIZE - 3 * PAGE_SIZE, SCRATCH_PHYS, 7 * PAGE_SIZE,
			       SCRATCH_RW, LEVEL_PTE),
		     0);
	expect_equal(map_range(space, base + PUD_SIZE + PMD_SIZE, SCRATCH_PHYS, 2 * PMD_SIZE,
			       SCRATCH_RW, LEVEL_PMD),
		     0);
	walk_leaves(space, base, end, count_leaf, &seen);
	expect_equal(seen.leaves, 9);
	expect(seen.ascending);
	seen = (struct seen){.stop_after = 4};
	walk_leaves(space, base, end, count_leaf, &seen);
	expect_equal(seen.leaves, 4);
	seen = (struct seen){0};
	walk_leaves(space, base + PUD_SIZE, base + PUD_SIZE + PAGE_SIZE, count_leaf, &seen);
	expect_equal(seen.leaves, 1);
	scratch_close();
}

TEST(walk, not_canonical, "an address that only its low bits lead to a page is not mapped")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base(), wild = base | (uintptr_t)1 << 62;
	struct leaf leaf;

	require(space);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE), 0);
	expect(walk_lookup(space, base, &leaf));
	expect(!walk_lookup(space, wild, &leaf));
	expect_equal(protect_range(space, base, PAGE_SIZE, 0, _PAGE_PRESENT), 0);
	expect(walk_lookup_any(space, base, &leaf));
	expect(!walk_lookup_any(space, wild, &leaf));
	scratch_close();
}

TEST(walk, note_beside,
     "a note beside a page takes no further table; no note where none was is none")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();
	uint64_t tables;

	require(space);
	expect_equal(walk_set_note(space, base, 0), 0);
	expect_equal(scratch_tables(), 1);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE), 0);
	tables = scratch_tables();
	expect_equal(walk_set_note(space, base + PAGE_SIZE, NOTE), 0);
	expect_equal(walk_note(space, base + PAGE_SIZE), NOTE);
	expect_equal(scratch_tables(), tables);
	expect(!space_check());
	expect_equal(walk_set_note(space, base + PAGE_SIZE, 0), 0);
	expect(!space_check());
	scratch_close();
}
