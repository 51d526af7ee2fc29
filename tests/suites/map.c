/* SPDX-License-Identifier: BSD-2-Clause */
#include "map.h"
#include "lib/errno.h"
#include "mtrr.h"
#include "reclaim.h"
#include "scratch.h"
#include "test.h"
#include "walk.h"

static unsigned int level_at(struct space *space, uintptr_t address)
{
	struct leaf leaf;

	return walk_lookup(space, address, &leaf) ? leaf.level : 0;
}

static phys_addr_t phys_at(struct space *space, uintptr_t address)
{
	struct leaf leaf;

	return walk_lookup(space, address, &leaf) ? leaf.phys + (address - leaf.start) : 0;
}

TEST_FLAGS(map, largest_leaf,
	   "leaves are as large as both addresses, the length and the limit allow", TEST_SMOKE)
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base(), start = base + PMD_SIZE - PAGE_SIZE;
	phys_addr_t phys = SCRATCH_PHYS + PMD_SIZE - PAGE_SIZE;

	require(space);
	expect_equal(map_range(space, start, phys, 2 * PMD_SIZE, SCRATCH_RW, LEVEL_PMD), 0);
	expect_equal(level_at(space, start), LEVEL_PTE);
	expect_equal(level_at(space, base + PMD_SIZE), LEVEL_PMD);
	expect_equal(level_at(space, base + 2 * PMD_SIZE), LEVEL_PTE);
	for (size_t at = 0; at < 2 * PMD_SIZE; at += PAGE_SIZE)
		expect_equal(phys_at(space, start + at), phys + at);
	expect_equal(unmap_range(space, start, 2 * PMD_SIZE), 1 + 1 + 511);

	expect_equal(map_range(space, base, SCRATCH_PHYS, PMD_SIZE, SCRATCH_RW, LEVEL_PTE), 0);
	expect_equal(level_at(space, base), LEVEL_PTE);
	expect_equal(unmap_range(space, base, PMD_SIZE), 512);
	expect_equal(map_range(space, base, phys, PMD_SIZE, SCRATCH_RW, LEVEL_PMD), 0);
	expect_equal(level_at(space, base), LEVEL_PTE);
	scratch_close();
}

TEST(map, gib_leaf, "1 GiB leaves are used where the CPU has them, and the memory is of one type")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();
	bool possible =
		platform_cpu_features()->gib_leaves && mtrr_is_uniform(SCRATCH_PHYS, 2 * PUD_SIZE);

	require(space);
	expect_equal(map_range(space, base, SCRATCH_PHYS, 2 * PUD_SIZE, SCRATCH_RW, LEVEL_PUD), 0);
	expect_equal(level_at(space, base + PUD_SIZE), possible ? LEVEL_PUD : LEVEL_PMD);
	expect_equal(phys_at(space, base + 2 * PUD_SIZE - PAGE_SIZE),
		     SCRATCH_PHYS + 2 * PUD_SIZE - PAGE_SIZE);
	expect(!space_check());
	/* a page out of the middle: the leaf around it falls into 511 of 2 MiB and 511 pages */
	expect_equal(unmap_range(space, base + PMD_SIZE, PAGE_SIZE), 1);
	expect_equal(phys_at(space, base + PMD_SIZE), 0);
	expect_equal(phys_at(space, base + PMD_SIZE + PAGE_SIZE),
		     SCRATCH_PHYS + PMD_SIZE + PAGE_SIZE);
	expect_equal(level_at(space, base), LEVEL_PMD);
	expect(!space_check());
	scratch_close();
}

TEST(map, busy, "mapping over anything changes nothing, wherever in the range it is")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base(), last = base + PMD_SIZE + 3 * PAGE_SIZE;
	uint64_t tables;

	require(space);
	expect_equal(map_range(space, last, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE), 0);
	tables = scratch_tables();
	for (uintptr_t start = base; start < last; start += 64 * PAGE_SIZE) {
		expect_equal(map_range(space, start, SCRATCH_PHYS + (start - base),
				       last + PAGE_SIZE - start, SCRATCH_RO, LEVEL_PMD),
			     -EBUSY);
		expect_equal(scratch_tables(), tables);
		expect(!level_at(space, start));
		expect(!level_at(space, last - PAGE_SIZE));
	}
	expect_equal(map_range(space, last, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE),
		     -EBUSY);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PUD_SIZE, SCRATCH_RW, LEVEL_PUD), -EBUSY);
	expect_equal(phys_at(space, last), SCRATCH_PHYS);
	expect(!space_check());
	scratch_close();
}

