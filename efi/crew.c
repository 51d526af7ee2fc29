/* SPDX-License-Identifier: BSD-2-Clause */
#include "crew.h"
#include "console.h"
#include "cpus.h"
#include "crew_watch.h"
#include "fault.h"
#include "lib/format.h"
#include "platform.h"
#include "registers.h"
#include "stacks.h"
#include "tlb.h"

enum { COME_SECONDS_MAX = 10, LEAVE_SECONDS_MAX = 10, ANSWER_SECONDS = 2, PROBLEM_MAX = 96 };

/* A CPU other than the first; what it writes, and nobody else. */
static struct member {
	bool inside;   /* in serve() */
	bool back;     /* in the firmware's world, all restored */
	uint64_t done; /* the last work that it is through with */
} __attribute__((aligned(64))) members[CPUS_MAX];

/* What the first CPU says to them. */
static struct {
	void (*function)(void *context);
	void *context;
	unsigned int nr;
	uint64_t number; /* of the work; written last */
	bool leave;
} work;

static struct gate_request request;
static unsigned int nr_ready = 1; /* CPUs 0 to nr_ready - 1 come when they are called */
static bool are_inside;
static const char *reason_to_end;
static char problem[PROBLEM_MAX];

static struct member *this_member(void)
{
	return &members[platform_cpu()];
}

/* The other CPUs' life inside. */
static void serve(void *unused)
{
	struct member *self = this_member();
	uint64_t seen = self->done;

	(void)unused;
	__atomic_store_n(&self->inside, true, __ATOMIC_RELEASE);
	do {
		uint64_t number = __atomic_load_n(&work.number, __ATOMIC_ACQUIRE);

		if (number != seen) {
			seen = number;
			if (platform_cpu() < work.nr)
				work.function(work.context);
			__atomic_store_n(&self->done, seen, __ATOMIC_RELEASE);
		}
		tlb_poll();
		platform_quiescent();
		platform_pause();
	} while (!__atomic_load_n(&work.leave, __ATOMIC_ACQUIRE));
}

static void note_problem(const char *what)
{
	static bool noted;

	if (!__atomic_test_and_set(&noted, __ATOMIC_ACQ_REL))
		scnprintf(problem, sizeof(problem), "CPU %u: %s", platform_cpu(), what);
}

/* In the firmware's world, on the small stack that a processor has there. */
static void come(void)
{
	static struct registers before[CPUS_MAX], after[CPUS_MAX];
	static char texts[CPUS_MAX][PROBLEM_MAX];
	unsigned int cpu = platform_cpu();
	struct gate_request own = request;
	const char *wrong;

	own.run = serve;
	own.stack_top = stack_top(cpu);
	own.stack_top_now = stack_top_now(cpu);
	registers_read(&before[cpu]);
	gate_run(&own);
	registers_read(&after[cpu]);
	wrong = registers_compare(&before[cpu], &after[cpu], texts[cpu], PROBLEM_MAX);
	if (wrong)
		note_problem(wrong);
	__atomic_store_n(&members[cpu].inside, false, __ATOMIC_RELEASE);
	__atomic_store_n(&members[cpu].back, true, __ATOMIC_RELEASE);
}

static bool dispatched;

static void dispatch(void)
{
	dispatched = cpus_all_back() && cpus_dispatch(come);
	console_flush();
}

static void call(void)
{
	dispatched = cpus_all_back() && cpus_call(come);
}

/* Waits until `is_so` holds for every CPU below `nr`; returns the first one for which it does not
 * within `seconds`, or `nr`. */
static unsigned int wait_for(bool (*is_so)(const struct member *member), unsigned int nr,
			     unsigned int seconds)
{
	uint64_t limit = platform_ticks() + seconds * platform_ticks_per_second();
	unsigned int cpu = 1;

	while (cpu < nr && platform_ticks() < limit) {
		if (is_so(&members[cpu])) {
			cpu++;
			continue;
		}
		tlb_poll();
		platform_pause();
	}
	return cpu < nr ? cpu : nr;
}

static bool is_inside(const struct member *member)
{
	return __atomic_load_n(&member->inside, __ATOMIC_ACQUIRE);
}

static bool is_back(const struct member *member)
{
	return __atomic_load_n(&member->back, __ATOMIC_ACQUIRE) ||
	       cpus_is_lost((unsigned int)(member - members));
}

/* CPUs from `cpu` on are not counted on any more. */
static void do_without(unsigned int cpu, const char *why)
{
	if (cpu == nr_ready)
		return;
	log_note("CPU %u (%s) %s: the run goes on with %u", cpu, cpus_describe(cpu), why, cpu);
	nr_ready = cpu;
}

static void expect_them(void)
{
	for (unsigned int cpu = 1; cpu < cpus_nr(); cpu++)
		members[cpu] = (struct member){.done = work.number};
}

