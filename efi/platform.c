/* SPDX-License-Identifier: BSD-2-Clause */
#include "platform.h"
#include "console.h"
#include "gate.h"
#include "instructions.h"
#include "lib/lock.h"
#include "main.h"
#include "outside.h"

/* The machine's side of platform.h, as far as it does not stand in cpu_features.c, clock.c and
 * console.c. The boot processor is the only one that runs our code. */

unsigned int platform_boot_cpu;

unsigned int platform_nr_cpus(void)
{
	return 1;
}

bool platform_cpu_inside(unsigned int cpu)
{
	return cpu == 0 && gate_is_closed();
}

void platform_pause(void)
{
	__builtin_ia32_pause();
}

static uint64_t relaxed;

uint64_t platform_relaxed(unsigned int cpu)
{
	(void)cpu;
	return __atomic_load_n(&relaxed, __ATOMIC_SEQ_CST);
}

void platform_quiescent(void)
{
	lock_assert_none_held();
	__atomic_fetch_add(&relaxed, 1, __ATOMIC_SEQ_CST);
}

void platform_relax(void)
{
	platform_quiescent();
	if (gate_is_closed())
		outside_visit_when_due();
}

void platform_abort(const char *reason)
{
	locks_forget();
	log_note("the run ends here: %s", reason);
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
