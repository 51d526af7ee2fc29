/* SPDX-License-Identifier: BSD-2-Clause */
#include "platform.h"
#include "console.h"
#include "cpus.h"
#include "crew.h"
#include "gate.h"
#include "instructions.h"
#include "lib/lock.h"
#include "main.h"
#include "outside.h"

/* The machine's side of platform.h, as far as it does not stand in cpu_features.c, clock.c and
 * console.c. The gate opens on the first CPU alone. */

unsigned int platform_nr_cpus(void)
{
	return cpus_nr();
}

bool platform_cpu_inside(unsigned int cpu)
{
	return gate_is_closed_of(cpu);
}

void platform_pause(void)
{
	__builtin_ia32_pause();
	crew_look();
}

/* By CPU, a cache line each. */
static struct {
	uint64_t turns;
} __attribute__((aligned(64))) relaxed[CPUS_MAX];

uint64_t platform_relaxed(unsigned int cpu)
{
	return __atomic_load_n(&relaxed[cpu].turns, __ATOMIC_SEQ_CST);
}

void platform_quiescent(void)
{
	lock_assert_none_held();
	__atomic_fetch_add(&relaxed[platform_cpu()].turns, 1, __ATOMIC_SEQ_CST);
}

void platform_relax(void)
{
	platform_quiescent();
	crew_look();
	if (platform_cpu() == 0 && gate_is_closed())
		outside_visit_when_due();
}

/* Another CPU leaves the ending to the first one. */
static _Noreturn void leave_to_the_first(const char *reason)
{
	crew_end_run(reason);
	if (gate_is_closed())
		gate_abort();
	for (;;)
		__builtin_ia32_pause();
}

void platform_abort(const char *reason)
{
	locks_forget();
	log_note("the run ends here: %s", reason);
	if (platform_cpu() != 0)
		leave_to_the_first(reason);
	crew_abandon();
	if (gate_is_closed())
		gate_abort();
	run_crashed();
}

uint64_t platform_read_cr2(void)
{
	return read_cr2();
}

uint64_t platform_read_cr3(void)
{
	return read_cr3();
}

uint64_t platform_read_cr4(void)
{
	return read_cr4();
}

void platform_write_cr3(uint64_t value)
{
	write_cr3(value);
}

void platform_write_cr4(uint64_t value)
{
	write_cr4(value);
}

void platform_invlpg(uintptr_t address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

void platform_invpcid(unsigned int type, unsigned int pcid, uintptr_t address)
{
	struct {
		uint64_t pcid, address;
	} descriptor = {pcid, address};

	__asm__ volatile("invpcid %0, %1" : : "m"(descriptor), "r"((uint64_t)type) : "memory");
}

uint64_t platform_read_msr(uint32_t msr)
{
	return read_msr(msr);
}

void platform_write_msr(uint32_t msr, uint64_t value)
{
	write_msr(msr, value);
}
