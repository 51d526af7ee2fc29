/* SPDX-License-Identifier: BSD-2-Clause */
#include "map.h"
#include "platform.h"
#include "reclaim.h"
#include "scratch.h"
#include "test.h"
#include "tlb.h"
#include "walk.h"

/*
 * Neighbours in the same tables, each page with an owner: CPU n has every nth page. Tables come and
 * go under all of them at once.
 */
enum { PAGES = 1024, ROUNDS = 400, CPUS_MAX = 8 };

static struct shared {
	struct space *space;
	uintptr_t base; /* 2 MiB before a 1 GiB boundary */
	uint64_t failures, reclaimed;
} shared;

static bool map_and_look(uintptr_t address, phys_addr_t phys)
{
	struct leaf leaf;

	return map_range(shared.space, address, phys, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE) == 0 &&
	       walk_lookup(shared.space, address, &leaf) && leaf.phys == phys;
}

static bool unmap_and_look(uintptr_t address)
{
	struct leaf leaf;

	return unmap_range(shared.space, address, PAGE_SIZE) == 1 &&
	       !walk_lookup(shared.space, address, &leaf);
}

static void work_on_own_pages(void *context)
{
	unsigned int cpu = platform_cpu(), round;
	uint64_t failures = 0, reclaimed = 0;

	(void)context;
	test_wait_for_all();
	for (round = 0; round < ROUNDS; round++) {
		size_t page = (round * 37 % (PAGES / CPUS_MAX)) * CPUS_MAX + cpu % CPUS_MAX;
		uintptr_t address = shared.base + page * PAGE_SIZE;

		failures += !map_and_look(address, SCRATCH_PHYS + page * PAGE_SIZE);
		failures += !unmap_and_look(address);
		if (round % 4 == 0)
			reclaimed += reclaim_tables(shared.space, shared.base,
						    shared.base + PAGES * PAGE_SIZE);
	}
	__atomic_fetch_add(&shared.failures, failures, __ATOMIC_RELAXED);
	__atomic_fetch_add(&shared.reclaimed, reclaimed, __ATOMIC_RELAXED);
}

TEST(map, cpus, "CPUs make, fill, empty and free the same tables at once, and none loses a page")
{
	unsigned int nr_cpus = test_nr_cpus() < CPUS_MAX ? test_nr_cpus() : CPUS_MAX;

	shared = (struct shared){.space = scratch_open()};
	require(shared.space);
	shared.base = scratch_base() + PUD_SIZE - PMD_SIZE;
	test_run_on_cpus(nr_cpus, work_on_own_pages, NULL);
	expect_equal(shared.failures, 0);
	expect(shared.reclaimed > 0);
	expect(!space_check());
	scratch_close();
}
