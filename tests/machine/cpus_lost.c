/* SPDX-License-Identifier: BSD-2-Clause */
#include "crew.h"
#include "instructions.h"
#include "lib/lock.h"
#include "test.h"
#include "tlb.h"

/*
 * CPUs that do wrong, on purpose: only when asked for by full name. The last CPU is the one, and
 * what becomes of the run tests/qemu/test_cpus.py knows.
 */

static struct spinlock lock = SPINLOCK("lock of a CPU that does wrong", LOCK_RANK_NONE);

static bool is_the_one(void)
{
	return platform_cpu() == test_nr_cpus() - 1;
}

static _Noreturn void spin(void)
{
	for (;;)
		__asm__ volatile("" : : : "memory");
}

static void run_on_all(void (*function)(void *context))
{
	if (test_nr_cpus() < 2)
		test_skip("one CPU");
	expect(test_run_on_cpus(test_nr_cpus(), function, NULL) > 0);
}

static void hang(void *context)
{
	(void)context;
	if (is_the_one())
		spin();
}

TEST_FLAGS(cpus_lost, hang, "a CPU that hangs is called back, and fails the test alone", TEST_NAMED)
{
	run_on_all(hang);
}

static void hang_with_a_lock(void *context)
{
	(void)context;
	if (!is_the_one())
		return;
	spin_lock(&lock);
	spin();
}

TEST_FLAGS(cpus_lost, locked, "a CPU that hangs with a lock held ends the run", TEST_NAMED)
{
	run_on_all(hang_with_a_lock);
}

/* The handler of an NMI that never returns, so that no further one comes either. */
static void hang_without_nmi(void *context)
{
	enum { NMI = 2, INTERRUPT_GATE = 0x8e };
	static struct {
		uint16_t low, selector, type, middle;
		uint32_t high, reserved;
	} gates[NMI + 1];
	struct table_register table = {sizeof(gates) - 1, (uintptr_t)gates};
	uintptr_t handler = (uintptr_t)spin;

	(void)context;
	if (!is_the_one())
		return;
	gates[NMI].low = (uint16_t)handler;
	gates[NMI].middle = (uint16_t)(handler >> 16);
	gates[NMI].high = (uint32_t)(handler >> 32);
	gates[NMI].selector = read_cs();
	gates[NMI].type = INTERRUPT_GATE << 8;
	write_idtr(&table);
	spin();
}

TEST_FLAGS(cpus_lost, deaf, "a CPU that does not even hear an NMI is reset, and the run goes on",
	   TEST_NAMED)
{
	run_on_all(hang_without_nmi);
}

static unsigned int blind;

/* One does not look for flushes, and another one wants it to. */
static void do_not_look(void *context)
{
	(void)context;
	if (is_the_one()) {
		__atomic_store_n(&blind, 1, __ATOMIC_SEQ_CST);
		spin();
	}
	if (platform_cpu() != 0)
		return;
	while (!__atomic_load_n(&blind, __ATOMIC_SEQ_CST))
		platform_pause();
	tlb_flush_all();
}

TEST_FLAGS(cpus_lost, blind, "a CPU that does not look for flushes is called back", TEST_NAMED)
{
	blind = 0;
	run_on_all(do_not_look);
}

static volatile uintptr_t nowhere = 0x18;

static void go_wild(void *context)
{
	(void)context;
	if (is_the_one())
		*(volatile int *)nowhere = 1;
}

TEST_FLAGS(cpus_lost, wild, "a fault on another CPU fails the test, and is told as that CPU's",
	   TEST_NAMED)
{
	run_on_all(go_wild);
}

static void go_wild_with_a_lock(void *context)
{
	(void)context;
	if (!is_the_one())
		return;
	spin_lock(&lock);
	*(volatile int *)nowhere = 1;
}

TEST_FLAGS(cpus_lost, wild_locked, "a fault on another CPU with a lock held ends the run",
	   TEST_NAMED)
{
	run_on_all(go_wild_with_a_lock);
}
