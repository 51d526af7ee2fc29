/* SPDX-License-Identifier: BSD-2-Clause */
#include "mtrr.h"
#include "machine.h"
#include "map.h"
#include "../suites/scratch.h"
#include "platform.h"
#include "test.h"
#include "walk.h"

/*
 * mtrr.c against the manual's rule, page by page: an address is in a range when it equals the base
 * in every bit of the mask (Intel SDM vol. 3A, 12.11.3). The registers are this suite's meanwhile;
 * they are read before every use, and nothing is mapped.
 */

enum { FIRST_FREE = 1 }; /* register pair 0 is the machine's own */
#define VALID ((uint64_t)0x800)
#define BITS(phys_bits) (((uint64_t)1 << (phys_bits)) - 1)
#define GIB ((uint64_t)1 << 30)

static void take_away(void *unused)
{
	(void)unused;
	for (unsigned int nr = FIRST_FREE; nr < MACHINE_MTRRS_MAX; nr++)
		machine_set_mtrr(nr, 0, 0);
	machine_set_mtrr_use(MACHINE_MTRR_CAP, MACHINE_MTRR_TYPE);
	machine_features()->mtrr = true;
	mtrr_init();
}

static void begin(void)
{
	static struct test_end end = {.function = take_away};

	test_at_end(&end);
}

static void set(uint64_t base, uint64_t mask)
{
	machine_set_mtrr(FIRST_FREE, base, mask | VALID);
	mtrr_init();
}

static bool is_in(uint64_t address, uint64_t base, uint64_t mask)
{
	return !((address ^ base) & mask & PAGE_MASK);
}

/* Whether all pages of a leaf are in the range, or none; the machine's own range cuts no leaf. */
static bool is_uniform(uint64_t leaf, size_t size, uint64_t base, uint64_t mask)
{
	for (uint64_t page = leaf; page < leaf + size; page += PAGE_SIZE)
		if (is_in(page, base, mask) != is_in(leaf, base, mask))
			return false;
	return true;
}

static void compare(uint64_t base, uint64_t mask, uint64_t leaf, unsigned int level)
{
	uint64_t size = level_size(level);
	bool uniform = is_uniform(leaf, size, base, mask);

	if (!expect_equal(mtrr_is_uniform(leaf, size), uniform) ||
	    !expect_equal(mtrr_leaf_is_uniform(leaf, level), uniform))
		test_note("leaf 0x%llx, base 0x%llx, mask 0x%llx", (unsigned long long)leaf,
			  (unsigned long long)base, (unsigned long long)mask);
}

TEST(host_mtrr, plain, "a range of 1 MiB cuts the leaves that it lies in, and no others")
{
	uint64_t base = 5 * GIB + 3 * PMD_SIZE, mask = BITS(MACHINE_PHYS_BITS) - 0xfffff;

	begin();
	set(base, mask);
	expect(!mtrr_is_uniform(base, PMD_SIZE));
	expect(!mtrr_is_uniform(5 * GIB, PUD_SIZE));
	expect(mtrr_is_uniform(base + PMD_SIZE, PMD_SIZE));
	expect(mtrr_is_uniform(base - PMD_SIZE, PMD_SIZE));
	expect(mtrr_is_uniform(6 * GIB, PUD_SIZE));
	expect_equal(mtrr_plain_above[LEVEL_PMD], base + PMD_SIZE);
}

/* Above those bits the range repeats itself; within it, whole leaves are as they were. */
TEST(host_mtrr, short_mask, "a mask without the upper bits is not one with holes")
{
	uint64_t mask = BITS(36) - (256 * PMD_SIZE - 1);

	begin();
	set(0, mask);
	for (uint64_t leaf = 0; leaf < 2 * GIB; leaf += PMD_SIZE)
		compare(0, mask, leaf, LEVEL_PMD);
	expect(mtrr_is_uniform(255 * PMD_SIZE, PMD_SIZE));
	expect(!mtrr_is_uniform(0, PUD_SIZE));
	expect(mtrr_is_uniform(GIB, PUD_SIZE));
	expect(!mtrr_is_uniform((uint64_t)1 << 36, PUD_SIZE));
}

TEST(host_mtrr, random, "any base and mask at all: as the manual's rule says, page by page")
{
	begin();
	for (unsigned int i = 0; i < 300; i++) {
		uint64_t all = BITS(MACHINE_PHYS_BITS), base = test_random() & all;
		uint64_t mask = test_random() & test_random() & all & PAGE_MASK;
		uint64_t leaf = test_random() & all;

		if (i % 2)
			mask &= -PMD_SIZE; /* no leaf of 2 MiB is cut */
		set(base, mask);
		compare(base, mask, leaf & -PMD_SIZE, LEVEL_PMD);
		compare(base, mask, (base & mask) & -PMD_SIZE, LEVEL_PMD);
		if (i % 50 == 0)
			compare(base, mask, base & -PUD_SIZE, LEVEL_PUD);
	}
}

