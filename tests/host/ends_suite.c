/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "apart.h"
#include "fail.h"
#include "fault.h"
#include "fault_report.h"
#include "host_clock.h"
#include "lib/assert.h"
#include "lib/format.h"
#include "lib/lock.h"
#include "machine.h"
#include "page_alloc.h"
#include "scarce.h"
#include "slab.h"
#include "space.h"
#include "test.h"
#include "tlb.h"
#include "vmalloc.h"

/*
 * What ends the run, each in a copy of the process: with which words, and not before it must. The
 * clock of the copy goes fast where there is something to wait for.
 */

enum { FAST = 10000 };

static void break_assertion(void)
{
	assert_failed("somewhere.c", 7, "one == two", "%d, %s", 3, "four");
}

TEST(ends, assertion, "an assertion that does not hold: where, what, with which values")
{
	expect(apart_ends(break_assertion, "somewhere.c:7: does not hold: one == two (3, four)"));
}

static void take(uint64_t vector, uint64_t error)
{
	struct trap_frame frame = {.vector = vector, .error = error, .rip = 0x10, .rsp = 8};

	fault_handle(&frame, 0x1234000);
}

static void double_fault(void)
{
	take(VECTOR_DF, 0);
}

static void machine_check(void)
{
	take(VECTOR_MC, 0);
}

/* Caught by the runner's catch, then by none, though there is one. */
static void while_away(void)
{
	struct fault_catch catch;

	fault_catch_away(false);
	take(VECTOR_UD, 0);
	if (fault_catch(&catch))
		return;
	fault_catch_away(true);
	take(VECTOR_UD, 0);
}

static void under_lock(void)
{
	static struct spinlock lock = SPINLOCK("a lock", 0);

	spin_lock(&lock);
	take(VECTOR_UD, 0);
}

/* CPU 1 runs nothing that anybody would catch faults of. */
static void uncaught(void)
{
	machine_become(1);
	machine_enter(kernel_space.root);
	fault_set_time_limit(1);
	take(VECTOR_NMI, 0);
	take(VECTOR_UD, 0);
}

static void second_fault(void)
{
	take(VECTOR_GP, 0x18);
	fault_depths[platform_cpu()].nr = 1;
	take(VECTOR_PF, 0);
}

static void third_fault(void)
{
	fault_depths[platform_cpu()].nr = 2;
	take(VECTOR_PF, 0);
}

/* Goes on, though it is over its time: nothing can be left from there. */
static void nmi_in_handler(void)
{
	fault_depths[platform_cpu()].nr = 1;
	fault_set_time_limit(1);
	take(VECTOR_NMI, 0);
	fault_depths[platform_cpu()].nr = 2;
	take(VECTOR_UD, 0);
}

TEST(ends, faults, "faults that nobody can go on from")
{
	const char *report;
	int status;

	expect(apart_ends(double_fault, "double fault (#DF), error code 0x0, at 0x10; "
					"it leaves nothing to go on with"));
	expect(apart_ends(machine_check, "machine check (#MC), error code 0x0, at 0x10; "
					 "it leaves nothing to go on with"));
	expect(apart_ends(while_away,
			  "invalid opcode (#UD), error code 0x0, at 0x10; nobody catches it"));
	expect(apart_ends(under_lock,
			  "invalid opcode (#UD), error code 0x0, at 0x10; this CPU holds a lock"));
	if (platform_nr_cpus() > 1)
		expect(apart_ends(
			uncaught,
			"invalid opcode (#UD), error code 0x0, at 0x10; nobody catches it"));
	expect(apart_ends(second_fault,
			  "vector 14 in the fault handler, address 0x1234000, rip 0x10; before it: "
			  "general protection (#GP), error code 0x18, at 0x10"));
	report = strstr(apart(second_fault, &status), "rax ");
	expect(report && strstr(report + 1, "rax ")); /* of both */
	expect(apart_ends(third_fault, "faults in the fault handler"));
	expect(apart_ends(nmi_in_handler, "faults in the fault handler"));
}

static struct spinlock held = SPINLOCK("the lock", 0);

static void wait_for_lock(void)
{
	spin_set_wait_work(NULL);
	spin_lock(&held);
	machine_become(1);
	host_clock_rate(FAST);
	spin_lock(&held);
}

