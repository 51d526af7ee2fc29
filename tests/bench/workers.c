/* SPDX-License-Identifier: BSD-2-Clause */
#include "workers.h"
#include "lib/format.h"
#include "lib/lock.h"
#include "mm.h"
#include "test.h"
#include "tlb.h"

enum { ROUNDS = 3 };

static struct {
	const struct load *load;
	const struct load_parameters *parameters;
	unsigned int workers, ready, failed;
} work;

/* Whoever comes late must not make the others look fast. */
static void wait_for_all(void)
{
	uint64_t limit = platform_ticks() + 10 * platform_ticks_per_second();

	__atomic_fetch_add(&work.ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&work.ready, __ATOMIC_SEQ_CST) < work.workers &&
	       platform_ticks() < limit) {
		tlb_poll();
		platform_pause();
	}
}

static uint64_t start;

static void run_load(void *context)
{
	struct load_parameters own = *work.parameters;

	(void)context;
	own.seed += platform_cpu();
	wait_for_all();
	if (platform_cpu() == 0)
		start = platform_ticks();
	if (!work.load->run(&own))
		__atomic_fetch_add(&work.failed, 1, __ATOMIC_RELAXED);
}

/* Ticks from when all were there to when the last one was through; the least of some rounds. */
static uint64_t time_of(unsigned int workers)
{
	uint64_t least = UINT64_MAX;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t ticks;

		mm_quiesce();
		work.workers = workers;
		work.ready = 0;
		test_run_on_cpus(workers, run_load, NULL);
		ticks = platform_ticks() - start;
		least = ticks < least ? ticks : least;
	}
	return least;
}

bool workers_compare(const struct load *load, const struct load_parameters *parameters,
		     const char *name, unsigned int workers)
{
	uint64_t alone, together, ratio, waits;
	struct tlb_stats before, after;

	work.load = load;
	work.parameters = parameters;
	work.failed = 0;
	alone = time_of(1);
	tlb_get_stats(&before);
	waits = locks_waited();
	together = time_of(workers);
	tlb_get_stats(&after);
	waits = locks_waited() - waits;
	ratio = together ? workers * alone * 100 / together : 0;
	log_line("workers name=%s workers=%u loops=%llu alone=%llu together=%llu ratio=%llu.%02u "
		 "shootdowns=%llu waits=%llu rounds=%u",
		 name, workers, (unsigned long long)parameters->loops, (unsigned long long)alone,
		 (unsigned long long)together, (unsigned long long)(ratio / 100),
		 (unsigned int)(ratio % 100),
		 (unsigned long long)(after.shootdowns - before.shootdowns),
		 (unsigned long long)waits, ROUNDS);
	return work.failed == 0;
}
