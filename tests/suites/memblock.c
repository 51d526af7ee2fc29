/* SPDX-License-Identifier: BSD-2-Clause */
#include "memblock.h"
#include "levels.h"
#include "test.h"

/* Memory before the page allocator, on made-up ranges that nobody touches. */

#define MIB ((phys_addr_t)1 << 20)
#define GIB ((phys_addr_t)1 << 30)

static const struct memory_range three_ranges[] = {
	{.start = 1 * MIB, .end = 3 * MIB, .descriptor = 4},
	{.start = 8 * MIB, .end = 8 * MIB + 0x5000, .descriptor = 7, .node = 1},
	{.start = 4 * GIB, .end = 4 * GIB + 16 * MIB, .descriptor = 9},
};
static struct memblock made_up;

static struct memblock *fresh(void)
{
	made_up.ranges = three_ranges;
	made_up.nr_ranges = 3;
	made_up.nr_used = 0;
	made_up.closed = false;
	return &made_up;
}

static uint64_t free_bytes(const struct memblock *memblock)
{
	struct memory_range ranges[64];
	size_t nr = memblock_free_in(memblock, ranges, 64);
	uint64_t bytes = 0;

	for (size_t i = 0; i < nr; i++)
		bytes += ranges[i].end - ranges[i].start;
	return bytes;
}

TEST(memblock, find, "an address belongs to its range, and to none between two")
{
	struct memblock *memblock = fresh();

	expect(memblock_find_in(memblock, 1 * MIB) == &three_ranges[0]);
	expect(memblock_find_in(memblock, 3 * MIB - 1) == &three_ranges[0]);
	expect(memblock_find_in(memblock, 8 * MIB + 0x4fff) == &three_ranges[1]);
	expect(memblock_find_in(memblock, 4 * GIB) == &three_ranges[2]);
	expect(!memblock_find_in(memblock, 0));
	expect(!memblock_find_in(memblock, 3 * MIB));
	expect(!memblock_find_in(memblock, 4 * GIB + 16 * MIB));
}

TEST_FLAGS(memblock, alloc, "takes from the top, aligned, below the limit, never twice", TEST_SMOKE)
{
	struct memblock *memblock = fresh();

	expect_equal(memblock_alloc_from(memblock, PAGE_SIZE, PAGE_SIZE, 0),
		     4 * GIB + 16 * MIB - PAGE_SIZE);
	expect_equal(memblock_alloc_from(memblock, 2 * MIB, 2 * MIB, 0), 4 * GIB + 12 * MIB);
	expect_equal(memblock_alloc_from(memblock, PAGE_SIZE, PAGE_SIZE, 4 * GIB),
		     8 * MIB + 0x4000);
	expect_equal(memblock_alloc_from(memblock, 2 * MIB, PAGE_SIZE, 4 * GIB), 1 * MIB);
	expect_equal(memblock_alloc_from(memblock, 2 * MIB, PAGE_SIZE, 4 * GIB), 0);
	expect_equal(memblock_alloc_from(memblock, 64 * MIB, PAGE_SIZE, 0), 0);
	expect_equal(memblock_alloc_from(memblock, PAGE_SIZE, PAGE_SIZE, 1 * MIB), 0);
}

TEST(memblock, skipped, "what is skipped for alignment is not lost")
{
	struct memblock *memblock = fresh();
	uint64_t all = free_bytes(memblock), taken = 0;

	expect_equal(memblock_alloc_from(memblock, PAGE_SIZE, PAGE_SIZE, 0),
		     4 * GIB + 16 * MIB - PAGE_SIZE);
	expect_equal(memblock_alloc_from(memblock, 2 * MIB, 2 * MIB, 0), 4 * GIB + 12 * MIB);
	expect_equal(free_bytes(memblock), all - 2 * MIB - PAGE_SIZE);
	while (memblock_alloc_from(memblock, PAGE_SIZE, PAGE_SIZE, 0))
		taken += PAGE_SIZE;
	expect_equal(taken, all - 2 * MIB - PAGE_SIZE);
	expect_equal(free_bytes(memblock), 0);
	expect_below(memblock->nr_used, 4);
}

TEST(memblock, free_ranges, "what is left keeps its range's descriptor and node")
{
	struct memblock *memblock = fresh();
	struct memory_range left[4];

	memblock_alloc_from(memblock, PAGE_SIZE, 0x2000, 4 * GIB);
	expect_equal(memblock_free_in(memblock, left, 4), 3);
	expect_equal(left[1].start, 8 * MIB);
	expect_equal(left[1].end, 8 * MIB + 0x4000);
	expect_equal(left[1].descriptor, 7);
	expect_equal(left[1].node, 1);
	expect_equal(memblock_free_in(memblock, left, 1), 1);
}

TEST(memblock, closed, "the run's own gives nothing any more")
{
	expect_equal(memblock_alloc(PAGE_SIZE, PAGE_SIZE, 0), 0);
	expect_equal(memblock_alloc_table(NULL, true), 0);
}

TEST(memblock, random, "any mixture of sizes and alignments is served without overlap")
{
	struct memblock *memblock = fresh();
	static uint8_t taken[4096];
	phys_addr_t base = 4 * GIB;

	memset(taken, 0, sizeof(taken));
	for (unsigned int i = 0; i < 200; i++) {
		size_t nr = 1 + test_random_below(NULL, 24);
		size_t align = PAGE_SIZE << test_random_below(NULL, 5);
		phys_addr_t start = memblock_alloc_from(memblock, nr * PAGE_SIZE, align, 0);

		expect_equal(start & (align - 1), 0);
		for (size_t f = 0; start >= base && f < nr; f++)
			expect_equal(taken[((start - base) >> PAGE_SHIFT) + f]++, 0);
	}
}

TEST(memblock, nothing, "no bytes, a closed one, and an alignment that no range has give nothing")
{
	struct memblock *memblock = fresh();

	expect_equal(memblock_alloc_from(memblock, 0, PAGE_SIZE, 0), 0);
	expect_equal(memblock_alloc_from(memblock, PAGE_SIZE, GIB, 2 * GIB), 0);
	memblock->closed = true;
	expect_equal(memblock_alloc_from(memblock, PAGE_SIZE, PAGE_SIZE, 0), 0);
	expect_equal(memblock->nr_used, 0);
}

TEST(memblock, full, "a list of what was handed out that is full takes only what joins it")
{
	static const struct memory_range wide = {.start = GIB, .end = 3 * GIB};
	struct memblock *memblock = fresh();
	phys_addr_t last = 0;

	memblock->ranges = &wide;
	memblock->nr_ranges = 1;
	for (unsigned int i = 0; i < MEMBLOCK_MAX_USED; i++)
		require((last = memblock_alloc_from(memblock, PAGE_SIZE, 4 * PAGE_SIZE, 0)) != 0);
	expect_equal(memblock->nr_used, MEMBLOCK_MAX_USED);
	expect_equal(memblock_alloc_from(memblock, PAGE_SIZE, 4 * PAGE_SIZE, 0), 0);
	expect_equal(memblock->nr_used, MEMBLOCK_MAX_USED);
	/* from the top: behind the first one, up to the end; then all between two of them */
	expect_equal(memblock_alloc_from(memblock, 3 * PAGE_SIZE, PAGE_SIZE, 0),
		     3 * GIB - 3 * PAGE_SIZE);
	expect_equal(memblock_alloc_from(memblock, 3 * PAGE_SIZE, PAGE_SIZE, 0),
		     3 * GIB - 7 * PAGE_SIZE);
	expect_equal(memblock->nr_used, MEMBLOCK_MAX_USED - 1);
}
