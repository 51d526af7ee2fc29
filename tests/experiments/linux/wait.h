/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

/* Who waits looks, and lets the others run, until it is so: to be woken is not needed. */

typedef struct wait_queue_head {
	char unused;
} wait_queue_head_t;

#define __WAIT_QUEUE_HEAD_INITIALIZER(name)                                                        \
	{                                                                                          \
		0                                                                                  \
	}
#define DECLARE_WAIT_QUEUE_HEAD(name)                                                              \
	struct wait_queue_head name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define DECLARE_WAIT_QUEUE_HEAD_ONSTACK(name) DECLARE_WAIT_QUEUE_HEAD(name)
#define init_waitqueue_head(queue) ((queue)->unused = 0)
#define waitqueue_active(queue) ((void)(queue), true)
#define wake_up(queue) ((void)(queue))
#define wake_up_all(queue) wake_up(queue)
#define wake_up_interruptible(queue) wake_up(queue)
#define wake_up_interruptible_all(queue) wake_up(queue)

#define wait_event(queue, condition)                                                               \
	do {                                                                                       \
		wake_up(&(queue));                                                                 \
		while (!(condition))                                                               \
			schedule();                                                                \
	} while (0)
#define wait_event_interruptible(queue, condition)                                                 \
	({                                                                                         \
		wait_event(queue, condition);                                                      \
		0;                                                                                 \
	})
#define wait_event_killable(queue, condition) wait_event_interruptible(queue, condition)
/* 0: not in so many jiffies; otherwise what is left of them, at least 1. */
#define wait_event_timeout(queue, condition, timeout)                                              \
	({                                                                                         \
		unsigned long wait_start_ = jiffies, wait_most_ = (unsigned long)(timeout);        \
		bool wait_held_;                                                                   \
		wake_up(&(queue));                                                                 \
		while (!(wait_held_ = (condition)) && jiffies - wait_start_ < wait_most_)          \
			schedule();                                                                \
		wait_held_ ? (long)max(wait_most_ - min(jiffies - wait_start_, wait_most_), 1ul)   \
			   : 0l;                                                                   \
	})
#define wait_event_interruptible_timeout(queue, condition, timeout)                                \
	wait_event_timeout(queue, condition, timeout)