static void bring_in(void)
{
	work.leave = false;
	expect_them();
	gate_outside(dispatch);
	if (!dispatched) {
		do_without(1, "was not dispatched");
		return;
	}
	are_inside = true;
	do_without(wait_for(is_inside, nr_ready, COME_SECONDS_MAX), "did not come inside");
}

void crew_prepare(const struct gate_request *like)
{
	request = *like;
	nr_ready = cpus_nr();
}

unsigned int crew_nr(void)
{
	return nr_ready;
}

static bool is_done(unsigned int cpu, uint64_t number)
{
	return cpus_is_lost(cpu) || __atomic_load_n(&members[cpu].done, __ATOMIC_ACQUIRE) == number;
}

/* Waits for all, `ticks` at most; true: they are through. */
static bool wait_until_done(uint64_t number, uint64_t ticks)
{
	uint64_t start = platform_ticks();
	unsigned int cpu = 1;

	while (cpu < nr_ready) {
		if (is_done(cpu, number)) {
			cpu++;
			continue;
		}
		if (platform_ticks() - start > ticks)
			return false;
		tlb_poll();
		platform_pause();
		platform_relax();
	}
	return true;
}

static void recall_the_late(uint64_t number)
{
	for (unsigned int cpu = 1; cpu < nr_ready; cpu++)
		if (!is_done(cpu, number))
			crew_recall(cpu, "is not through with its work");
	if (wait_until_done(number, ANSWER_SECONDS * platform_ticks_per_second()))
		return;
	for (unsigned int cpu = 1; cpu < nr_ready; cpu++)
		if (!is_done(cpu, number))
			crew_lose(cpu);
}

/* An NMI from outside that finds the test over its time must not end it while others work. */
static void wait_for_the_others(uint64_t number)
{
	struct fault_catch catch;

	if (fault_catch(&catch)) {
		recall_the_late(number);
		return;
	}
	if (!wait_until_done(number, crew_patience()))
		recall_the_late(number);
	fault_catch_end();
}

/* Counts no further than to the first one that was lost, and has the firmware reset it. */
static void drop_the_lost(void)
{
	unsigned int cpu = 1;

	while (cpu < nr_ready && !cpus_is_lost(cpu))
		cpu++;
	do_without(cpu, "is lost");
	if (cpus_have_to_reset())
		gate_outside(cpus_reset_lost);
}

static uint64_t publish(unsigned int nr, void (*function)(void *context), void *context)
{
	work.function = function;
	work.context = context;
	work.nr = nr;
	__atomic_store_n(&work.number, work.number + 1, __ATOMIC_RELEASE);
	return work.number;
}

unsigned int crew_run(unsigned int nr, void (*function)(void *context), void *context)
{
	uint64_t number;

	if (!are_inside)
		bring_in();
	number = publish(nr, function, context);
	function(context);
	wait_for_the_others(number);
	drop_the_lost();
	return nr < nr_ready ? nr : nr_ready;
}

/* All of them, also those that are not counted on any more. */
static bool have_left(unsigned int seconds)
{
	__atomic_store_n(&work.leave, true, __ATOMIC_RELEASE);
	return wait_for(is_back, cpus_nr(), seconds) == cpus_nr();
}

static void lose_who_is_inside(void)
{
	for (unsigned int cpu = 1; cpu < cpus_nr(); cpu++)
		if (!is_back(&members[cpu]))
			crew_lose(cpu);
}

void crew_rest(void)
{
	if (!are_inside)
		return;
	if (!have_left(LEAVE_SECONDS_MAX))
		lose_who_is_inside();
	are_inside = false;
	drop_the_lost();
}

bool crew_call(void (*function)(void *context), void *context)
{
	crew_rest();
	expect_them();
	publish(nr_ready, function, context);
	work.leave = true;
	gate_outside(call);
	return dispatched && wait_until_done(work.number, 0);
}

const char *crew_problem(void)
{
	return problem[0] ? problem : NULL;
}

void crew_end_run(const char *reason)
{
	__atomic_store_n(&reason_to_end, reason, __ATOMIC_RELEASE);
}

void crew_look(void)
{
	crew_scatter_self();
	if (__builtin_expect(!!__atomic_load_n(&reason_to_end, __ATOMIC_RELAXED), 0) &&
	    platform_cpu() == 0 && gate_is_closed())
		platform_abort("another CPU has ended it");
}

/* In vain for a second, then by NMI, then without them. */
void crew_abandon(void)
{
	__atomic_store_n(&reason_to_end, NULL, __ATOMIC_RELEASE);
	if (!are_inside || have_left(ANSWER_SECONDS))
		return;
	crew_scatter();
	if (!have_left(ANSWER_SECONDS))
		lose_who_is_inside();
}
