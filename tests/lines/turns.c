/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "turns.h"
#include <sched.h>
#include <semaphore.h>
#include "cpus.h"
#include "platform.h"
#include "tlb.h"

/*
 * The linker puts __wrap_ functions in the place of the host's own (--wrap). Ticks are accesses:
 * no clock decides how a run goes.
 */

enum { TURN_MEAN = 200 }; /* accesses */

static sem_t turns[PLATFORM_CPUS_MAX];
static unsigned int nr_cpus, arrived, through, gone; /* 0 CPUs: nobody takes turns */
static __thread bool takes_turns;
static bool started; /* there is a machine */
static uint64_t left, ticks, lengths;

bool turns_alone(void)
{
	return takes_turns || (started && !nr_cpus);
}

/* Random numbers of its own (Marsaglia's xorshift64): those of lib/random.c are instrumented. */
static void begin_turn(void)
{
	lengths ^= lengths << 13;
	lengths ^= lengths >> 7;
	lengths ^= lengths << 17;
	left = 1 + lengths % (2 * TURN_MEAN);
}

static void pass_turn_to(unsigned int cpu)
{
	sem_post(&turns[cpu]);
}

static void wait_for_turn(void)
{
	while (sem_wait(&turns[platform_cpu()]))
		;
	begin_turn();
}

static void pass_turn(void)
{
	unsigned int next = (platform_cpu() + 1) % nr_cpus;

	if (next == platform_cpu() || through == nr_cpus) { /* then whose turn it is leaves */
		begin_turn();
		return;
	}
	pass_turn_to(next);
	wait_for_turn();
}

void turns_access(void)
{
	ticks += takes_turns || !nr_cpus;
	if (takes_turns && left-- == 0)
		pass_turn();
}

struct part {
	void (*function)(void *context);
	void *context;
};

/* All go on answering flushes until the last one is through: none leaves while others may ask. */
static void run_part(void *context)
{
	const struct part *part = context;

	if (__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST) == nr_cpus)
		pass_turn_to(0);
	wait_for_turn();
	takes_turns = true;
	part->function(part->context);
	through++;
	while (through < nr_cpus) {
		tlb_poll();
		platform_pause();
	}
	takes_turns = false;
	if (++gone < nr_cpus)
		pass_turn_to((platform_cpu() + 1) % nr_cpus);
}

static void stay_on_one_core(void)
{
	cpu_set_t core;

	CPU_ZERO(&core);
	CPU_SET(sched_getcpu(), &core);
	sched_setaffinity(0, sizeof(core), &core);
}

unsigned int __real_cpus_run(unsigned int nr, void (*function)(void *context), void *context);
unsigned int __wrap_cpus_run(unsigned int nr, void (*function)(void *context), void *context);
unsigned int __wrap_cpus_run(unsigned int nr, void (*function)(void *context), void *context)
{
	struct part part = {function, context};

	lengths = nr;
	for (unsigned int cpu = 0; cpu < nr; cpu++)
		sem_init(&turns[cpu], 0, 0);
	arrived = through = gone = 0;
	nr_cpus = nr;
	__real_cpus_run(nr, run_part, &part);
	nr_cpus = 0;
	return nr;
}

void __real_cpus_start(void);
void __wrap_cpus_start(void);
void __wrap_cpus_start(void)
{
	stay_on_one_core(); /* the threads as well: a turn that stays there is passed on sooner */
	__real_cpus_start();
	started = true;
}

void __real_platform_pause(void);
void __wrap_platform_pause(void);
void __wrap_platform_pause(void)
{
	ticks += takes_turns || !nr_cpus;
	if (takes_turns)
		pass_turn();
	else
		__real_platform_pause();
}

uint64_t __wrap_platform_ticks(void);
uint64_t __wrap_platform_ticks(void)
{
	return ticks;
}
