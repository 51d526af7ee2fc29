/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/assert.h"
#include "lib/lock.h"
#include "platform.h"

/*
 * What each CPU has for itself, and the lock over it. Such a structure is touched by its own CPU on
 * every common path; another one comes only to drain it. So the lock is nearly always free, and
 * taking it is one exchange in place, without a call. An exception handler that interrupted the
 * holder finds it taken by its own CPU: handlers only try.
 *
 * DEBUG builds go through lib/lock.h, which checks rank and nesting there.
 */

#define CACHE_LINE 64
#define __cacheline_aligned __attribute__((aligned(CACHE_LINE)))
#ifndef likely
#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)
#endif
/* Data of the short cuts: addressed directly, not by way of a table of addresses. */
#define __hot __attribute__((visibility("hidden")))
/* Out of the short cut, whose registers it must not cost. */
#define __slow __attribute__((noinline, cold))

/* Makes the compiler compute it here, once: in a short cut it may derive it anew at each use. */
#define COMPUTE_ONCE(value) __asm__("" : "+r"(value))

static inline unsigned int this_cpu(void)
{
	return platform_cpu();
}

/*
 * Why a call must not take its short cut; 0 in an ordinary run. Each CPU has a copy (fault_depths),
 * with reasons of its own, for vmalloc's short cuts.
 */
enum slow_reason {
	SLOW_NOT_STARTED = 1, /* before page_alloc_init(), after page_alloc_exit() */
	SLOW_FAIL = 2,	      /* a failure is to be injected */
	SLOW_POISON = 4,      /* freed frames are filled and checked */
	SLOW_UNMAP = 8,	      /* freed frames leave the direct map */
	SLOW_WAITING = 16,    /* a CPU's own: frees were put off (area_cache.h) */
};
extern __hot uint32_t mm_slow_reasons;
/* From here on, or no more; on every CPU. */
void mm_slow_begin(uint32_t reasons);
void mm_slow_end(uint32_t reasons);
/* The CPUs have something to take short cuts to; or have it no more. */
void mm_short_cuts_open(void);
void mm_short_cuts_close(void);

/*
 * A turn of waiting for what other CPUs may free. False, at once, when none is inside that could.
 * With locks held the gate stays shut.
 */
bool wait_for_another_cpu(void);

#define LOCAL_LOCK(name) SPINLOCK(name, LOCK_RANK_PERCPU)

/* false: it is taken, by a drain or by what this CPU was doing when the exception came. */
static inline bool local_trylock(struct spinlock *lock, unsigned int cpu)
{
#ifdef DEBUG
	(void)cpu;
	return spin_trylock(lock);
#else
	uint32_t nobody = 0;
	bool taken = __atomic_compare_exchange_n(&lock->locked, &nobody, cpu + 1, false,
						 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);

	lock_note(lock, taken);
	return taken;
#endif
}

/*
 * Takes it, waiting for a drain to end. False only in an exception handler; a call that faulted
 * with the lock held outside of one ends the run, since what the lock protects cannot be trusted.
 */
bool local_lock_slow(struct spinlock *lock, unsigned int cpu);

static inline bool local_lock(struct spinlock *lock, unsigned int cpu)
{
	return likely(local_trylock(lock, cpu)) || local_lock_slow(lock, cpu);
}

/* The same where no exception handler comes: it is had. */
static inline void local_lock_wait(struct spinlock *lock, unsigned int cpu)
{
	bool taken = local_lock(lock, cpu);

	ASSERT(taken, "%s: waited for in an exception handler", lock->name);
}

static inline void local_unlock(struct spinlock *lock)
{
#ifdef DEBUG
	spin_unlock(lock);
#else
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
#endif
}
