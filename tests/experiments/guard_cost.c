/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmlab.h>

/*
 * Question: what does the guard page behind an area cost?
 *
 * 2,048 areas of one page, with guards of 1 page and of 9: a guard page is an eighth of the
 * difference.
 *
 * Answer: no frame and no time. A page of addresses, and 8 bytes of the page tables for each page
 * of addresses: an area of one page needs twice as much of both as it would without.
 */

enum { AREAS = 2048, FEW = 1, MANY = 9 };

struct cost {
	uint64_t ticks, address_bytes, table_bytes; /* of an area */
};

static void restore_guard(void *width)
{
	vmap_area_set_guard((unsigned int)(uintptr_t)width);
}

static struct cost cost_with(unsigned int width, const char *what)
{
	char **areas = play_memory(AREAS * sizeof(*areas)), *middle;
	uint64_t tables;
	struct cost cost;

	vmap_area_set_guard(width);
	measure(what, option_u64("loops", 1000)) vfree(vmalloc(PAGE_SIZE));
	cost.ticks = measured()->median;
	mm_quiesce();
	tables = space_nr_tables();
	for (unsigned int i = 0; i < AREAS; i++)
		require(areas[i] = vmalloc(PAGE_SIZE));
	middle = areas[AREAS / 2]; /* from here on nothing but ours */
	cost.address_bytes = (uint64_t)(areas[AREAS - 1] - middle) / (AREAS / 2 - 1);
	cost.table_bytes = (space_nr_tables() - tables) * PAGE_SIZE / AREAS;
	expect_fault(read, middle + PAGE_SIZE);
	expect_fault(write, middle + width * PAGE_SIZE + PAGE_SIZE - 1);
	for (unsigned int i = 0; i < AREAS; i++)
		vfree(areas[i]);
	return cost;
}

EXPERIMENT(guard_cost, "every byte of a guard faults, and a guard costs no frame")
{
	static struct test_end end = {.function = restore_guard};
	struct cost few, many;

	end.context = (void *)(uintptr_t)vmap_area_guard();
	test_at_end(&end);
	few = cost_with(FEW, "vmalloc and vfree, 1 page of guard");
	many = cost_with(MANY, "vmalloc and vfree, 9 pages of guard");
	report("time a guard page", ((int64_t)many.ticks - (int64_t)few.ticks) / (MANY - FEW),
	       "ticks");
	report("addresses a guard page", (many.address_bytes - few.address_bytes) / (MANY - FEW),
	       "bytes");
	report("tables a guard page", (many.table_bytes - few.table_bytes) / (MANY - FEW), "bytes");
}
