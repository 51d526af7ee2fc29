/* SPDX-License-Identifier: BSD-2-Clause */
#include "page_alloc.h"
#include "test.h"
#include "vmalloc.h"
#include "words.h"

/*
 * No memory left, on all CPUs at the same time. In the lowest zone, which every machine has and
 * which is small.
 */

enum { AREA_PAGES = 5, ROUNDS = 3 };
#define GFP (GFP_KERNEL | GFP_DMA | __GFP_NOWARN)

/* Each area names the one before it, so that the list needs no memory. */
struct area_in_list {
	struct area_in_list *next;
	uint64_t pattern[8];
};

static uint64_t areas[PLATFORM_CPUS_MAX], failures[PLATFORM_CPUS_MAX];
static unsigned int broken;

static struct area_in_list *take_all(unsigned int cpu)
{
	struct area_in_list *list = NULL, *area;

	while ((area = __vmalloc(AREA_PAGES * PAGE_SIZE, GFP))) {
		area->next = list;
		pattern_fill(area->pattern, sizeof(area->pattern), (uintptr_t)area ^ cpu);
		list = area;
		areas[cpu]++;
	}
	failures[cpu]++;
	return list;
}

static void give_all(struct area_in_list *list, unsigned int cpu)
{
	while (list) {
		struct area_in_list *next = list->next;

		if (!pattern_holds(list->pattern, sizeof(list->pattern), (uintptr_t)list ^ cpu))
			__atomic_fetch_add(&broken, 1, __ATOMIC_RELAXED);
		vfree(list);
		list = next;
	}
}

static void take_and_give(void *context)
{
	unsigned int cpu = platform_cpu();

	(void)context;
	for (unsigned int i = 0; i < ROUNDS; i++)
		give_all(take_all(cpu), cpu);
}

TEST(exhaust_cpus, vmalloc, "CPUs that use up all memory at once get NULL, and lose nothing")
{
	unsigned int nr;
	uint64_t all = 0;

	broken = 0;
	for (unsigned int cpu = 0; cpu < PLATFORM_CPUS_MAX; cpu++)
		areas[cpu] = failures[cpu] = 0;
	nr = test_run_on_cpus(8, take_and_give, NULL);
	for (unsigned int cpu = 0; cpu < nr; cpu++) {
		expect_equal(failures[cpu], ROUNDS);
		all += areas[cpu];
	}
	expect(all > 0);
	expect_equal(broken, 0);
	vm_unmap_aliases();
	expect(!page_alloc_check());
}
