/* SPDX-License-Identifier: BSD-2-Clause */
#include "cpus.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "machine.h"
#include "space.h"
#include "tlb.h"
#include "trap.h"

/* What is to be done, and who has done it: under the mutex. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct {
	void (*function)(void *context);
	void *context;
	unsigned int nr;	 /* CPUs 1 to nr - 1 take part */
	unsigned int generation; /* counts dispatches */
	unsigned int running;
	bool stop;
} work;
static pthread_t threads[PLATFORM_CPUS_MAX];

static void run_inside(void)
{
	machine_enter(kernel_space.root);
	tlb_cpu_enter();
	work.function(work.context);
	tlb_cpu_leave();
	machine_leave();
}

static void *run_cpu(void *number)
{
	unsigned int cpu = (unsigned int)(uintptr_t)number, seen = 0;

	machine_become(cpu);
	trap_init_thread();
	pthread_mutex_lock(&mutex);
	while (!work.stop) {
		if (work.generation != seen && cpu < work.nr) {
			seen = work.generation;
			pthread_mutex_unlock(&mutex);
			run_inside();
			pthread_mutex_lock(&mutex);
			__atomic_sub_fetch(&work.running, 1, __ATOMIC_RELEASE);
			continue;
		}
		pthread_cond_wait(&changed, &mutex);
	}
	pthread_mutex_unlock(&mutex);
	return NULL;
}

void cpus_start(void)
{
	machine_become(0);
	trap_init_thread();
	for (unsigned int cpu = 1; cpu < platform_nr_cpus(); cpu++)
		if (pthread_create(&threads[cpu], NULL, run_cpu, (void *)(uintptr_t)cpu)) {
			perror("thread of a CPU");
			exit(EXIT_FAILURE);
		}
}

unsigned int cpus_run(unsigned int nr, void (*function)(void *context), void *context)
{
	pthread_mutex_lock(&mutex);
	work.function = function;
	work.context = context;
	work.nr = nr;
	work.running = nr - 1;
	work.generation++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
	function(context);
	while (__atomic_load_n(&work.running, __ATOMIC_ACQUIRE)) {
		tlb_poll();
		platform_pause();
	}
	return nr;
}

void cpus_stop(void)
{
	pthread_mutex_lock(&mutex);
	work.stop = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
	for (unsigned int cpu = 1; cpu < platform_nr_cpus(); cpu++)
		pthread_join(threads[cpu], NULL);
}
