/* SPDX-License-Identifier: BSD-2-Clause */
#include "percpu.h"
#include "fault.h"
#include "lib/assert.h"
#include "tlb.h"

uint32_t mm_slow_reasons = SLOW_NOT_STARTED;

void mm_slow_begin(uint32_t reasons)
{
	__atomic_fetch_or(&mm_slow_reasons, reasons, __ATOMIC_RELEASE);
	for (unsigned int cpu = 0; cpu < PLATFORM_CPUS_MAX; cpu++)
		__atomic_fetch_or(&fault_depths[cpu].detour, reasons, __ATOMIC_RELEASE);
}

void mm_slow_end(uint32_t reasons)
{
	__atomic_fetch_and(&mm_slow_reasons, ~reasons, __ATOMIC_RELEASE);
	for (unsigned int cpu = 0; cpu < PLATFORM_CPUS_MAX; cpu++)
		__atomic_fetch_and(&fault_depths[cpu].detour, ~reasons, __ATOMIC_RELEASE);
}

void mm_short_cuts_open(void)
{
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
		__atomic_store_n(&fault_depths[cpu].detour, mm_slow_reasons, __ATOMIC_RELEASE);
}

void mm_short_cuts_close(void)
{
	for (unsigned int cpu = 0; cpu < PLATFORM_CPUS_MAX; cpu++)
		__atomic_store_n(&fault_depths[cpu].detour, UINT32_MAX, __ATOMIC_RELEASE);
}

bool local_lock_slow(struct spinlock *lock, unsigned int cpu)
{
	if (fault_in_handler())
		return false;
	ASSERT(__atomic_load_n(&lock->locked, __ATOMIC_RELAXED) != cpu + 1,
	       "%s of CPU %u: a call faulted while it held them", lock->name, cpu);
	__atomic_fetch_add(&lock->contended, 1, __ATOMIC_RELAXED);
	while (!local_trylock(lock, cpu)) {
		tlb_poll();
		platform_pause();
	}
	return true;
}

static bool another_cpu_works(void)
{
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
		if (cpu != this_cpu() && platform_cpu_inside(cpu))
			return true;
	return false;
}

bool wait_for_another_cpu(void)
{
	if (!another_cpu_works())
		return false;
	tlb_poll();
	if (locks_held() == 0)
		platform_relax();
	platform_pause();
	return true;
}
