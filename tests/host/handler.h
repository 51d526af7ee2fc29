/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "fault.h"
#include "lib/lock.h"
#include "platform.h"
#include "test.h"

/*
 * An exception handler that is played: the CPU counts itself as in one, and a lock that somebody
 * held when the exception came as another CPU's.
 */

enum { NOBODY = PLATFORM_CPUS_MAX };

static inline void enter(void)
{
	fault_depths[platform_cpu()].nr++;
}

static inline void leave(void)
{
	fault_depths[platform_cpu()].nr--;
}

static inline void hold(struct spinlock *lock)
{
	expect_equal(lock->locked, 0);
	__atomic_store_n(&lock->locked, NOBODY, __ATOMIC_SEQ_CST);
}

static inline void release(struct spinlock *lock)
{
	__atomic_store_n(&lock->locked, 0, __ATOMIC_SEQ_CST);
}