TEST(map, full_table, "a table that is full refuses once more than it holds")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();

	require(space);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PMD_SIZE, SCRATCH_RW, LEVEL_PTE), 0);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PMD_SIZE, SCRATCH_RW, LEVEL_PTE), -EBUSY);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PMD_SIZE, SCRATCH_RW, LEVEL_PMD), -EBUSY);
	expect(!space_check());
	expect_equal(unmap_range(space, base, PMD_SIZE), 512);
	scratch_close();
}

TEST(map, over_empty_table, "a large leaf takes the place of tables that are empty")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();

	require(space);
	expect_equal(map_range(space, base + 7 * PAGE_SIZE, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW,
			       LEVEL_PTE),
		     0);
	expect_equal(unmap_range(space, base + 7 * PAGE_SIZE, PAGE_SIZE), 1);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PMD_SIZE, SCRATCH_RW, LEVEL_PMD), 0);
	expect_equal(level_at(space, base), LEVEL_PMD);
	expect(!space_check());
	scratch_close();
}

TEST(map, refused, "what is unaligned, not canonical, wraps around, or may be written and executed")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base(), half = space_user_end(space);

	require(space);
	expect_equal(map_range(space, base + 1, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, 1), -EINVAL);
	expect_equal(map_range(space, base, SCRATCH_PHYS + 8, PAGE_SIZE, SCRATCH_RW, 1), -EINVAL);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PAGE_SIZE + 8, SCRATCH_RW, 1), -EINVAL);
	expect_equal(map_range(space, base, SCRATCH_PHYS, 0, SCRATCH_RW, 1), -EINVAL);
	expect_equal(map_range(space, half, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, 1), -EINVAL);
	expect_equal(map_range(space, half - PAGE_SIZE, SCRATCH_PHYS, 2 * PAGE_SIZE, SCRATCH_RW, 1),
		     -EINVAL);
	expect_equal(map_range(space, half - PAGE_SIZE, SCRATCH_PHYS, -2 * half + 2 * PAGE_SIZE,
			       SCRATCH_RW, 1),
		     -EINVAL);
	expect_equal(map_range(space, -PAGE_SIZE, SCRATCH_PHYS, 2 * PAGE_SIZE, SCRATCH_RW, 1),
		     -EINVAL);
	expect_equal(map_range(space, base, (phys_addr_t)1 << 52, PAGE_SIZE, SCRATCH_RW, 1),
		     -EINVAL);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PAGE_SIZE, PAGE_KERNEL_EXEC, 1), -EPERM);
	expect_equal(unmap_range(space, base + 1, PAGE_SIZE), -EINVAL);
	expect_equal(unmap_range(space, base, 0), -EINVAL);
	expect_equal(scratch_tables(), 1);
	scratch_close();
}

static size_t odd_run(struct frame_source *source, size_t wanted, phys_addr_t *start)
{
	(void)source;
	(void)wanted;
	*start = SCRATCH_PHYS;
	return PAGE_SIZE / 2;
}

TEST(map, odd_runs, "frames that come in parts of pages are refused")
{
	struct space *space = scratch_open();
	struct frame_source source = {.next = odd_run};

	require(space);
	expect_equal(
		map_frames(space, scratch_base(), 2 * PAGE_SIZE, &source, SCRATCH_RW, LEVEL_PTE),
		-EINVAL);
	expect(!space_check());
	scratch_close();
}

TEST(map, whole_half, "a range may be anywhere in a half, and across its middle")
{
	struct space *space = scratch_open();
	uintptr_t middle = space_user_end(space) / 2;
	struct leaf leaf;

	require(space);
	if (!walk_lookup(space, middle, &leaf) && !walk_lookup(space, middle - PAGE_SIZE, &leaf))
		expect_equal(unmap_range(space, middle - PAGE_SIZE, 2 * PAGE_SIZE), 0);
	expect_equal(unmap_range(space, 2 * middle - PAGE_SIZE, 2 * PAGE_SIZE), -EINVAL);
	scratch_close();
}

TEST(map, user_is_not_global, "a user page is not global, whatever the protection says")
{
	struct space *space = scratch_open();
	struct leaf leaf = {0};

	require(space);
	expect_equal(map_range(space, scratch_base(), SCRATCH_PHYS, PAGE_SIZE,
			       __pgprot(PAGE_KERNEL.pgprot | _PAGE_USER), LEVEL_PTE),
		     0);
	expect(walk_lookup(space, scratch_base(), &leaf));
	expect_equal(leaf.prot.pgprot & (_PAGE_USER | _PAGE_GLOBAL), _PAGE_USER);
	scratch_close();
}

/* Runs of 1, 2, 3 ... pages, each a page away from the one before. */
struct growing_runs {
	struct frame_source source;
	size_t length, limit; /* pages; the limit is on all together, 0: none */
	phys_addr_t next;
};