TEST(host_mtrr, order,
     "leaves are plain above the highest of all ranges, in whichever order these are")
{
	uint64_t mask = (BITS(MACHINE_PHYS_BITS) - 0xfffff) | VALID;

	begin();
	machine_set_mtrr(FIRST_FREE + 1, 3 * GIB, mask);
	set(5 * GIB, mask);
	expect_equal(mtrr_plain_above[LEVEL_PMD], 5 * GIB + PMD_SIZE);
	expect_equal(mtrr_plain_above[LEVEL_PUD], 6 * GIB);
	machine_set_mtrr(FIRST_FREE + 1, 5 * GIB, mask);
	set(3 * GIB, mask);
	expect_equal(mtrr_plain_above[LEVEL_PMD], 5 * GIB + PMD_SIZE);
	expect(!mtrr_leaf_is_uniform(3 * GIB, LEVEL_PMD) &&
	       !mtrr_leaf_is_uniform(5 * GIB, LEVEL_PMD));
}

enum { FIXED = 1 << 8, FIXED_ENABLED = 1 << 10 };

static void use(uint64_t capabilities, uint64_t type)
{
	machine_set_mtrr_use(capabilities, type);
	mtrr_init();
}

TEST(host_mtrr, fixed,
     "fixed ranges make the first MiB one of small pages, where they are in force")
{
	begin();
	expect(mtrr_is_uniform(0, PMD_SIZE));
	use(MACHINE_MTRR_CAP | FIXED, MACHINE_MTRR_TYPE);
	expect(mtrr_is_uniform(0, PMD_SIZE));
	use(MACHINE_MTRR_CAP, MACHINE_MTRR_TYPE | FIXED_ENABLED);
	expect(mtrr_is_uniform(0, PMD_SIZE));
	use(MACHINE_MTRR_CAP | FIXED, MACHINE_MTRR_TYPE | FIXED_ENABLED);
	expect(!mtrr_is_uniform(0, PMD_SIZE) && !mtrr_leaf_is_uniform(0, LEVEL_PMD));
	expect(mtrr_is_uniform(0, PAGE_SIZE) && mtrr_is_uniform(PMD_SIZE, PMD_SIZE));
	expect(mtrr_leaf_is_uniform(PMD_SIZE, LEVEL_PMD));
}

TEST(host_mtrr, not_in_force, "ranges that are not in force, or that no CPU has, cut nothing")
{
	uint64_t base = 5 * GIB, mask = BITS(MACHINE_PHYS_BITS) - 0xfffff;

	begin();
	set(base, mask);
	expect(!mtrr_is_uniform(base, PMD_SIZE));
	use(MACHINE_MTRR_CAP | FIXED, FIXED_ENABLED | 6);
	expect(mtrr_is_uniform(base, PMD_SIZE) && mtrr_is_uniform(0, PMD_SIZE));
	machine_set_mtrr_use(MACHINE_MTRR_CAP, MACHINE_MTRR_TYPE);
	machine_features()->mtrr = false;
	mtrr_init();
	expect(mtrr_is_uniform(base, PMD_SIZE));
}

TEST(host_mtrr, too_many, "of more ranges than any CPU has, the first 32 are read")
{
	uint64_t mask = (BITS(MACHINE_PHYS_BITS) - 0xfffff) | VALID;

	begin();
	for (unsigned int nr = FIRST_FREE; nr < 31; nr++)
		machine_set_mtrr(nr, 7 * GIB, mask);
	machine_set_mtrr(31, 5 * GIB, mask);
	machine_set_mtrr(32, 6 * GIB, mask);
	use(33, MACHINE_MTRR_TYPE);
	expect(!mtrr_is_uniform(5 * GIB, PMD_SIZE));
	expect(mtrr_is_uniform(6 * GIB, PMD_SIZE));
}

/* Two pages of one leaf whose middle is another type. */
TEST(host_mtrr, mapped,
     "a range that cuts a leaf is mapped by smaller ones, its neighbours by large")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();
	struct leaf leaf;

	require(space);
	begin();
	set(SCRATCH_PHYS + PMD_SIZE, BITS(MACHINE_PHYS_BITS) - 0xfffff);
	expect_equal(map_range(space, base, SCRATCH_PHYS, 3 * PMD_SIZE, SCRATCH_RW, LEVEL_PUD), 0);
	for (unsigned int i = 0; i < 3; i++) {
		require(walk_lookup(space, base + i * PMD_SIZE, &leaf));
		expect_equal(leaf.level, i == 1 ? LEVEL_PTE : LEVEL_PMD);
	}
	scratch_close();
}

static void give_back(void *context)
{
	const uint64_t *saved = context;

	machine_set_mtrr(0, saved[0], saved[1]);
	mtrr_init();
}

TEST(host_mtrr, none, "what was read before is forgotten: without ranges all is of one type")
{
	static uint64_t saved[2];
	static struct test_end end = {.function = give_back, .context = saved};

	saved[0] = platform_read_msr(0x200);
	saved[1] = platform_read_msr(0x201);
	test_at_end(&end);
	machine_set_mtrr(0, 5 * GIB + PMD_SIZE, BITS(MACHINE_PHYS_BITS) - 0xfffff + VALID);
	mtrr_init();
	expect(!mtrr_is_uniform(5 * GIB, PUD_SIZE));
	machine_set_mtrr(0, 0, 0);
	mtrr_init();
	for (unsigned int level = LEVEL_PMD; level <= LEVEL_PUD; level++)
		expect_equal(mtrr_plain_above[level], 0);
	expect(mtrr_is_uniform(5 * GIB, PUD_SIZE));
	expect(mtrr_is_uniform(0, (size_t)512 * GIB));
}
