/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/sched.h>

/* Kernel threads; how they run is said in <linux/sched.h>. */

/* Does not run before the one who calls waits. ERR_PTR(-ENOMEM) without memory for a stack. */
struct task_struct *kthread_run(int (*function)(void *data), void *data, const char *name, ...)
	__attribute__((format(printf, 3, 4)));
#define kthread_create(function, data, ...) kthread_run(function, data, __VA_ARGS__)
#define kthread_create_on_node(function, data, node, ...) kthread_run(function, data, __VA_ARGS__)
#define kthread_run_on_cpu(function, data, cpu, ...) kthread_run(function, data, __VA_ARGS__)
#define kthread_bind(task, cpu) ((void)(task))
#define wake_up_process(task) ((void)(task), 1)
/* Asks it to end, waits until it has, and returns what it returned. */
int kthread_stop(struct task_struct *task);
bool kthread_should_stop(void);
#define kthread_should_park() false
#define kthread_parkme() barrier()