static size_t next_growing_run(struct frame_source *source, size_t wanted, phys_addr_t *start)
{
	struct growing_runs *runs = (struct growing_runs *)source;
	size_t size = ++runs->length * PAGE_SIZE;

	if (runs->limit && runs->length > runs->limit)
		return 0;
	*start = runs->next;
	runs->next += size + PAGE_SIZE;
	return size < wanted ? size : wanted;
}

TEST(map, frames, "frames in runs of any length are mapped one behind the other")
{
	struct space *space = scratch_open();
	uintptr_t start = scratch_base() + PMD_SIZE - 5 * PAGE_SIZE;
	struct growing_runs runs = {.source.next = next_growing_run, .next = SCRATCH_PHYS};
	size_t run = 1, page = 0;
	phys_addr_t phys = SCRATCH_PHYS;

	require(space);
	expect_equal(map_frames(space, start, 300 * PAGE_SIZE, &runs.source, SCRATCH_RW, LEVEL_PMD),
		     0);
	while (page < 300) {
		for (size_t i = 0; i < run && page < 300; i++, page++, phys += PAGE_SIZE)
			expect_equal(phys_at(space, start + page * PAGE_SIZE), phys);
		phys += PAGE_SIZE;
		run++;
	}
	expect(!level_at(space, start + 300 * PAGE_SIZE));
	expect(!space_check());
	expect_equal(unmap_range(space, start, 300 * PAGE_SIZE), 300);
	scratch_close();
}

TEST(map, frames_run_out, "too few frames: refused, and everything is as before")
{
	struct space *space = scratch_open();
	uintptr_t start = scratch_base() + PMD_SIZE - 5 * PAGE_SIZE;
	struct growing_runs runs = {
		.source.next = next_growing_run, .next = SCRATCH_PHYS, .limit = 7};

	require(space);
	expect_equal(map_frames(space, start, 300 * PAGE_SIZE, &runs.source, SCRATCH_RW, LEVEL_PMD),
		     -EINVAL);
	expect(!level_at(space, start));
	expect_equal(scratch_tables(), 1);
	expect(!space_check());
	scratch_close();
}

TEST(map, out_of_tables, "whichever table cannot be had: everything as before, none lost")
{
	struct space *space = scratch_open();
	/* over the edge of a 1 GiB entry: two or three tables on each side */
	uintptr_t start = scratch_base() + PUD_SIZE - 3 * PAGE_SIZE;
	size_t size = PMD_SIZE + 7 * PAGE_SIZE;
	uint64_t nth = 1;
	int error;

	require(space);
	for (;; nth++) {
		scratch_fail_table(nth);
		error = map_range(space, start, SCRATCH_PHYS - 3 * PAGE_SIZE, size, SCRATCH_RW,
				  LEVEL_PMD);
		if (!scratch_table_failed())
			break;
		expect_equal(error, -ENOMEM);
		expect_equal(scratch_tables(), 1);
		expect(!level_at(space, start) && !level_at(space, start + size - PAGE_SIZE));
		expect(!space_check());
	}
	expect_equal(error, 0);
	expect_equal(nth, scratch_tables());
	scratch_close();
}

TEST(map, unmap_out_of_tables, "a part of a large leaf stays when it cannot be split")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();
	uint64_t nth = 1;
	long unmapped;

	require(space);
	expect_equal(map_range(space, base, SCRATCH_PHYS, PUD_SIZE, SCRATCH_RW, LEVEL_PUD), 0);
	for (;; nth++) {
		scratch_fail_table(nth);
		unmapped = unmap_range(space, base + PAGE_SIZE, PUD_SIZE - 2 * PAGE_SIZE);
		if (!scratch_table_failed())
			break;
		expect_equal(unmapped, -ENOMEM);
		expect_equal(phys_at(space, base + PAGE_SIZE), SCRATCH_PHYS + PAGE_SIZE);
		expect(!space_check());
	}
	expect(unmapped > 0);
	expect(nth >= 3);
	expect_equal(phys_at(space, base), SCRATCH_PHYS);
	expect(!level_at(space, base + PAGE_SIZE));
	scratch_close();
}

TEST(map, unmap_holes, "holes of every size are stepped over")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();

	require(space);
	expect_equal(unmap_range(space, base + PAGE_SIZE, 2 * PUD_SIZE), 0);
	expect_equal(map_range(space, base + PUD_SIZE + PMD_SIZE, SCRATCH_PHYS, PAGE_SIZE,
			       SCRATCH_RW, LEVEL_PTE),
		     0);
	expect_equal(map_range(space, base + PUD_SIZE + 3 * PMD_SIZE, SCRATCH_PHYS, PMD_SIZE,
			       SCRATCH_RW, LEVEL_PMD),
		     0);
	expect_equal(unmap_range(space, base + PAGE_SIZE, 2 * PUD_SIZE), 2);
	expect_equal(unmap_range(space, base + PAGE_SIZE, 2 * PUD_SIZE), 0);
	scratch_close();
}