/* CPU 1 is inside the gate, and does nothing. */
static void put_cpu_inside(void)
{
	machine_become(1);
	machine_enter(kernel_space.root);
	tlb_cpu_enter();
	machine_become(0);
	host_clock_rate(FAST);
}

static void wait_for_flush(void)
{
	put_cpu_inside();
	tlb_flush_all();
}

/* Flushes are not what is waited for. */
static void put_reader_inside(void)
{
	put_cpu_inside();
	tlb_set_late_handler(NULL);
	tlb_cpu_lost(1);
}

static void wait_for_grace(void)
{
	void *object = kmalloc(64, GFP_KERNEL);

	put_reader_inside();
	kvfree_rcu_mightsleep(object);
	kvfree_rcu_barrier();
}

/* Without a frame to note the object in. */
static void wait_at_once(void)
{
	void *object = kmalloc(64, GFP_KERNEL);

	take_all_frames();
	put_reader_inside();
	kvfree_rcu_mightsleep(object);
}

TEST(ends, waiting, "what waits for another CPU ends the run after its time, and says for whom")
{
	if (platform_nr_cpus() < 2)
		test_skip("one CPU");
	expect(apart_ends(wait_for_lock, "platform_ticks() < limit (CPU 1 waits for the lock, "
					 "held by CPU 0)"));
	expect(apart_ends(wait_for_flush,
			  "seconds < LATE_SECONDS_MAX (CPU 1 has not flushed for 20 s)"));
	expect(apart_ends(wait_for_grace,
			  "platform_ticks() < limit (CPU 1 has not relaxed for 60 seconds)"));
	expect(apart_ends(wait_at_once,
			  "platform_ticks() < limit (CPU 1 has not relaxed for 60 seconds)"));
}

static bool is_given_up(unsigned int cpu, unsigned int seconds)
{
	log_line("CPU %u is late by %u s", cpu, seconds);
	return seconds == 3;
}

static void wait_for_late(void)
{
	struct tlb_stats before, after;

	put_cpu_inside();
	tlb_set_late_handler(is_given_up);
	tlb_get_stats(&before);
	tlb_flush_range(PAGE_OFFSET, PAGE_OFFSET + PAGE_SIZE);
	tlb_flush_all(); /* nobody is there to wait for any more */
	tlb_get_stats(&after);
	log_line("%lu %lu %lu", after.ranges - before.ranges, after.alls - before.alls,
		 after.shootdowns - before.shootdowns);
}

TEST(ends, late, "the handler of late CPUs is asked each second, and gives them up")
{
	int status;

	if (platform_nr_cpus() < 2)
		test_skip("one CPU");
	expect_string(apart(wait_for_late, &status),
		      "# CPU 1 is late by 1 s\n# CPU 1 is late by 2 s\n"
		      "# CPU 1 is late by 3 s\n# 1 1 1\n");
	expect_equal(status, 0);
}

static void make_cache(void)
{
	fail_arm(1, FAIL_ALL_POINTS);
	kmem_cache_create("needed", 64, 0, SLAB_PANIC, NULL);
}

static void frame_of_none(void)
{
	take_all_frames();
	alloc_page(GFP_KERNEL | __GFP_NOFAIL);
}

/* Every address of the range is taken; nobody will give any back. */
static void address_of_none(void)
{
	uintptr_t start = VMALLOC_END - 64 * PAGE_SIZE, end = start + 8 * PAGE_SIZE;

	while (__vmalloc_node_range(PAGE_SIZE, 1, start, end, GFP_KERNEL | __GFP_NOWARN,
				    PAGE_KERNEL, 0, NUMA_NO_NODE, NULL))
		;
	__vmalloc_node_range(PAGE_SIZE, 1, start, end, GFP_KERNEL | __GFP_NOFAIL | __GFP_NOWARN,
			     PAGE_KERNEL, 0, NUMA_NO_NODE, NULL);
}

static void area_of_none(void)
{
	take_all_frames();
	__vmalloc(PAGE_SIZE, GFP_KERNEL | __GFP_NOFAIL);
}

TEST(ends, memory, "what must not fail, where nobody is left who could free anything")
{
	expect(apart_ends(make_cache, "a cache that the run needs cannot be made"));
	expect(apart_ends(frame_of_none, "out of memory under __GFP_NOFAIL"));
	expect(apart_ends(area_of_none, "out of memory under __GFP_NOFAIL"));
	expect(apart_ends(address_of_none, "vmalloc: no memory under __GFP_NOFAIL"));
}
