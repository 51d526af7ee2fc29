/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/sched.h>

/* Kernel threads; how they run is said in <linux/sched.h>. */

/* Not before it is woken, or bound to a CPU and woken. ERR_PTR(-ENOMEM) without memory for it. */
struct task_struct *kthread_create(int (*function)(void *data), void *data, const char *name, ...)
	__attribute__((format(printf, 3, 4)));
void kthread_bind(struct task_struct *task, unsigned int cpu);
/* Starts one that has not run yet: 1. */
int wake_up_process(struct task_struct *task);

/* What was created, unless it is an error: bound, or started. */
struct task_struct *linux_bind(struct task_struct *task, unsigned int cpu);
struct task_struct *linux_started(struct task_struct *task);
#define kthread_run(function, data, ...) linux_started(kthread_create(function, data, __VA_ARGS__))
#define kthread_create_on_node(function, data, node, ...)                                          \
	kthread_create(function, data, __VA_ARGS__)
#define kthread_create_on_cpu(function, data, cpu, ...)                                            \
	linux_bind(kthread_create(function, data, __VA_ARGS__, cpu), cpu)
#define kthread_run_on_cpu(function, data, cpu, ...)                                               \
	linux_started(kthread_create_on_cpu(function, data, cpu, __VA_ARGS__))
/* Asks it to end, waits until it has, and returns what it returned; -EINTR: it never ran. */
int kthread_stop(struct task_struct *task);
bool kthread_should_stop(void);
#define kthread_should_park() false
#define kthread_parkme() barrier()
