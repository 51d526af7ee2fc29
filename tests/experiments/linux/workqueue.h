/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/list.h>
#include <linux/sched.h>

/*
 * Functions to be called later, by a thread. There is one queue, whatever is asked for: what is due
 * is called in the order in which it was queued. What is queued when the module ends is called
 * before.
 */

struct work_struct;
typedef void (*work_func_t)(struct work_struct *work);
struct work_struct {
	work_func_t func;
	unsigned long due; /* in jiffies */
	bool pending;
	struct list_head entry;
};
struct delayed_work {
	struct work_struct work;
};
struct workqueue_struct;

#define __WORK_INITIALIZER(function)                                                               \
	{                                                                                          \
		.func = (function)                                                                 \
	}
#define DECLARE_WORK(name, function) struct work_struct name = __WORK_INITIALIZER(function)
#define DECLARE_DELAYED_WORK(name, function)                                                       \
	struct delayed_work name = {__WORK_INITIALIZER(function)}
#define INIT_WORK(work_, function) (*(work_) = (struct work_struct)__WORK_INITIALIZER(function))
#define INIT_WORK_ONSTACK(work, function) INIT_WORK(work, function)
#define INIT_DELAYED_WORK(delayed, function) INIT_WORK(&(delayed)->work, function)
#define destroy_work_on_stack(work) ((void)(work))
#define to_delayed_work(work_) container_of(work_, struct delayed_work, work)
#define work_pending(work) READ_ONCE((work)->pending)

/* `delay` in jiffies. False: it was queued already. */
bool linux_queue_work(struct work_struct *work, unsigned long delay);
/* Until it is neither queued nor being called; false: it was not. */
bool flush_work(struct work_struct *work);
/* The same, but what was only queued is not called. */
bool cancel_work_sync(struct work_struct *work);
void linux_flush_works(void);

#define schedule_work(work) linux_queue_work(work, 0)
#define queue_work(queue, work) ((void)(queue), schedule_work(work))
#define queue_work_on(cpu, queue, work) ((void)(cpu), queue_work(queue, work))
#define schedule_delayed_work(delayed, delay) linux_queue_work(&(delayed)->work, delay)
#define queue_delayed_work(queue, delayed, delay)                                                  \
	((void)(queue), schedule_delayed_work(delayed, delay))
#define flush_delayed_work(delayed) flush_work(&(delayed)->work)
#define cancel_delayed_work_sync(delayed) cancel_work_sync(&(delayed)->work)
#define flush_scheduled_work() linux_flush_works()
#define flush_workqueue(queue) ((void)(queue), linux_flush_works())
#define drain_workqueue(queue) flush_workqueue(queue)
#define destroy_workqueue(queue) flush_workqueue(queue)

#define LINUX_WORKQUEUE ((struct workqueue_struct *)&linux_flush_works)
#define system_wq LINUX_WORKQUEUE
#define system_unbound_wq LINUX_WORKQUEUE
#define system_highpri_wq LINUX_WORKQUEUE
#define system_long_wq LINUX_WORKQUEUE
#define alloc_workqueue(...) LINUX_WORKQUEUE
#define alloc_ordered_workqueue(...) LINUX_WORKQUEUE
#define create_workqueue(name) LINUX_WORKQUEUE
#define create_singlethread_workqueue(name) LINUX_WORKQUEUE
#define WQ_UNBOUND 0
#define WQ_MEM_RECLAIM 0
#define WQ_HIGHPRI 0
#define WQ_CPU_INTENSIVE 0
