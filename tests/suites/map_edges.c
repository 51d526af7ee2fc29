/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/errno.h"
#include "map.h"
#include "scratch.h"
#include "test.h"
#include "walk.h"

/* What map.c and tables.c do when somebody else is there first, or nothing may be done at all. */

static size_t counted_run(struct frame_source *source, size_t wanted, phys_addr_t *start);

static struct counted_frames {
	struct frame_source source;
	unsigned int asked;
} counted = {.source.next = counted_run};

static size_t counted_run(struct frame_source *source, size_t wanted, phys_addr_t *start)
{
	((struct counted_frames *)source)->asked++;
	*start = SCRATCH_PHYS;
	return wanted;
}

TEST(map, frames_refused, "frames are not asked for where they would be writable and executable")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();

	require(space);
	counted.asked = 0;
	expect_equal(map_frames(space, base, 2 * PAGE_SIZE, &counted.source, PAGE_KERNEL_EXEC,
				LEVEL_PTE),
		     -EPERM);
	expect_equal(counted.asked, 0);
	expect_equal(scratch_tables(), 1);
	scratch_close();
}

/* Tables come from the run's source; with the first that is asked for a neighbour is mapped. */
static struct {
	struct table_source real;
	struct space *space;
	uintptr_t neighbour;
	unsigned int allocated, freed;
} raced;

static phys_addr_t raced_alloc(void *context, bool low)
{
	uintptr_t neighbour = raced.neighbour;

	(void)context;
	raced.neighbour = 0;
	if (neighbour)
		expect_equal(map_range(raced.space, neighbour, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW,
				       LEVEL_PTE),
			     0);
	raced.allocated++;
	return raced.real.alloc(raced.real.context, low);
}

static void raced_free(void *context, phys_addr_t table)
{
	(void)context;
	raced.freed++;
	raced.real.free(raced.real.context, table);
}

static void give_back_source(void *unused)
{
	(void)unused;
	space_set_source(&raced.real);
}

TEST(map, table_came, "a table that came while one was asked for is used, and the other goes back")
{
	static const struct table_source source = {.alloc = raced_alloc, .free = raced_free};
	static struct test_end end = {.function = give_back_source};
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();
	struct leaf leaf;

	require(space);
	space_get_source(&raced.real);
	test_at_end(&end);
	raced.space = space;
	raced.neighbour = base + PAGE_SIZE;
	raced.allocated = raced.freed = 0;
	space_set_source(&source);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE), 0);
	space_set_source(&raced.real);
	expect_equal(raced.allocated, space->levels);
	expect_equal(raced.freed, 1);
	expect_equal(scratch_tables(), space->levels);
	expect(walk_lookup(space, base, &leaf) && walk_lookup(space, base + PAGE_SIZE, &leaf));
	expect(!space_check());
	scratch_close();
}
