/* SPDX-License-Identifier: BSD-2-Clause */
#include "tlb.h"
#include "apart.h"
#include "host_clock.h"
#include "machine.h"
#include "space.h"
#include "lib/format.h"
#include "test.h"
#include "translations.h"
#include "vmalloc.h"

/* CPUs that are played, in a copy of the process: each does something when it is its turn. */

enum { FAST = 10000 };

static void put_inside(unsigned int cpu)
{
	machine_become(cpu);
	machine_enter(kernel_space.root);
	tlb_cpu_enter();
}

static bool give_up(unsigned int cpu, unsigned int seconds)
{
	log_line("CPU %u is late by %u s", cpu, seconds);
	return true;
}

static uint64_t flushes_of(unsigned int cpu)
{
	struct tlb_stats stats;
	uint64_t flushes = 0;

	tlb_get_cpu_stats(cpu, &stats);
	for (unsigned int i = 0; i < NR_TLB_METHODS; i++)
		flushes += stats.flushes[i];
	return flushes + stats.answered;
}

/* CPU 1 asks; CPU 2 takes part and does not answer; CPU 0 has left. */
static void ask_one_that_left(void)
{
	uint64_t flushes;

	tlb_cpu_leave();
	put_inside(2);
	put_inside(1);
	tlb_set_late_handler(give_up);
	host_clock_rate(FAST);
	tlb_flush_all();
	machine_become(0);
	flushes = flushes_of(0);
	tlb_poll();
	log_line("outside: %lu flushes", flushes_of(0) - flushes);
	tlb_cpu_enter();
	log_line("entered: %lu flushes", flushes_of(0) - flushes);
	tlb_poll();
	log_line("inside: %lu flushes", flushes_of(0) - flushes);
}

TEST(tlb, polled_outside, "a CPU that has left flushes nothing for others, and all as it enters")
{
	int status;

	if (platform_nr_cpus() < 3)
		test_skip("fewer than three CPUs");
	expect_string(apart(ask_one_that_left, &status),
		      "# CPU 2 is late by 1 s\n# outside: 0 flushes\n# entered: 1 flushes\n"
		      "# inside: 1 flushes\n");
	expect_equal(status, 0);
}

static bool answer(unsigned int cpu, unsigned int seconds)
{
	unsigned int waiting = platform_cpu();

	(void)seconds;
	machine_become(cpu);
	tlb_poll();
	machine_become(waiting);
	return false;
}

static void flush_a_page(void)
{
	tlb_flush_range(layout.vmalloc_start, layout.vmalloc_start + PAGE_SIZE);
}

/* CPU 1 waits for CPU 2: meanwhile CPU 3 asks, and waits for both, which answer then. */
static bool ask_too(unsigned int cpu, unsigned int seconds)
{
	if (platform_cpu() != 1)
		return answer(cpu, seconds);
	machine_become(3);
	flush_a_page();
	machine_become(1);
	return false;
}

static void ask_at_once(void)
{
	struct tlb_stats before[4], after;

	tlb_cpu_leave();
	for (unsigned int cpu = 3; cpu > 0; cpu--)
		put_inside(cpu);
	host_clock_rate(FAST);
	tlb_set_late_handler(answer);
	tlb_flush_all(); /* what stands in the ring before theirs */
	for (unsigned int cpu = 1; cpu <= 3; cpu++)
		tlb_get_cpu_stats(cpu, &before[cpu]);
	tlb_set_late_handler(ask_too);
	flush_a_page();
	for (unsigned int cpu = 1; cpu <= 3; cpu++) {
		tlb_get_cpu_stats(cpu, &after);
		log_line("CPU %u: %lu answered, %lu pages", cpu,
			 after.answered - before[cpu].answered,
			 after.flushes[TLB_INVLPG] - before[cpu].flushes[TLB_INVLPG]);
	}
}

