/* SPDX-License-Identifier: BSD-2-Clause */
#include "protect.h"
#include "lib/errno.h"
#include "map.h"
#include "scratch.h"
#include "test.h"
#include "walk.h"

static struct leaf leaf_at(struct space *space, uintptr_t address)
{
	struct leaf leaf = {0};

	walk_lookup(space, address, &leaf);
	return leaf;
}

static bool is_writable(struct space *space, uintptr_t address)
{
	return leaf_at(space, address).prot.pgprot & _PAGE_RW;
}

TEST(protect, part_of_large, "only the pages asked for change; the leaf around them is split")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base(), part = base + 5 * PAGE_SIZE;

	require(space);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PMD_SIZE, SCRATCH_RW, LEVEL_PMD), 0);
	expect_equal(protect_range(space, part, 3 * PAGE_SIZE, 0, _PAGE_RW), 0);
	for (unsigned int i = 0; i < ENTRIES_PER_TABLE; i++) {
		struct leaf leaf = leaf_at(space, base + i * PAGE_SIZE);

		expect_equal(leaf.phys, SCRATCH_PHYS + i * PAGE_SIZE);
		expect_equal(!(leaf.prot.pgprot & _PAGE_RW), i >= 5 && i < 8);
	}
	expect(!space_check());
	scratch_close();
}

TEST(protect, whole_large, "a large leaf that changes as a whole stays one")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();

	require(space);
	expect_equal(map_range(space, base, SCRATCH_PHYS, 2 * PMD_SIZE, SCRATCH_RW, LEVEL_PMD), 0);
	expect_equal(protect_range(space, base, PMD_SIZE, 0, _PAGE_RW), 0);
	expect_equal(leaf_at(space, base).level, LEVEL_PMD);
	expect(!is_writable(space, base));
	expect(is_writable(space, base + PMD_SIZE));
	scratch_close();
}

TEST(protect, refused, "writable and executable, holes, and other bits: nothing changes")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();

	require(space);
	expect_equal(map_range(space, base, SCRATCH_PHYS, 4 * PAGE_SIZE, SCRATCH_RO, LEVEL_PTE), 0);
	expect_equal(protect_range(space, base + 3 * PAGE_SIZE, PAGE_SIZE, _PAGE_RW, 0), 0);
	expect_equal(protect_range(space, base, 4 * PAGE_SIZE, 0, _PAGE_NX), -EPERM);
	expect_equal(protect_range(space, base, 5 * PAGE_SIZE, _PAGE_RW, 0), -ENOENT);
	expect_equal(protect_range(space, base, 5 * PAGE_SIZE, 0, _PAGE_PRESENT), -ENOENT);
	expect_equal(protect_range(space, base, PAGE_SIZE, _PAGE_ACCESSED, 0), -EINVAL);
	expect_equal(protect_range(space, base, PAGE_SIZE, 0, ENTRY_ADDRESS_MASK), -EINVAL);
	expect_equal(protect_range(space, base + 1, PAGE_SIZE, 0, 0), -EINVAL);
	for (unsigned int i = 0; i < 4; i++) {
		expect_equal(is_writable(space, base + i * PAGE_SIZE), i == 3);
		expect(leaf_at(space, base + i * PAGE_SIZE).prot.pgprot & _PAGE_NX);
	}
	scratch_close();
}

TEST(protect, split, "a split changes the size of leaves and nothing that they say")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();
	pgprot_t prot = __pgprot(SCRATCH_RO.pgprot | _PAGE_PAT);

	require(space);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PUD_SIZE, prot, LEVEL_PUD), 0);
	expect_equal(split_leaf(space, base + 3 * PMD_SIZE + PAGE_SIZE, LEVEL_PTE), 0);
	for (size_t at = 0; at < PUD_SIZE; at += 17 * PAGE_SIZE) {
		struct leaf leaf = leaf_at(space, base + at);

		expect_equal(leaf.phys + (base + at - leaf.start), SCRATCH_PHYS + at);
		expect_equal(leaf.prot.pgprot, prot.pgprot);
		expect_equal(leaf.level == LEVEL_PTE, at / PMD_SIZE == 3);
	}
	expect_equal(split_leaf(space, base + PUD_SIZE, LEVEL_PTE), -ENOENT);
	expect(!space_check());
	scratch_close();
}

TEST_FLAGS(protect, join,
	   "equal neighbours become one leaf again, level by level, their tables are freed",
	   TEST_SMOKE)
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();
	uint64_t tables;
	unsigned int level;

	require(space);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PUD_SIZE, SCRATCH_RW, LEVEL_PUD), 0);
	tables = scratch_tables();
	level = leaf_at(space, base).level;
	expect_equal(split_leaf(space, base, LEVEL_PTE), 0);
	expect_equal(split_leaf(space, base + PUD_SIZE - 1, LEVEL_PTE), 0);
	expect_equal(join_range(space, base, PUD_SIZE, LEVEL_PUD), level == LEVEL_PUD ? 3 : 2);
	expect_equal(leaf_at(space, base).level, level);
	expect_equal(scratch_tables(), tables);
	expect(!space_check());
	scratch_close();
}

