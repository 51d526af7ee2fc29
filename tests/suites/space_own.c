/* SPDX-License-Identifier: BSD-2-Clause */
#include "map.h"
#include "mm.h"
#include "reclaim.h"
#include "scratch.h"
#include "test.h"
#include "walk.h"

/* The lower half is each space's own. */

TEST(space_own, lower_half, "what the first space has in its own half, a new one has not")
{
	uintptr_t at = space_user_start(&kernel_space);
	static struct space other;
	struct leaf leaf;

	require_equal(map_range(&kernel_space, at, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE),
		      0);
	require_equal(space_create(&other), 0);
	expect(walk_lookup(&kernel_space, at, &leaf));
	expect(!walk_lookup(&other, at, &leaf));
	expect_equal(space_destroy(&other), 0);
	expect_equal(unmap_range(&kernel_space, at, PAGE_SIZE), 1);
	reclaim_tables(&kernel_space, at, at + PAGE_SIZE);
}

TEST(space_own, not_joined, "nothing but the direct map is joined when all is quiet")
{
	uintptr_t at = space_user_start(&kernel_space);
	struct leaf leaf;

	if (at == space_user_end(&kernel_space))
		test_skip("no lower half of its own");
	require_equal(map_range(&kernel_space, at, SCRATCH_PHYS, PMD_SIZE, SCRATCH_RW, LEVEL_PTE),
		      0);
	mm_quiesce();
	expect(walk_lookup(&kernel_space, at, &leaf) && leaf.size == PAGE_SIZE);
	expect_equal(unmap_range(&kernel_space, at, PMD_SIZE), PMD_SIZE / PAGE_SIZE);
	reclaim_tables(&kernel_space, at, at + PMD_SIZE);
}
