/* SPDX-License-Identifier: BSD-2-Clause */
#include "count.h"
#include "mm.h"
#include "purge.h"
#include "test.h"
#include "tlb.h"

enum { WARM_UPS = 4 }; /* until each CPU has as many ranges as go round between two purges */

static struct {
	const struct load *load;
	const struct load_parameters *parameters;
	unsigned int failed;
} work;

static struct counted before, after;

static void read_counts(struct counted *now)
{
	struct tlb_stats tlb;

	sharing_get(&now->sharing);
	tlb_get_stats(&tlb);
	now->flushes = tlb.ranges + tlb.alls;
	now->shootdowns = tlb.shootdowns;
	now->purges = __atomic_load_n(&purge_state.purges, __ATOMIC_RELAXED);
}

/* While nobody works yet, and when nobody does any more. */
static void take_counts(bool begins)
{
	test_wait_for_all();
	if (platform_cpu() == 0)
		read_counts(begins ? &before : &after);
	test_wait_for_all();
}

/* Each CPU has random numbers of its own, but the same in both runs. */
static void run_load(void *context)
{
	struct load_parameters own = *work.parameters;

	own.seed += platform_cpu();
	own.working = *(bool *)context ? take_counts : NULL;
	if (!work.load->run(&own))
		work.failed++;
}

static void subtract(struct counted *from, const struct counted *what)
{
	from->sharing.lines_written -= what->sharing.lines_written;
	from->sharing.lines_read -= what->sharing.lines_read;
	from->sharing.tables -= what->sharing.tables;
	from->sharing.own_locks -= what->sharing.own_locks;
	from->sharing.locks -= what->sharing.locks;
	from->sharing.contended -= what->sharing.contended;
	from->sharing.atomics -= what->sharing.atomics;
	from->flushes -= what->flushes;
	from->shootdowns -= what->shootdowns;
	from->purges -= what->purges;
}

struct counted count_load(const struct load *load, const struct load_parameters *parameters,
			  unsigned int cpus)
{
	bool counting = false;

	work.load = load;
	work.parameters = parameters;
	work.failed = 0;
	mm_quiesce();
	for (unsigned int i = 0; i < WARM_UPS; i++)
		test_run_on_cpus(cpus, run_load, &counting);
	lines_forget_places();
	counting = true;
	test_run_on_cpus(cpus, run_load, &counting);
	subtract(&after, &before);
	after.good = work.failed == 0;
	return after;
}
