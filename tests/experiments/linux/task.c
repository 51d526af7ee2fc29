/* SPDX-License-Identifier: BSD-2-Clause */
#include "task.h"
#include <lib/format.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <tlb.h>

/*
 * On each CPU tasks take turns in a ring, the CPU's own among them; nobody is ever interrupted. The
 * first CPU's own task is the module's; what the others' own do is wait for threads.
 */
static struct ring {
	struct task_struct own, *running;
	struct task_struct *left; /* whose turn was before */
} rings[PLATFORM_CPUS_MAX];

/* Of the rings, and of the list of all threads. */
static struct spinlock lock = SPINLOCK("tasks", LOCK_RANK_NONE);
static struct list_head threads;
static unsigned int nr_cpus = 1, next_cpu, last_pid;
static bool over; /* nobody waits any more: the module is through, or a CPU cannot go on */

struct cpumask linux_online_mask = {{1}}, linux_cpu_masks[NR_CPUS];

void linux_task_switch(uint64_t *save_stack, uint64_t load_stack);

/* platform_cpu() says that it never changes within a function, but here tasks move. */
noinline unsigned int linux_this_cpu(void)
{
	barrier();
	return platform_cpu();
}

static struct ring *this_ring(void)
{
	return &rings[linux_this_cpu()];
}

struct task_struct *linux_current(void)
{
	return this_ring()->running;
}

static bool is_over(void)
{
	return __atomic_load_n(&over, __ATOMIC_ACQUIRE);
}

unsigned int linux_nr_cpus(void)
{
	return nr_cpus;
}

static void start_ring(unsigned int cpu)
{
	struct ring *ring = &rings[cpu];

	*ring = (struct ring){.running = &ring->own};
	ring->own.cpu = cpu;
	scnprintf(ring->own.comm, TASK_COMM_LEN, cpu ? "idle/%u" : "module", cpu);
	list_init(&ring->own.tasks);
	linux_cpu_masks[cpu].bits[0] = 1ul << cpu;
}

static void free_task(struct task_struct *task)
{
	spin_lock(&lock);
	if (task->started)
		list_del(&task->tasks);
	list_del(&task->all);
	spin_unlock(&lock);
	vfree(task->stack);
	kfree(task);
}

/* Forgets all threads, wherever they are. Nobody runs on a stack of theirs any more. */
static void end_tasks(void *unused)
{
	(void)unused;
	while (!list_empty(&threads))
		free_task(list_entry(threads.next, struct task_struct, all));
	nr_cpus = 1;
	linux_online_mask.bits[0] = 1;
}

/* Under the lock. */
static void put_in_ring(struct task_struct *task)
{
	task->started = true;
	list_add_tail(&task->tasks, &rings[task->cpu].own.tasks);
}

/* The next one in the ring that has not ended; when all is over, whose stack is the CPU's. */
static struct task_struct *next_task(struct ring *ring)
{
	struct task_struct *next = ring->running;

	if (is_over())
		return &ring->own;
	spin_lock(&lock);
	do
		next = list_entry(next->tasks.next, struct task_struct, tasks);
	while (next->ended);
	spin_unlock(&lock);
	return next;
}

/* First thing in a turn: nobody stands on the stack of the one before any more. */
static void see_off(void)
{
	struct task_struct *left = this_ring()->left;

	if (left->cpu != linux_this_cpu()) {
		spin_lock(&lock);
		put_in_ring(left);
		spin_unlock(&lock);
	}
	if (left->ended)
		__atomic_store_n(&left->gone, true, __ATOMIC_RELEASE);
}

static void switch_to(struct ring *ring, struct task_struct *next)
{
	struct task_struct *before = ring->running;

	ring->left = before;
	ring->running = next;
	linux_task_switch(&before->stack_pointer, next->stack_pointer);
	see_off();
}

