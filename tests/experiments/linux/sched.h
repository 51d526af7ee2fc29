/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/jiffies.h>
#include <linux/kernel.h>

/*
 * Tasks: the module's own, on the first CPU, and its kernel threads, each on a CPU of its own while
 * there are more CPUs, the second one first. On one CPU they run each on a guarded stack of its
 * own, and change only where one waits: for a lock, a completion, a time, or the end of another. So
 * there a worker that never waits runs to its end before the next one begins.
 */

enum { TASK_COMM_LEN = 16 };
#define THREAD_SIZE (4 * PAGE_SIZE)
#define THREAD_ALIGN THREAD_SIZE

struct task_struct {
	char comm[TASK_COMM_LEN];
	int pid;
	int (*function)(void *data);
	void *data;
	uint64_t stack_pointer; /* while another one runs */
	void *stack;
	int result;
	unsigned int cpu; /* that it runs on */
	bool started, ended, should_stop, should_park;
	bool gone;		/* and nobody stands on its stack */
	struct list_head tasks; /* of its CPU, in the order of their turns */
	struct list_head all;	/* of the module's threads */
};

struct task_struct *linux_current(void);
#define current linux_current()

/* Lets every other task of this CPU run until it waits. What a waiting one calls over and over. */
void schedule(void);
int cond_resched(void);
void yield(void);
/* Sleeps that long; 0. */
long schedule_timeout(long timeout);
#define schedule_timeout_interruptible(timeout) schedule_timeout(timeout)
#define schedule_timeout_uninterruptible(timeout) schedule_timeout(timeout)
#define set_current_state(state) barrier()
#define __set_current_state(state) barrier()
#define TASK_RUNNING 0
#define TASK_INTERRUPTIBLE 1
#define TASK_UNINTERRUPTIBLE 2
#define need_resched() false
#define signal_pending(task) false
#define set_user_nice(task, nice) ((void)(task))

/* Nothing interrupts and nothing preempts. */
#define preempt_disable() barrier()
#define preempt_enable() barrier()
#define preempt_enable_no_resched() barrier()
#define local_irq_save(flags) ((flags) = 0)
#define local_irq_restore(flags) ((void)(flags))
#define local_irq_disable() barrier()
#define local_irq_enable() barrier()
#define local_bh_disable() barrier()
#define local_bh_enable() barrier()
#define migrate_disable() barrier()
#define migrate_enable() barrier()
#define in_interrupt() false
#define in_task() true