/* CPU 3 flushes its own page a second time, when it comes to it behind that of CPU 1. */
TEST(tlb, asked_at_once, "CPUs that ask one another at once flush what was asked for, and count it")
{
	int status;

	if (platform_nr_cpus() < 4)
		test_skip("fewer than four CPUs");
	expect_string(apart(ask_at_once, &status), "# CPU 1: 1 answered, 2 pages\n"
						   "# CPU 2: 2 answered, 2 pages\n"
						   "# CPU 3: 1 answered, 3 pages\n");
	expect_equal(status, 0);
}

/* Which of the first pages of an area are in the TLB: a page that is not is filled in. */
static unsigned int count_cached(const char *pages, unsigned int nr)
{
	struct translations_stats before, after;

	translations_get_stats(&before);
	for (unsigned int i = 0; i < nr; i++)
		(void)*(const volatile char *)(pages + i * PAGE_SIZE);
	translations_get_stats(&after);
	return nr - (unsigned int)(after.fills - before.fills);
}

/* The area is taken for the direct map, whose leaves are read again after each flush of all. */
static void measure_with(unsigned int nr)
{
	char *pages = vzalloc(nr * PAGE_SIZE);

	layout.page_offset = (uintptr_t)pages;
	layout.page_offset_end = layout.page_offset + nr * PAGE_SIZE;
	tlb_init();
	log_line("%u of %u", count_cached(pages, nr), nr);
}

static void measure_flushes(void)
{
	measure_with(5);
	measure_with(32);
	measure_with(40);
}

TEST(tlb, refills, "what a flush of all costs is measured with up to 32 translations to fill again")
{
	int status;

	expect_string(apart(measure_flushes, &status), "# 5 of 5\n# 32 of 32\n# 32 of 40\n");
	expect_equal(status, 0);
}

static uint64_t flushes_by(const struct tlb_stats *stats, enum tlb_method method)
{
	return stats->flushes[method];
}

/* CPU 1 asks, CPU 2 answers. */
static void ask_for_all(void)
{
	struct tlb_stats before, after;

	tlb_cpu_leave();
	put_inside(2);
	put_inside(1);
	host_clock_rate(FAST);
	tlb_set_late_handler(answer);
	tlb_get_cpu_stats(2, &before);
	tlb_flush_all();
	tlb_get_cpu_stats(2, &after);
	log_line("%lu answered, %lu pages", after.answered - before.answered,
		 flushes_by(&after, TLB_INVLPG) - flushes_by(&before, TLB_INVLPG));
}

TEST(tlb, asked_for_all, "a CPU that is asked to flush everything does so, and not page by page")
{
	int status;

	if (platform_nr_cpus() < 3)
		test_skip("fewer than three CPUs");
	expect_string(apart(ask_for_all, &status), "# 1 answered, 0 pages\n");
	expect_equal(status, 0);
}

static bool tell_late(unsigned int cpu, unsigned int seconds)
{
	log_line("CPU %u waits for CPU %u, which is %s", platform_cpu(), cpu,
		 fault_detour(cpu) & DETOUR_FLUSH ? "sent here" : "not told");
	return answer(cpu, seconds);
}

/* CPU 1 with CPU 0 alone, then each of three. */
static void ask_in_turn(void)
{
	tlb_set_late_handler(tell_late);
	host_clock_rate(FAST);
	put_inside(1);
	flush_a_page();
	put_inside(2);
	for (unsigned int cpu = 0; cpu < 3; cpu++) {
		machine_become(cpu);
		flush_a_page();
	}
}

TEST(tlb, waits_for_each,
     "who asks sends every other CPU that takes part to answer, and waits for it")
{
	int status;

	if (platform_nr_cpus() < 3)
		test_skip("fewer than three CPUs");
	expect_string(apart(ask_in_turn, &status), "# CPU 1 waits for CPU 0, which is sent here\n"
						   "# CPU 0 waits for CPU 1, which is sent here\n"
						   "# CPU 0 waits for CPU 2, which is sent here\n"
						   "# CPU 1 waits for CPU 0, which is sent here\n"
						   "# CPU 1 waits for CPU 2, which is sent here\n"
						   "# CPU 2 waits for CPU 0, which is sent here\n"
						   "# CPU 2 waits for CPU 1, which is sent here\n");
	expect_equal(status, 0);
}