static void join_is_refused(struct space *space, uintptr_t base)
{
	expect_equal(join_range(space, base, PMD_SIZE, LEVEL_PMD), 0);
	expect_equal(leaf_at(space, base).level, LEVEL_PTE);
	expect_equal(unmap_range(space, base, PMD_SIZE) > 0, true);
}

TEST(protect, join_refused,
     "what differs in frame or permission, has a hole, or is cut is not joined")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();

	require(space);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PMD_SIZE, SCRATCH_RW, LEVEL_PTE), 0);
	expect_equal(protect_range(space, base + PMD_SIZE - PAGE_SIZE, PAGE_SIZE, 0, _PAGE_RW), 0);
	join_is_refused(space, base);
	expect_equal(
		map_range(space, base, SCRATCH_PHYS + PAGE_SIZE, PMD_SIZE, SCRATCH_RW, LEVEL_PTE),
		0);
	join_is_refused(space, base);
	expect_equal(
		map_range(space, base, SCRATCH_PHYS, PMD_SIZE - PAGE_SIZE, SCRATCH_RW, LEVEL_PTE),
		0);
	join_is_refused(space, base);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PMD_SIZE, SCRATCH_RW, LEVEL_PTE), 0);
	expect_equal(join_range(space, base, PMD_SIZE - PAGE_SIZE, LEVEL_PMD), 0);
	expect_equal(join_range(space, base + PAGE_SIZE, PMD_SIZE, LEVEL_PMD), 0);
	expect_equal(join_range(space, base, PMD_SIZE, LEVEL_PMD), 1);
	scratch_close();
}

TEST(protect, absent, "a leaf of any size that is taken away comes back as it was, in parts too")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base(), middle = base + 4 * PMD_SIZE + 9 * PAGE_SIZE;
	pgprot_t prot = __pgprot(SCRATCH_RO.pgprot | _PAGE_PAT);
	uint64_t tables;
	struct leaf leaf;

	require(space);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PUD_SIZE, prot, LEVEL_PUD), 0);
	tables = scratch_tables();
	expect_equal(protect_range(space, base, PUD_SIZE, 0, _PAGE_PRESENT), 0);
	expect_equal(scratch_tables(), tables);
	expect(!walk_lookup(space, base, &leaf) && !space_check());
	expect(walk_lookup_any(space, base, &leaf) && leaf.phys == SCRATCH_PHYS);
	expect_equal(leaf.prot.pgprot, prot.pgprot & ~_PAGE_PRESENT);
	expect_equal(protect_range(space, middle, PAGE_SIZE, _PAGE_PRESENT, 0), 0);
	require(walk_lookup(space, middle, &leaf));
	expect_equal(leaf.phys, SCRATCH_PHYS + (middle - base));
	expect_equal(leaf.prot.pgprot, prot.pgprot);
	expect(!walk_lookup(space, middle - 1, &leaf) &&
	       !walk_lookup(space, middle + PAGE_SIZE, &leaf));
	expect_equal(protect_range(space, middle, 2 * PAGE_SIZE, 0, _PAGE_NX), -ENOENT);
	expect(!space_check());
	expect_equal(protect_range(space, middle, PAGE_SIZE, 0, _PAGE_PRESENT), 0);
	expect_equal(walk_note(space, middle), 0);
	expect_equal(walk_set_note(space, middle, 0), -EBUSY);
	expect(join_range(space, base, PUD_SIZE, LEVEL_PUD) > 0);
	expect_equal(scratch_tables(), tables);
	expect_equal(protect_range(space, base, PUD_SIZE, _PAGE_PRESENT, 0), 0);
	require(walk_lookup(space, middle, &leaf));
	expect_equal(leaf.phys + (middle - leaf.start), SCRATCH_PHYS + (middle - base));
	expect_equal(leaf.prot.pgprot, prot.pgprot);
	scratch_close();
}

TEST(protect, absent_unmapped, "absent leaves are in the way of others, and go by unmapping")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();

	require(space);
	expect_equal(map_range(space, base, SCRATCH_PHYS, 2 * PMD_SIZE, SCRATCH_RW, LEVEL_PMD), 0);
	expect_equal(map_range(space, base + 2 * PMD_SIZE, SCRATCH_PHYS, 3 * PAGE_SIZE, SCRATCH_RW,
			       LEVEL_PTE),
		     0);
	expect_equal(protect_range(space, base, 2 * PMD_SIZE + 3 * PAGE_SIZE, 0, _PAGE_PRESENT), 0);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PMD_SIZE, SCRATCH_RW, LEVEL_PMD), -EBUSY);
	expect_equal(map_range(space, base + 2 * PMD_SIZE, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW,
			       LEVEL_PTE),
		     -EBUSY);
	expect_equal(unmap_range(space, base + PAGE_SIZE, PAGE_SIZE), 1);
	expect_equal(unmap_range(space, base + PMD_SIZE, PMD_SIZE), 1);
	expect_equal(unmap_range(space, base + 2 * PMD_SIZE, PAGE_SIZE), 1);
	expect_equal(unmap_range(space, base + 2 * PMD_SIZE, 3 * PAGE_SIZE), 2);
	expect(!space_check());
	scratch_close();
}

