/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/errno.h"
#include "map.h"
#include "reclaim.h"
#include "scratch.h"
#include "test.h"
#include "walk.h"

/* Ranges at the ends and in the middle of the lower half. */

enum { BYTES = 2 * PAGE_SIZE };

static int map(struct space *space, uintptr_t at)
{
	return map_range(space, at, SCRATCH_PHYS, BYTES, SCRATCH_RW, LEVEL_PTE);
}

TEST(range_edges, lower_half, "a range may end with the lower half, and lie over its middle")
{
	struct space *space = scratch_open();
	uintptr_t end = space ? space_user_end(space) : 0;

	require(space);
	expect_equal(map(space, end - BYTES), 0);
	expect_equal(map(space, end / 2 - PAGE_SIZE), 0);
	expect_equal(map(space, end - PAGE_SIZE), -EINVAL);
	expect_equal(map(space, end), -EINVAL);
	expect_equal(unmap_range(space, end - BYTES, BYTES), 2);
	expect_equal(unmap_range(space, end / 2 - PAGE_SIZE, BYTES), 2);
	reclaim_tables(space, end / 2 - PAGE_SIZE, end);
	scratch_close();
}