TEST(map, wrong_addresses,
     "what is unaligned, not canonical or beyond what an entry holds is refused")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base(), wild = base | (uintptr_t)1 << 62;
	phys_addr_t beyond = ENTRY_ADDRESS_MASK + PAGE_SIZE;

	require(space);
	for (size_t size = PAGE_SIZE; size <= 2 * PAGE_SIZE; size += PAGE_SIZE) {
		uintptr_t bad[] = {base + 8, wild};

		for (unsigned int i = 0; i < 2; i++) {
			expect_equal(
				map_range(space, bad[i], SCRATCH_PHYS, size, SCRATCH_RW, LEVEL_PTE),
				-EINVAL);
			expect_equal(unmap_range(space, bad[i], size), -EINVAL);
		}
		expect_equal(map_range(space, base, SCRATCH_PHYS + 8, size, SCRATCH_RW, LEVEL_PTE),
			     -EINVAL);
		expect_equal(map_range(space, base, beyond, size, SCRATCH_RW, LEVEL_PTE), -EINVAL);
	}
	expect_equal(
		map_range(space, base, beyond - PAGE_SIZE, 2 * PAGE_SIZE, SCRATCH_RW, LEVEL_PTE),
		-EINVAL);
	expect_equal(scratch_tables(), 1);
	scratch_close();
}

TEST(map, very_end, "the last page of all can be mapped alone; no range of several reaches it")
{
	struct space *space = scratch_open();
	uintptr_t last = -PAGE_SIZE;

	require(space);
	expect_equal(map_range(space, last - PAGE_SIZE, SCRATCH_PHYS, 2 * PAGE_SIZE, SCRATCH_RW,
			       LEVEL_PTE),
		     -EINVAL);
	expect_equal(map_range(space, -PMD_SIZE, SCRATCH_PHYS, PMD_SIZE, SCRATCH_RW, LEVEL_PMD),
		     -EINVAL);
	expect_equal(unmap_range(space, -PUD_SIZE, PUD_SIZE), -EINVAL);
	expect_equal(unmap_range(space, -PUD_SIZE, PUD_SIZE - PAGE_SIZE), 0);
	expect_equal(map_range(space, last, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE), 0);
	expect_equal(phys_at(space, last), SCRATCH_PHYS);
	expect_equal(unmap_range(space, -PUD_SIZE, PUD_SIZE - PAGE_SIZE), 0);
	expect_equal(unmap_range(space, last, PAGE_SIZE), 1);
	expect(reclaim_tables(space, -PMD_SIZE, last) > 0);
	scratch_close();
}

/* One run, and then none. */
struct one_run {
	struct frame_source source;
	phys_addr_t start;
	size_t size;
};

static size_t next_one_run(struct frame_source *source, size_t wanted, phys_addr_t *start)
{
	struct one_run *run = (struct one_run *)source;
	size_t size = run->size;

	(void)wanted;
	*start = run->start;
	run->size = 0;
	return size;
}

static int map_run(struct space *space, size_t size, phys_addr_t start, size_t run_size)
{
	struct one_run run = {.source.next = next_one_run, .start = start, .size = run_size};

	return map_frames(space, scratch_base(), size, &run.source, SCRATCH_RW, LEVEL_PMD);
}

TEST(map, wrong_runs, "runs that are unaligned or too few are refused, one too long maps no more")
{
	struct space *space = scratch_open();
	size_t both = 2 * PMD_SIZE;

	require(space);
	expect_equal(map_run(space, both, SCRATCH_PHYS, PMD_SIZE), -EINVAL);
	expect_equal(map_run(space, both, SCRATCH_PHYS + 8, both), -EINVAL);
	expect_equal(map_run(space, both, ENTRY_ADDRESS_MASK + PAGE_SIZE, both), -EINVAL);
	expect_equal(map_run(space, both, SCRATCH_PHYS, both - 8), -EINVAL);
	expect_equal(scratch_tables(), 1);
	expect_equal(map_run(space, both - PAGE_SIZE, SCRATCH_PHYS, both), 0);
	expect_equal(level_at(space, scratch_base()), LEVEL_PMD);
	expect_equal(level_at(space, scratch_base() + PMD_SIZE), LEVEL_PTE);
	expect(!level_at(space, scratch_base() + both - PAGE_SIZE));
	expect(!space_check());
	scratch_close();
}
