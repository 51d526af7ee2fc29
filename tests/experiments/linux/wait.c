/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/srcu.h>
#include <tlb.h>

/* Everything that one waits for. Who waits looks, and lets the others run, until it is so. */

enum { RCU_BATCH = 512 };

/* By parts, so that no product is too large; never more than a second from the rest of one. */
ktime_t ktime_get(void)
{
	uint64_t ticks = platform_ticks(), rate = platform_ticks_per_second();
	uint64_t rest = ticks % rate * 1000000 / (rate / 1000);

	return (ktime_t)(ticks / rate * NSEC_PER_SEC + min_t(uint64_t, rest, NSEC_PER_SEC - 1));
}

unsigned long linux_jiffies(void)
{
	return (unsigned long)(ktime_get() / (NSEC_PER_SEC / HZ));
}

static void sleep_ns(ktime_t ns)
{
	ktime_t end = ktime_get() + ns;

	do
		schedule();
	while (ktime_get() < end);
}

void msleep(unsigned int ms)
{
	sleep_ns(ms_to_ktime(ms));
}

void usleep_range(unsigned long least, unsigned long most)
{
	(void)most;
	sleep_ns((ktime_t)least * NSEC_PER_USEC);
}

long schedule_timeout(long timeout)
{
	sleep_ns((ktime_t)timeout * (NSEC_PER_SEC / HZ));
	return 0;
}

void ndelay(unsigned long ns)
{
	ktime_t end = ktime_get() + (ktime_t)ns;

	while (ktime_get() < end) {
		tlb_poll();
		platform_pause();
	}
}

void udelay(unsigned long us)
{
	ndelay(us * NSEC_PER_USEC);
}

/* Takes `from` for `to`, unless another CPU has been here. */
static bool change(unsigned int *value, unsigned int from, unsigned int to)
{
	return __atomic_compare_exchange_n(value, &from, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

void complete(struct completion *completion)
{
	unsigned int done;

	do
		done = READ_ONCE(completion->done);
	while (done != UINT_MAX && !change(&completion->done, done, done + 1));
}

void complete_all(struct completion *completion)
{
	__atomic_store_n(&completion->done, UINT_MAX, __ATOMIC_SEQ_CST);
}

bool try_wait_for_completion(struct completion *completion)
{
	unsigned int done;

	do
		done = __atomic_load_n(&completion->done, __ATOMIC_SEQ_CST);
	while (done && done != UINT_MAX && !change(&completion->done, done, done - 1));
	return done;
}

void wait_for_completion(struct completion *completion)
{
	while (!try_wait_for_completion(completion))
		schedule();
}

unsigned long wait_for_completion_timeout(struct completion *completion, unsigned long timeout)
{
	unsigned long start = jiffies;

	while (!try_wait_for_completion(completion)) {
		if (jiffies - start >= timeout)
			return 0;
		schedule();
	}
	return max(timeout - min(jiffies - start, timeout), 1ul);
}

enum { WRITER = -1 };

static bool take(struct rw_semaphore *sem, int from, int to)
{
	return __atomic_compare_exchange_n(&sem->holders, &from, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

int down_read_trylock(struct rw_semaphore *sem)
{
	int holders;

	do
		holders = READ_ONCE(sem->holders);
	while (holders != WRITER && !take(sem, holders, holders + 1));
	return holders != WRITER;
}

int down_write_trylock(struct rw_semaphore *sem)
{
	return take(sem, 0, WRITER);
}

void down_read(struct rw_semaphore *sem)
{
	while (!down_read_trylock(sem))
		schedule();
}

void down_write(struct rw_semaphore *sem)
{
	while (!down_write_trylock(sem))
		schedule();
}

void up_read(struct rw_semaphore *sem)
{
	WARN_ON(__atomic_fetch_sub(&sem->holders, 1, __ATOMIC_SEQ_CST) <= 0);
}

void up_write(struct rw_semaphore *sem)
{
	WARN_ON(!take(sem, WRITER, 0));
}

void downgrade_write(struct rw_semaphore *sem)
{
	WARN_ON(!take(sem, WRITER, 1));
}

int init_srcu_struct(struct srcu_struct *srcu)
{
	srcu->readers = 0;
	return 0;
}

void cleanup_srcu_struct(struct srcu_struct *srcu)
{
	WARN_ON(srcu->readers);
}

int srcu_read_lock(struct srcu_struct *srcu)
{
	__atomic_add_fetch(&srcu->readers, 1, __ATOMIC_SEQ_CST);
	return 0;
}

void srcu_read_unlock(struct srcu_struct *srcu, int index)
{
	(void)index;
	WARN_ON(__atomic_fetch_sub(&srcu->readers, 1, __ATOMIC_SEQ_CST) == 0);
}

void synchronize_srcu(struct srcu_struct *srcu)
{
	while (__atomic_load_n(&srcu->readers, __ATOMIC_SEQ_CST))
		schedule();
}

/* Until every other CPU has passed a moment in which it reads nothing. */
void synchronize_rcu(void)
{
	for (unsigned int cpu = 0; cpu < linux_nr_cpus(); cpu++) {
		uint64_t passed = platform_relaxed(cpu);

		do
			schedule();
		while (cpu != platform_cpu() && platform_relaxed(cpu) == passed);
	}
}

void linux_kvfree_rcu(struct rcu_head *head, void *object)
{
	kvfree_call_rcu(head, object);
	if (kvfree_rcu_pending() >= RCU_BATCH && !locks_held())
		kvfree_rcu_barrier();
}
