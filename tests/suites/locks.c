/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/lock.h"
#include "pcp.h"
#include "platform.h"
#include "slabs.h"
#include "test.h"
#include "tlb.h"

/* What is known of locks from outside: how many a CPU holds, and how often CPUs have waited. */

static struct spinlock lock = SPINLOCK("a test's", LOCK_RANK_NONE);

static void work_as_ever(void *unused)
{
	(void)unused;
	spin_set_wait_work(tlb_poll);
}

/* Another CPU's lock, which that lets go of at the third look. */
static unsigned int looks;

static void let_go(void)
{
	if (++looks == 3)
		__atomic_store_n(&lock.locked, 0, __ATOMIC_RELEASE);
}

TEST(lock, waited, "who finds a lock taken works until he has it, and is counted once")
{
	static struct test_end end = {.function = work_as_ever};
	uint64_t waits = locks_waited(), contended = lock.contended;

	test_at_end(&end);
	test_rest_cpus();
	looks = 0;
	__atomic_store_n(&lock.locked, PLATFORM_CPUS_MAX, __ATOMIC_RELEASE);
	spin_set_wait_work(let_go);
	spin_lock(&lock);
	spin_set_wait_work(tlb_poll);
	expect_equal(looks, 3);
	expect_equal(lock.locked, platform_cpu() + 1);
	expect_equal(locks_waited(), waits + 1);
	expect_equal(lock.contended, contended + 1);
	spin_unlock(&lock);
	spin_lock(&lock);
	spin_unlock(&lock);
	expect_equal(locks_waited(), waits + 1);
}

static void expect_local_lock(const struct spinlock *own, const char *name)
{
	expect_string(own->name, name);
	expect_equal(own->rank, LOCK_RANK_PERCPU);
}

TEST(lock, per_cpu, "each CPU's own locks have their rank, and a name to be told by")
{
	struct kmem_cache *cache = kmem_cache_create("test", 64, 0, 0, NULL);

	require(cache);
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++) {
		expect_local_lock(&cache->cpu[cpu].lock, "objects of a CPU");
		expect_local_lock(&pcps[cpu]->lock, "frames of a CPU");
	}
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(lock, held_by, "how many locks a CPU holds can be asked by any, and be forgotten by itself")
{
	unsigned int cpu = platform_cpu(), others = 0;

	require_equal(locks_held(), 0);
	spin_lock(&lock);
	expect_equal(locks_held_by(cpu), 1);
	for (unsigned int other = 0; other < PLATFORM_CPUS_MAX; other++)
		others += other != cpu ? locks_held_by(other) : 0;
	expect_equal(others, 0);
	locks_forget();
	expect_equal(locks_held_by(cpu), 0);
	__atomic_store_n(&lock.locked, 0, __ATOMIC_RELEASE);
}