/* Makes a range read-only; how many tables were asked for until none failed. */
static uint64_t change_starved(struct space *space, uintptr_t start, size_t size)
{
	uint64_t tables = scratch_tables(), nth = 1;
	int error;

	for (;; nth++) {
		scratch_fail_table(nth);
		error = protect_range(space, start, size, 0, _PAGE_RW);
		if (!scratch_table_failed())
			break;
		expect_equal(error, -ENOMEM);
		expect_equal(scratch_tables(), tables);
		expect(is_writable(space, start) && is_writable(space, start + size - 1));
		expect(!space_check());
	}
	expect_equal(error, 0);
	expect(!is_writable(space, start) && !is_writable(space, start + size - 1));
	return nth;
}

TEST(protect, out_of_tables, "whichever table cannot be had: nothing has changed")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();

	require(space);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PUD_SIZE, SCRATCH_RW, LEVEL_PUD), 0);
	expect(change_starved(space, base + PAGE_SIZE, PUD_SIZE - 2 * PAGE_SIZE) >= 3);
	expect(is_writable(space, base));
	scratch_close();
}

/* A leaf of a GiB is split twice; what the first split has made goes when the second one fails. */
TEST(protect, out_of_tables_behind,
     "so it is where the range ends a page before its last leaf does")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();

	require(space);
	for (unsigned int i = 0; i < 2; i++)
		expect_equal(map_range(space, base + i * PUD_SIZE, SCRATCH_PHYS, PUD_SIZE,
				       SCRATCH_RW, LEVEL_PUD),
			     0);
	expect(change_starved(space, base, 2 * PUD_SIZE - PAGE_SIZE) >= 2);
	expect(is_writable(space, base + 2 * PUD_SIZE - PAGE_SIZE));
	scratch_close();
}

TEST(protect, join_many,
     "more tables than one batch holds are joined; one that lacks its first page is not")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();
	enum { TABLES = 70 };

	require(space);
	expect_equal(map_range(space, base, SCRATCH_PHYS, TABLES * PMD_SIZE, SCRATCH_RW, LEVEL_PTE),
		     0);
	expect_equal(unmap_range(space, base, PAGE_SIZE), 1);
	expect_equal(walk_set_note(space, base, 0x10), 0);
	expect_equal(join_range(space, base, TABLES * PMD_SIZE, LEVEL_PMD), TABLES - 1);
	expect(!space_check());
	expect_equal(walk_set_note(space, base, 0), 0);
	expect_equal(unmap_range(space, base, TABLES * PMD_SIZE), 511 + TABLES - 1);
	scratch_close();
}

TEST(protect, split_fails_behind, "where the last leaf cannot be split the pages before it stay")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();

	require(space);
	expect_equal(
		map_range(space, base, SCRATCH_PHYS + PAGE_SIZE, PMD_SIZE, SCRATCH_RW, LEVEL_PTE),
		0);
	expect_equal(map_range(space, base + PMD_SIZE, SCRATCH_PHYS + PMD_SIZE, PMD_SIZE,
			       SCRATCH_RW, LEVEL_PMD),
		     0);
	scratch_fail_table(1);
	expect_equal(protect_range(space, base, PMD_SIZE + PAGE_SIZE, 0, _PAGE_RW), -ENOMEM);
	expect(scratch_table_failed());
	expect_equal(leaf_at(space, base).level, LEVEL_PTE);
	expect_equal(leaf_at(space, base + PMD_SIZE).level, LEVEL_PMD);
	expect(is_writable(space, base) && is_writable(space, base + PMD_SIZE));
	expect(!space_check());
	scratch_close();
}

TEST(protect, join_top, "joining where the address space ends does not go on at its beginning")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();

	require(space);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PMD_SIZE, SCRATCH_RW, LEVEL_PMD), 0);
	expect_equal(split_leaf(space, base, LEVEL_PTE), 0);
	expect_equal(join_range(space, -PUD_SIZE, PUD_SIZE - PAGE_SIZE, LEVEL_PMD), 0);
	expect_equal(leaf_at(space, base).level, LEVEL_PTE);
	expect_equal(join_range(space, base, PMD_SIZE, LEVEL_PMD), 1);
	scratch_close();
}