void schedule(void)
{
	struct ring *ring = this_ring();
	struct task_struct *next = next_task(ring);

	test_relax();
	if (next != ring->running) {
		switch_to(ring, next);
	} else if (is_over() && linux_this_cpu() == 0) {
		test_note("another CPU cannot go on");
		test_give_up();
	} else {
		tlb_poll();
		platform_pause();
	}
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

/* The first thing that a thread does. A CPU's own task never ends before it, so there is always
 * somebody to go on with. */
static void run_thread(void)
{
	struct task_struct *self = linux_current();
	struct ring *ring;

	see_off();
	self->result = self->function(self->data);
	self->ended = true;
	ring = this_ring();
	switch_to(ring, next_task(ring));
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

/* The second CPU first: on the first one the module itself has something to do. */
static unsigned int choose_cpu(void)
{
	return __atomic_add_fetch(&next_cpu, 1, __ATOMIC_RELAXED) % nr_cpus;
}

struct task_struct *kthread_create(int (*function)(void *data), void *data, const char *name, ...)
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
	task->pid = (int)__atomic_add_fetch(&last_pid, 1, __ATOMIC_RELAXED);
	task->function = function;
	task->data = data;
	task->cpu = choose_cpu();
	lay_out_stack(task);
	spin_lock(&lock);
	list_add_tail(&task->all, &threads);
	spin_unlock(&lock);
	return task;
}

void kthread_bind(struct task_struct *task, unsigned int cpu)
{
	WARN_ON(task->started || cpu >= nr_cpus);
	if (!task->started && cpu < nr_cpus)
		task->cpu = cpu;
}

struct task_struct *linux_bind(struct task_struct *task, unsigned int cpu)
{
	if (!IS_ERR(task))
		kthread_bind(task, cpu);
	return task;
}

/* Who waits looks for himself whether it is over, and needs no waking. */
int wake_up_process(struct task_struct *task)
{
	bool start;

	spin_lock(&lock);
	start = !task->started;
	if (start)
		put_in_ring(task);
	spin_unlock(&lock);
	return start;
}

struct task_struct *linux_started(struct task_struct *task)
{
	if (!IS_ERR(task))
		wake_up_process(task);
	return task;
}

int kthread_stop(struct task_struct *task)
{
	int result = -EINTR;

	WRITE_ONCE(task->should_stop, true);
	if (task->started) {
		while (!__atomic_load_n(&task->gone, __ATOMIC_ACQUIRE))
			schedule();
		result = task->result;
	}
	free_task(task);
	return result;
}

bool kthread_should_stop(void)
{
	return READ_ONCE(linux_current()->should_stop);
}

/* A thread that shall run elsewhere goes there at once; it is put into the ring there when nobody
 * stands on its stack any more. */
static void move_to(struct task_struct *task, unsigned int cpu)
{
	struct ring *ring = this_ring();
	struct task_struct *next = next_task(ring);

	spin_lock(&lock);
	list_del(&task->tasks);
	task->cpu = cpu;
	spin_unlock(&lock);
	switch_to(ring, next);
}

int set_cpus_allowed_ptr(struct task_struct *task, const struct cpumask *mask)
{
	unsigned int cpu = cpumask_next(-1, mask);

	if (task->cpu < nr_cpus && cpumask_test_cpu(task->cpu, mask))
		return 0;
	if (cpu >= nr_cpus || !task->stack || (task->started && task != linux_current()))
		return -EINVAL;
	if (task->started)
		move_to(task, cpu);
	else
		task->cpu = cpu;
	return 0;
}

/* One part for each CPU; one that ends early keeps nobody else waiting. */
static void play(void *module)
{
	struct fault_catch catch;
	int ended = fault_catch(&catch);

	if (ended) {
		__atomic_store_n(&over, true, __ATOMIC_RELEASE);
		fault_catch_leave(ended);
	}
	if (platform_cpu() == 0) {
		(*(void (**)(void))module)();
		__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	}
	while (!is_over())
		schedule();
	fault_catch_end();
}

void linux_tasks_run(void (*module)(void))
{
	static struct test_end end = {.function = end_tasks};
	static void (*argument)(void);

	list_init(&threads);
	nr_cpus = test_nr_cpus() < NR_CPUS ? test_nr_cpus() : NR_CPUS;
	next_cpu = last_pid = 0;
	over = false;
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		start_ring(cpu);
	linux_online_mask.bits[0] = nr_cpus < 64 ? (1ul << nr_cpus) - 1 : ~0ul;
	argument = module;
	test_at_end(&end);
	test_run_on_cpus(nr_cpus, play, &argument);
}
