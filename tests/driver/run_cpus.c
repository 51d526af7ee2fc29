/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"

/*
 * Rounds of several CPUs at the same time. Each has a model and areas of its own; what one gives to
 * another through a letter box (calls_share.c) is checked and freed there. Which CPU comes first is
 * not in the seed, so a round that fails may pass the next time.
 */

enum { CPUS = 4, HOST_ROUNDS = 4, STEPS_OF_ROUND = 1024 };

struct together {
	uint64_t seed, round, steps;
	unsigned int through; /* CPUs that came to the end of the round */
};

static void work(void *context)
{
	struct together *together = context;
	uint64_t seed = together->seed + platform_cpu() * 0x9e3779b97f4a7c15;
	struct record record;

	round_begin(together->round);
	for (uint64_t i = 0; i < together->steps; i++) {
		random_record(seed, together->round, i, &record);
		round_step(i, &record);
	}
	round_end();
	__atomic_fetch_add(&together->through, 1, __ATOMIC_RELAXED);
}

static void play_together(unsigned int nr, struct together *together)
{
	struct mm_usage before;

	mm_quiesce();
	settings_reset();
	mm_quiesce();
	mm_get_usage(&before);
	together->through = 0;
	test_run_on_cpus(nr, work, together);
	log_divert(NULL);
	require_equal(together->through, nr);
	release_shared();
	settings_reset();
	round_check_nothing_left(&before);
}

TEST(mm_random, cpus, "calls of four CPUs at once keep to what each one's model says")
{
	unsigned int nr = test_nr_cpus() < CPUS ? test_nr_cpus() : CPUS;
	uint64_t rounds = test_on_host() ? HOST_ROUNDS : 1;
	uint64_t steps = driver_option("steps", rounds * STEPS_OF_ROUND);
	struct together together = {.seed = test_random()};

	if (nr < 2)
		test_skip("one CPU");
	driver_prints = false;
	drivers_prepare(nr);
	for (uint64_t left = steps; left > 0; left -= together.steps, together.round++) {
		together.steps = left < STEPS_OF_ROUND ? left : STEPS_OF_ROUND;
		play_together(nr, &together);
	}
	test_report("steps", (int64_t)(steps * nr), "calls");
	counts_print();
	for (size_t i = 0; i < nr_calls(); i++)
		if ((call_number(i)->outcomes & (ALONE | TOGETHER)) == TOGETHER)
			expect(round_counts[i][DONE] > 0 || steps * nr < CPUS * STEPS_OF_ROUND);
}
