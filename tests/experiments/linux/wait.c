/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/srcu.h>

/* Everything that one waits for. Who waits looks, and lets the others run, until it is so. */

enum { RCU_BATCH = 512 };

const struct cpumask linux_cpu0_mask = {{1}};

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

	while (ktime_get() < end)
		platform_pause();
}

void udelay(unsigned long us)
{
	ndelay(us * NSEC_PER_USEC);
}

void complete(struct completion *completion)
{
	if (completion->done != UINT_MAX)
		completion->done++;
}

void complete_all(struct completion *completion)
{
	completion->done = UINT_MAX;
}

bool try_wait_for_completion(struct completion *completion)
{
	if (!READ_ONCE(completion->done))
		return false;
	if (completion->done != UINT_MAX)
		completion->done--;
	return true;
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

int down_read_trylock(struct rw_semaphore *sem)
{
	if (READ_ONCE(sem->writer))
		return 0;
	sem->readers++;
	return 1;
}

int down_write_trylock(struct rw_semaphore *sem)
{
	if (READ_ONCE(sem->writer) || READ_ONCE(sem->readers))
		return 0;
	sem->writer = true;
	return 1;
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
	WARN_ON(sem->readers-- <= 0);
}

void up_write(struct rw_semaphore *sem)
{
	WARN_ON(!sem->writer);
	sem->writer = false;
}

void downgrade_write(struct rw_semaphore *sem)
{
	up_write(sem);
	sem->readers++;
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
	srcu->readers++;
	return 0;
}

void srcu_read_unlock(struct srcu_struct *srcu, int index)
{
	(void)index;
	WARN_ON(srcu->readers-- == 0);
}

void synchronize_srcu(struct srcu_struct *srcu)
{
	while (READ_ONCE(srcu->readers))
		schedule();
}

void synchronize_rcu(void)
{
	schedule();
}

void linux_kvfree_rcu(struct rcu_head *head, void *object)
{
	kvfree_call_rcu(head, object);
	if (kvfree_rcu_pending() >= RCU_BATCH && !locks_held())
		kvfree_rcu_barrier();
}

int set_cpus_allowed_ptr(struct task_struct *task, const struct cpumask *mask)
{
	(void)task;
	return cpumask_test_cpu(0, mask) ? 0 : -EINVAL;
}
