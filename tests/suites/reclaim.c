/* SPDX-License-Identifier: BSD-2-Clause */
#include "reclaim.h"
#include "map.h"
#include "scratch.h"
#include "set_memory.h"
#include "test.h"
#include "tlb.h"
#include "walk.h"

static uint64_t flushes_of_all(void)
{
	struct tlb_stats stats;

	tlb_get_stats(&stats);
	return stats.alls;
}

TEST(reclaim, empty, "tables that became empty are freed, level by level, after one flush")
{
	struct space *space = scratch_open();
	uintptr_t start = scratch_base() + PUD_SIZE - 2 * PAGE_SIZE;
	uint64_t flushes, tables;

	require(space);
	expect_equal(map_range(space, start, SCRATCH_PHYS, 4 * PAGE_SIZE, SCRATCH_RW, LEVEL_PTE),
		     0);
	tables = scratch_tables();
	expect_equal(tables, space->levels == 5 ? 7 : 6);
	expect_equal(unmap_range(space, start, 4 * PAGE_SIZE), 4);
	expect_equal(scratch_tables(), tables);
	flushes = flushes_of_all();
	expect_equal(reclaim_tables(space, start, start + 4 * PAGE_SIZE), tables - 1);
	expect_equal(flushes_of_all(), flushes + 1);
	expect_equal(scratch_tables(), 1);
	scratch_close();
}

TEST_FLAGS(reclaim, populated,
	   "a table with one page or one note in it stays, and so do those above", TEST_SMOKE)
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();
	uint64_t flushes, tables;

	require(space);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE), 0);
	expect_equal(walk_set_note(space, base + PMD_SIZE, 0x10), 0);
	tables = scratch_tables();
	flushes = flushes_of_all();
	expect_equal(reclaim_tables(space, base, base + PUD_SIZE), 0);
	expect_equal(flushes_of_all(), flushes);
	expect_equal(scratch_tables(), tables);
	expect_equal(unmap_range(space, base, PAGE_SIZE), 1);
	expect_equal(reclaim_tables(space, base, base + PUD_SIZE), 1);
	expect_equal(walk_set_note(space, base + PMD_SIZE, 0), 0);
	expect_equal(reclaim_tables(space, base, base + PUD_SIZE), tables - 2);
	scratch_close();
}

TEST(reclaim, outside, "tables outside of the range are left alone")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();

	require(space);
	for (unsigned int i = 0; i < 3; i++)
		expect_equal(map_range(space, base + i * PMD_SIZE, SCRATCH_PHYS, PAGE_SIZE,
				       SCRATCH_RW, LEVEL_PTE),
			     0);
	expect_equal(unmap_range(space, base, 3 * PMD_SIZE), 3);
	expect_equal(reclaim_tables(space, base + PMD_SIZE, base + PMD_SIZE + PAGE_SIZE), 1);
	expect_equal(reclaim_tables(space, base + PMD_SIZE, base + 2 * PMD_SIZE), 0);
	expect(reclaim_tables(space, base, base + 3 * PMD_SIZE) > 2);
	scratch_close();
}

static void put_back(void *table)
{
	set_memory_p((uintptr_t)table, 1);
}

/* Its frame is taken away meanwhile: reading it would fault. */
TEST(reclaim, unread, "whether a lowest table is empty is known without a look at its entries")
{
	static struct test_end end = {.function = put_back};
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();
	uint64_t tables;

	require(space);
	require_equal(map_range(space, base, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE), 0);
	require_equal(
		map_range(space, base + PMD_SIZE, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE),
		0);
	expect_equal(unmap_range(space, base + PMD_SIZE, PAGE_SIZE), 1);
	tables = scratch_tables();
	end.context = scratch_entry(base);
	test_at_end(&end);
	require_equal(set_memory_np((uintptr_t)end.context, 1), 0);
	expect_fault_read(end.context);
	expect_equal(reclaim_tables(space, base, base + 2 * PMD_SIZE), 1);
	expect_equal(scratch_tables(), tables - 1);
	put_back(end.context);
	scratch_close();
}

TEST(reclaim, root_end, "a range that ends with an entry of the root ends there")
{
	struct space *space = scratch_open();
	uintptr_t edge = scratch_base() + level_size(space->levels);

	require(space);
	expect_equal(map_range(space, edge, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE), 0);
	expect_equal(unmap_range(space, edge, PAGE_SIZE), 1);
	expect_equal(reclaim_tables(space, edge - PMD_SIZE, edge), 0);
	expect(reclaim_tables(space, edge, edge + PAGE_SIZE) > 1);
	scratch_close();
}

TEST(reclaim, many, "more empty tables than one batch holds are all freed")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();
	enum { TABLES = RECLAIM_BATCH + 50 };

	require(space);
	for (unsigned int i = 0; i < TABLES; i++)
		expect_equal(map_range(space, base + i * PMD_SIZE, SCRATCH_PHYS, PAGE_SIZE,
				       SCRATCH_RW, LEVEL_PTE),
			     0);
	expect_equal(unmap_range(space, base, TABLES * PMD_SIZE), TABLES);
	expect(reclaim_tables(space, base, base + TABLES * PMD_SIZE) > TABLES);
	expect_equal(scratch_tables(), 1);
	scratch_close();
}

/* A list that ends with an empty range. */
static bool next_of_list(void *context, struct virt_range *range)
{
	struct virt_range **at = context;

	*range = *(*at)++;
	return range->end != 0;
}

TEST(reclaim, batch, "several ranges share one flush")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();
	struct virt_range ranges[3] = {{.start = base, .end = base + PAGE_SIZE},
				       {.start = base + PUD_SIZE, .end = base + 2 * PUD_SIZE}};
	struct virt_range *at = ranges;
	uint64_t flushes, tables;

	require(space);
	for (unsigned int i = 0; i < 2; i++)
		expect_equal(map_range(space, ranges[i].start, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW,
				       LEVEL_PTE),
			     0);
	expect_equal(unmap_range(space, base, 2 * PUD_SIZE), 2);
	tables = scratch_tables();
	flushes = flushes_of_all();
	expect_equal(reclaim_tables_batch(space, next_of_list, &at), tables - 1);
	expect_equal(flushes_of_all(), flushes + 1);
	scratch_close();
}

/* More of them than a batch holds, and one behind the entry of the root. */
TEST(reclaim, across_roots, "a batch that is full under one entry of the root goes on in the next")
{
	struct space *space = scratch_open();
	uintptr_t edge = scratch_base() + level_size(space->levels);
	uintptr_t start = edge - (RECLAIM_BATCH + 3) * PMD_SIZE;

	require(space);
	for (uintptr_t at = start; at <= edge; at += PMD_SIZE)
		expect_equal(map_range(space, at, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE),
			     0);
	expect_equal(unmap_range(space, start, edge + PAGE_SIZE - start), RECLAIM_BATCH + 4);
	expect(reclaim_tables(space, start, edge + PAGE_SIZE) > RECLAIM_BATCH + 4);
	expect_equal(scratch_tables(), 1);
	scratch_close();
}

TEST(reclaim, shared_stay, "the tables one level below the root of the kernel half are never freed")
{
	uint64_t tables = space_nr_tables();
	unsigned int below_root = kernel_space.levels - 1;
	uint64_t shared = kernel_space.tables[below_root];

	reclaim_tables(&kernel_space, layout.vmalloc_start, layout.vmalloc_end);
	expect_equal(kernel_space.tables[below_root], shared);
	expect(space_nr_tables() <= tables);
	expect(!space_check());
}
