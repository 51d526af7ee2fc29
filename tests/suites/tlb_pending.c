/* SPDX-License-Identifier: BSD-2-Clause */
#include "map.h"
#include "page_alloc.h"
#include "test.h"
#include "tlb.h"
#include "vmalloc.h"

/*
 * Several CPUs ask for a flush while one does not answer: when it does, it does all that was asked.
 * The last CPU is the late one; each of the others changes a page that it has read.
 */

enum { ASKING = 3, SECONDS_MAX = 5 };

static struct vm_struct *area;
static struct page *frames[2]; /* what all pages are mapped to, before and after */
static unsigned int stale;

static volatile uint64_t *word_of(unsigned int cpu)
{
	return (uint64_t *)((char *)area->addr + cpu * PAGE_SIZE);
}

static void map_page(unsigned int cpu, unsigned int which)
{
	uintptr_t at = (uintptr_t)word_of(cpu);

	unmap_range(&kernel_space, at, PAGE_SIZE);
	expect_equal(map_range(&kernel_space, at, page_to_phys(frames[which]), PAGE_SIZE,
			       PAGE_KERNEL, LEVEL_PTE),
		     0);
}

/* Whether all others have asked by now, and wait. */
static bool all_have_asked(unsigned int nr, const uint64_t *before)
{
	struct tlb_stats stats;

	for (unsigned int cpu = 0; cpu < nr; cpu++) {
		tlb_get_cpu_stats(cpu, &stats);
		if (stats.shootdowns == before[cpu])
			return false;
	}
	return true;
}

/* Does not poll, until the others wait for it; then it does, and reads. */
static void be_late(unsigned int nr, const uint64_t *before)
{
	uint64_t limit = platform_ticks() + SECONDS_MAX * platform_ticks_per_second(), read = 0;

	for (unsigned int cpu = 0; cpu < nr; cpu++)
		read += *word_of(cpu);
	expect_equal(read, 0);
	require(test_wait_for_all());
	while (!all_have_asked(nr, before) && platform_ticks() < limit)
		platform_pause();
	for (limit = platform_ticks() + platform_ticks_per_second() / 1000;
	     platform_ticks() < limit;)
		platform_pause(); /* a request is counted shortly before it is made */
	tlb_poll();
	for (unsigned int cpu = 0; cpu < nr; cpu++)
		stale += *word_of(cpu) != 1;
}

static void ask_or_be_late(void *context)
{
	unsigned int cpu = platform_cpu(), nr = *(unsigned int *)context;
	uintptr_t elsewhere = VMALLOC_END - PAGE_SIZE;
	uint64_t before[ASKING];
	struct tlb_stats stats;

	/* no request for everything stands in the ring any more */
	for (unsigned int i = 0; i < 4; i++)
		tlb_flush_range(elsewhere, elsewhere + PAGE_SIZE);
	require(test_wait_for_all());
	for (unsigned int i = 0; i < nr; i++) {
		tlb_get_cpu_stats(i, &stats);
		before[i] = stats.shootdowns;
	}
	require(test_wait_for_all());
	if (cpu == nr) {
		be_late(nr, before);
		return;
	}
	require(test_wait_for_all());
	map_page(cpu, 1);
	tlb_flush_range((uintptr_t)word_of(cpu), (uintptr_t)word_of(cpu) + PAGE_SIZE);
}

TEST(tlb_pending, late, "a CPU that answers late flushes all that was asked for meanwhile")
{
	unsigned int nr = test_nr_cpus() - 1 < ASKING ? test_nr_cpus() - 1 : ASKING;

	if (nr < 2)
		test_skip("fewer than three CPUs");
	area = get_vm_area(ASKING * PAGE_SIZE, VM_MAP);
	frames[0] = alloc_page(GFP_KERNEL | __GFP_ZERO);
	frames[1] = alloc_page(GFP_KERNEL | __GFP_ZERO);
	require(area && frames[0] && frames[1]);
	*(uint64_t *)page_address(frames[1]) = 1;
	stale = 0;
	for (unsigned int cpu = 0; cpu < nr; cpu++)
		map_page(cpu, 0);
	tlb_flush_all();
	test_run_on_cpus(nr + 1, ask_or_be_late, &nr);
	expect_equal(stale, 0);
	vunmap_range((unsigned long)(uintptr_t)area->addr,
		     (unsigned long)(uintptr_t)area->addr + ASKING * PAGE_SIZE);
	free_vm_area(area);
	for (unsigned int i = 0; i < 2; i++)
		__free_page(frames[i]);
}
