/* SPDX-License-Identifier: BSD-2-Clause */
#include "workers.h"
#include "lib/format.h"
#include "lib/lock.h"
#include "mm.h"
#include "test.h"
#include "tlb.h"

enum { ROUNDS = 5 };

static struct {
	const struct load *load;
	const struct load_parameters *parameters;
	unsigned int failed;
} work;

static uint64_t ticks;

/* Ticks from when all have what they need to when the last one is through: whoever comes late must
 * not make the others look fast. */
static void take_time(bool begins)
{
	test_wait_for_all();
	if (platform_cpu() == 0)
		ticks = platform_ticks() - (begins ? 0 : ticks);
}

/* Each CPU has random numbers of its own. */
static void run_load(void *context)
{
	struct load_parameters own = *work.parameters;

	(void)context;
	own.seed += platform_cpu();
	own.working = take_time;
	if (!work.load->run(&own))
		__atomic_fetch_add(&work.failed, 1, __ATOMIC_RELAXED);
}

static uint64_t time_of(unsigned int workers)
{
	mm_quiesce();
	if (workers == 1)
		test_rest_cpus();
	test_run_on_cpus(workers, run_load, NULL);
	return ticks;
}

static void sort(uint64_t *values, unsigned int nr)
{
	for (unsigned int i = 1; i < nr; i++)
		for (unsigned int k = i; k > 0 && values[k - 1] > values[k]; k--) {
			uint64_t value = values[k];

			values[k] = values[k - 1];
			values[k - 1] = value;
		}
}

static uint64_t ratio_of(unsigned int workers, uint64_t alone, uint64_t together)
{
	return together ? workers * alone * 100 / together : 0;
}

static const char *hundredths(char text[24], uint64_t value)
{
	scnprintf(text, 24, "%lu.%02lu", value / 100, value % 100);
	return text;
}

/* In turns, so that what disturbs the machine for a while disturbs both; sorted. */
static void take_times(unsigned int workers, uint64_t *alone, uint64_t *together, uint64_t *ratios)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		alone[i] = time_of(1);
		together[i] = time_of(workers);
		ratios[i] = ratio_of(workers, alone[i], together[i]);
	}
	sort(alone, ROUNDS);
	sort(together, ROUNDS);
	sort(ratios, ROUNDS);
}

bool workers_compare(const struct load *load, const struct load_parameters *parameters,
		     const char *name, unsigned int workers)
{
	uint64_t alone[ROUNDS], together[ROUNDS], ratios[ROUNDS], waits = locks_waited();
	struct tlb_stats before, after;
	char text[3][24];

	work.load = load;
	work.parameters = parameters;
	work.failed = 0;
	tlb_get_stats(&before);
	take_times(workers, alone, together, ratios);
	tlb_get_stats(&after);
	log_line("workers name=%s workers=%u loops=%lu alone=%lu together=%lu ratio=%s least=%s "
		 "most=%s shootdowns=%lu waits=%lu rounds=%u",
		 name, workers, parameters->loops, alone[ROUNDS / 2], together[ROUNDS / 2],
		 hundredths(text[0], ratios[ROUNDS / 2]), hundredths(text[1], ratios[0]),
		 hundredths(text[2], ratios[ROUNDS - 1]), after.shootdowns - before.shootdowns,
		 locks_waited() - waits, ROUNDS);
	return work.failed == 0;
}
