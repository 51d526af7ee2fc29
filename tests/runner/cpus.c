/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/lock.h"
#include "state.h"
#include "tlb.h"

/*
 * Tests on many CPUs. Each CPU catches for itself, so that one which faults or gives up does not
 * leave the others with a context on a stack that was unwound.
 */

enum { MEETING_SECONDS_MAX = 10 };

struct dispatch {
	void (*function)(void *context);
	void *context;
};

/* Those who run together, and how often each has come to a meeting. */
static struct {
	unsigned int nr, arrived;
	unsigned int meetings[PLATFORM_CPUS_MAX];
} crew;

static void run_caught(void *context)
{
	const struct dispatch *dispatch = context;
	struct fault_catch catch;
	int ended = fault_catch(&catch);

	if (ended) {
		test_ended_early(ended);
		return;
	}
	dispatch->function(dispatch->context);
	fault_catch_end();
}

static bool all_have_come(unsigned int meetings)
{
	return __atomic_load_n(&crew.arrived, __ATOMIC_SEQ_CST) >= meetings * crew.nr;
}

bool test_wait_for_all(void)
{
	uint64_t limit = platform_ticks() + MEETING_SECONDS_MAX * platform_ticks_per_second();
	unsigned int meetings = ++crew.meetings[platform_cpu()];

	__atomic_fetch_add(&crew.arrived, 1, __ATOMIC_SEQ_CST);
	while (!all_have_come(meetings)) {
		if (platform_ticks() >= limit)
			return false;
		tlb_poll();
		platform_pause();
	}
	return true;
}

static void begin_crew(unsigned int nr)
{
	crew.nr = nr;
	crew.arrived = 0;
	memset(crew.meetings, 0, sizeof(crew.meetings));
}

unsigned int test_nr_cpus(void)
{
	return runner_options.nr_cpus ? runner_options.nr_cpus() : 1;
}

void test_rest_cpus(void)
{
	if (runner_options.rest_cpus)
		runner_options.rest_cpus();
}

unsigned int test_run_on_cpus(unsigned int nr, void (*function)(void *context), void *context)
{
	static struct dispatch dispatch; /* a CPU that is lost may still look at it */
	unsigned int through;

	dispatch = (struct dispatch){.function = function, .context = context};

	if (nr > test_nr_cpus())
		nr = test_nr_cpus();
	begin_crew(nr);
	if (nr <= 1) {
		function(context);
		return nr;
	}
	through = runner_options.run_on_cpus(nr, run_caught, &dispatch);
	if (through < nr)
		test_fail("CPU %u did not come to the end of its part", through);
	return through;
}
