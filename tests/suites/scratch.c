/* SPDX-License-Identifier: BSD-2-Clause */
#include "scratch.h"
#include "ioremap.h"
#include "map.h"
#include "reclaim.h"
#include "test.h"
#include "walk.h"

static struct space scratch; /* static, for it outlives a test that gives up */

static struct failing {
	struct table_source real;
	bool installed, failed;
	uint64_t countdown;
} failing;

static phys_addr_t failing_alloc(void *context, bool low)
{
	(void)context;
	if (failing.countdown && --failing.countdown == 0) {
		failing.failed = true;
		return 0;
	}
	return failing.real.alloc(failing.real.context, low);
}

static void failing_free(void *context, phys_addr_t table)
{
	(void)context;
	failing.real.free(failing.real.context, table);
}

void scratch_fail_table(uint64_t nth)
{
	static const struct table_source source = {.alloc = failing_alloc, .free = failing_free};

	if (!failing.installed) {
		space_get_source(&failing.real);
		space_set_source(&source);
		failing.installed = true;
	}
	failing.failed = false;
	failing.countdown = nth;
}

bool scratch_table_failed(void)
{
	if (failing.installed)
		space_set_source(&failing.real);
	failing.installed = false;
	return failing.failed;
}

/* All that suites use of it. On the host the shared regions follow, in the same half. */
static void clear_away(void)
{
	uintptr_t start = scratch_base(), size = SCRATCH_GIBS * PUD_SIZE;

	unmap_range(&scratch, start, size);
	reclaim_tables(&scratch, start, start + size);
}

struct space *scratch_open(void)
{
	scratch_table_failed();
	if (scratch.root) {
		clear_away();
		space_destroy(&scratch);
	}
	return expect_equal(space_create(&scratch), 0) ? &scratch : NULL;
}

uintptr_t scratch_base(void)
{
	return space_user_start(&scratch);
}

void scratch_close(void)
{
	scratch_table_failed();
	clear_away();
	expect_equal(scratch_tables(), 1);
	expect_equal(space_destroy(&scratch), 0);
}

uint64_t scratch_tables(void)
{
	uint64_t nr = 0;

	for (unsigned int level = LEVEL_PTE; level <= LEVEL_PGD; level++)
		nr += scratch.tables[level];
	return nr;
}

entry_t *scratch_entry(uintptr_t address)
{
	phys_addr_t table = scratch.root;

	for (unsigned int level = scratch.levels == 5 ? LEVEL_PGD : LEVEL_P4D; level > LEVEL_PTE;
	     level--)
		table = entry_table_phys(
			((entry_t *)phys_to_virt(table))[level_index(address, level)]);
	return (entry_t *)phys_to_virt(table) + level_index(address, LEVEL_PTE);
}

phys_addr_t scratch_above_memory(void)
{
	phys_addr_t phys = (ioremap_ram_end() + 2 * PUD_SIZE) & ~(PUD_SIZE - 1);

	return (phys + PUD_SIZE) >> platform_cpu_features()->phys_bits ? 0 : phys;
}

phys_addr_t scratch_device(void)
{
	phys_addr_t phys = scratch_above_memory();

	if (!phys)
		test_skip("no addresses above the memory");
	return phys;
}
