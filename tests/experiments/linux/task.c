/* SPDX-License-Identifier: BSD-2-Clause */
#include "task.h"
#include <lib/format.h>
#include <linux/kthread.h>

/* Tasks take turns in a ring, the module's own among them; nobody is ever interrupted. */

static struct task_struct module_task = {.comm = "module"};
static struct task_struct *running = &module_task;
static int last_pid;

void linux_task_switch(uint64_t *save_stack, uint64_t load_stack);

struct task_struct *linux_current(void)
{
	return running;
}

void linux_tasks_start(void)
{
	list_init(&module_task.tasks);
	running = &module_task;
	last_pid = 0;
}

static void free_task(struct task_struct *task)
{
	list_del(&task->tasks);
	vfree(task->stack);
	kfree(task);
}

void linux_tasks_end(void)
{
	running = &module_task;
	while (!list_empty(&module_task.tasks))
		free_task(list_entry(module_task.tasks.next, struct task_struct, tasks));
}

/* The next one in the ring that has not ended. */
static struct task_struct *next_task(void)
{
	struct task_struct *next = running;

	do
		next = list_entry(next->tasks.next, struct task_struct, tasks);
	while (next->ended);
	return next;
}

static void switch_to(struct task_struct *next)
{
	struct task_struct *before = running;

	running = next;
	linux_task_switch(&before->stack_pointer, next->stack_pointer);
}

void schedule(void)
{
	struct task_struct *next = next_task();

	test_relax();
	if (next == running)
		platform_pause();
	else
		switch_to(next);
}

int cond_resched(void)
{
	test_relax();
	return 0;
}

void yield(void)
{
	schedule();
}

/* The first thing that a thread does. The module's own task never ends before it, so there is
 * always somebody to go on with. */
static void run_thread(void)
{
	running->result = running->function(running->data);
	running->ended = true;
	switch_to(next_task());
	__builtin_unreachable();
}

/* A stack as linux_task_switch() leaves it: six registers, the address to go on at, and 0 where a
 * backtrace ends. */
static void lay_out_stack(struct task_struct *task)
{
	enum { WORDS = 8, GO_ON = 6 };
	uint64_t *words = (uint64_t *)((char *)task->stack + THREAD_SIZE) - WORDS;

	for (unsigned int i = 0; i < WORDS; i++)
		words[i] = 0;
	words[GO_ON] = (uintptr_t)run_thread;
	task->stack_pointer = (uintptr_t)words;
}

struct task_struct *kthread_run(int (*function)(void *data), void *data, const char *name, ...)
{
	struct task_struct *task = kzalloc(sizeof(*task), GFP_KERNEL);
	va_list arguments;

	if (!task)
		return ERR_PTR(-ENOMEM);
	task->stack = vmalloc(THREAD_SIZE);
	if (!task->stack) {
		kfree(task);
		return ERR_PTR(-ENOMEM);
	}
	va_start(arguments, name);
	vscnprintf(task->comm, sizeof(task->comm), name, arguments);
	va_end(arguments);
	task->pid = ++last_pid;
	task->function = function;
	task->data = data;
	lay_out_stack(task);
	list_add_tail(&task->tasks, &module_task.tasks);
	return task;
}

int kthread_stop(struct task_struct *task)
{
	int result;

	task->should_stop = true;
	while (!task->ended)
		schedule();
	result = task->result;
	free_task(task);
	return result;
}

bool kthread_should_stop(void)
{
	return running->should_stop;
}
