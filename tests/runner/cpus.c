/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/lock.h"
#include "state.h"

/*
 * Tests on many CPUs. Each CPU catches for itself, so that one which faults or gives up does not
 * leave the others with a context on a stack that was unwound.
 */

struct dispatch {
	void (*function)(void *context);
	void *context;
};

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

unsigned int test_nr_cpus(void)
{
	return runner_options.nr_cpus ? runner_options.nr_cpus() : 1;
}

unsigned int test_run_on_cpus(unsigned int nr, void (*function)(void *context), void *context)
{
	static struct dispatch dispatch; /* a CPU that is lost may still look at it */
	unsigned int through;

	dispatch = (struct dispatch){.function = function, .context = context};

	if (nr > test_nr_cpus())
		nr = test_nr_cpus();
	if (nr <= 1) {
		function(context);
		return nr;
	}
	through = runner_options.run_on_cpus(nr, run_caught, &dispatch);
	if (through < nr)
		test_fail("CPU %u did not come to the end of its part", through);
	return through;
}
