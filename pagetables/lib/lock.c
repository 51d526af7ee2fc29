/* SPDX-License-Identifier: BSD-2-Clause */
#include "lock.h"
#include <stddef.h>
#include "assert.h"
#include "format.h"
#include "platform.h"

/* What one CPU holds. A cache line each: nobody else writes there. */
static struct held {
	unsigned int nr;
	uint64_t waits;
#ifdef DEBUG
	struct spinlock *locks[16];
#endif
} __attribute__((aligned(64))) held_by[PLATFORM_CPUS_MAX];

static void (*wait_work)(void);

/* Nothing waits without a bound: a lock that stays taken that long is lost. */
enum { WAIT_SECONDS_MAX = 60 };

#ifdef DEBUG
static void check_order(const struct held *held, const struct spinlock *lock)
{
	for (unsigned int i = 0; i < held->nr; i++) {
		const struct spinlock *other = held->locks[i];

		ASSERT(other != lock, "%s is taken twice by one CPU", lock->name);
		ASSERT(!lock->rank || other->rank < lock->rank,
		       "%s (rank %u) is taken under %s (rank %u)", lock->name, lock->rank,
		       other->name, other->rank);
	}
}

static void note_taken(struct held *held, struct spinlock *lock)
{
	ASSERT(held->nr < sizeof(held->locks) / sizeof(held->locks[0]), "%u locks", held->nr);
	held->locks[held->nr++] = lock;
}

static void note_released(struct held *held, const struct spinlock *lock)
{
	unsigned int i = held->nr;

	while (i > 0 && held->locks[i - 1] != lock)
		i--;
	ASSERT(i > 0, "%s is released by a CPU that does not hold it", lock->name);
	for (held->nr--; i <= held->nr; i++)
		held->locks[i - 1] = held->locks[i];
}
#else
static void check_order(const struct held *held, const struct spinlock *lock)
{
	(void)held;
	(void)lock;
}

static void note_taken(struct held *held, struct spinlock *lock)
{
	(void)lock;
	held->nr++;
}

static void note_released(struct held *held, const struct spinlock *lock)
{
	(void)lock;
	held->nr--;
}
#endif

static bool try_take(struct spinlock *lock, unsigned int cpu)
{
	uint32_t expected = 0;

	return __atomic_compare_exchange_n(&lock->locked, &expected, cpu + 1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static __attribute__((noinline)) void wait_for(struct spinlock *lock, unsigned int cpu)
{
	uint64_t limit = platform_ticks() + WAIT_SECONDS_MAX * platform_ticks_per_second();
	void (*work)(void) = __atomic_load_n(&wait_work, __ATOMIC_RELAXED);

	lock_note(lock, false);
	__atomic_fetch_add(&lock->contended, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&held_by[cpu].waits, 1, __ATOMIC_RELAXED);
	while (!try_take(lock, cpu)) {
		if (work)
			work();
		platform_pause();
		ASSERT(platform_ticks() < limit, "CPU %u waits for %s, held by CPU %u", cpu,
		       lock->name, lock->locked - 1);
	}
}

void spin_lock(struct spinlock *lock)
{
	unsigned int cpu = platform_cpu();

	check_order(&held_by[cpu], lock);
	if (__builtin_expect(!try_take(lock, cpu), 0))
		wait_for(lock, cpu);
	lock_note(lock, true);
	note_taken(&held_by[cpu], lock);
}

bool spin_trylock(struct spinlock *lock)
{
	unsigned int cpu = platform_cpu();

	if (!try_take(lock, cpu)) {
		lock_note(lock, false);
		return false;
	}
	lock_note(lock, true);
	note_taken(&held_by[cpu], lock);
	return true;
}

void spin_unlock(struct spinlock *lock)
{
	note_released(&held_by[platform_cpu()], lock);
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

bool spin_is_locked(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->locked, __ATOMIC_RELAXED);
}

void spin_set_wait_work(void (*work)(void))
{
	__atomic_store_n(&wait_work, work, __ATOMIC_RELAXED);
}

void lock_assert_none_held(void)
{
#ifdef DEBUG
	struct held *held = &held_by[platform_cpu()];

	for (unsigned int i = 0; i < held->nr; i++)
		ASSERT(!held->locks[i]->rank, "%s is held here", held->locks[i]->name);
#endif
}

unsigned int locks_held(void)
{
	return held_by[platform_cpu()].nr;
}

unsigned int locks_held_by(unsigned int cpu)
{
	return __atomic_load_n(&held_by[cpu].nr, __ATOMIC_RELAXED);
}

uint64_t locks_waited(void)
{
	uint64_t waits = 0;

	for (unsigned int cpu = 0; cpu < PLATFORM_CPUS_MAX; cpu++)
		waits += __atomic_load_n(&held_by[cpu].waits, __ATOMIC_RELAXED);
	return waits;
}

void locks_forget(void)
{
	held_by[platform_cpu()].nr = 0;
}
