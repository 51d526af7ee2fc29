/* SPDX-License-Identifier: BSD-2-Clause */
#include "percpu.h"
#include "fault.h"
#include "lib/assert.h"
#include "tlb.h"

uint32_t mm_slow_reasons = SLOW_NOT_STARTED;

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
