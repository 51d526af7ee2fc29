/* SPDX-License-Identifier: BSD-2-Clause */
#include "task.h"
#include <linux/kthread.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

/* One thread for all works. It ends when nothing is queued, and the next work makes another. */

static DEFINE_SPINLOCK(lock);
static struct list_head works = {&works, &works};
static struct work_struct *called; /* the one that is being called; it may be gone already */
static struct task_struct *worker;
static bool working; /* the worker will look at the queue once more */

/* Takes the first one that is due off the queue; NULL: there is none yet. */
static struct work_struct *take_due(void)
{
	struct work_struct *work;

	spin_lock(&lock);
	list_for_each_entry(work, &works, entry) if ((long)(jiffies - work->due) >= 0) break;
	if (&work->entry == &works) {
		work = NULL;
	} else {
		list_del(&work->entry);
		work->pending = false;
	}
	called = work;
	working = work || !list_empty(&works);
	spin_unlock(&lock);
	return work;
}

static int call_works(void *unused)
{
	struct work_struct *work;

	(void)unused;
	do {
		work = take_due();
		if (work)
			work->func(work);
		else
			schedule();
	} while (READ_ONCE(working));
	return 0;
}

/* The lock is held by nobody here: a thread takes memory for its stack. */
static void start_worker(void)
{
	if (worker)
		kthread_stop(worker);
	worker = kthread_run(call_works, NULL, "kworker");
	BUG_ON(IS_ERR(worker));
}

bool linux_queue_work(struct work_struct *work, unsigned long delay)
{
	bool was_pending, was_working;

	spin_lock(&lock);
	was_pending = work->pending;
	was_working = working;
	if (!was_pending) {
		work->pending = true;
		work->due = jiffies + delay;
		list_add_tail(&work->entry, &works);
		working = true;
	}
	spin_unlock(&lock);
	if (!was_pending && !was_working)
		start_worker();
	return !was_pending;
}

static bool is_busy(const struct work_struct *work)
{
	return READ_ONCE(work->pending) || READ_ONCE(called) == work;
}

bool flush_work(struct work_struct *work)
{
	bool was_busy = is_busy(work);

	if (work->pending)
		work->due = jiffies;
	while (is_busy(work))
		schedule();
	return was_busy;
}

bool cancel_work_sync(struct work_struct *work)
{
	bool was_pending;

	spin_lock(&lock);
	was_pending = work->pending;
	if (was_pending)
		list_del(&work->entry);
	work->pending = false;
	spin_unlock(&lock);
	flush_work(work);
	return was_pending;
}

void linux_flush_works(void)
{
	while (READ_ONCE(working))
		schedule();
}

void linux_works_start(void)
{
	list_init(&works);
	called = NULL;
	worker = NULL;
	working = false;
}
