/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"

/* Random rounds for as long as soak= says, with a new seed for every SEED_ROUNDS of them. */

enum { SEED_ROUNDS = 25, DEFAULT_SECONDS = 10 };

static uint64_t seed;

static void next_record(uint64_t step, struct record *to)
{
	random_record(seed, driver.round, step, to);
}

static uint64_t seconds_since(uint64_t start)
{
	return (platform_ticks() - start) / platform_ticks_per_second();
}

/* One line every few seconds: how far it is, and the option that gives the next rounds again. */
static void say_how_far(uint64_t passed, uint64_t wanted, uint64_t steps)
{
	log_line("# soak: %llu of %llu s, %llu calls; now mixed.from=%llu",
		 (unsigned long long)passed, (unsigned long long)wanted, (unsigned long long)steps,
		 (unsigned long long)seed);
	test_relax();
}

TEST_FLAGS(mm_random, soak, "random calls go on doing what the model says", TEST_NAMED)
{
	uint64_t wanted = test_soak() ? test_soak() : DEFAULT_SECONDS, steps = 0;
	uint64_t start = platform_ticks();

	driver_prints = false;
	drivers_prepare(1);
	while (seconds_since(start) < wanted) {
		seed = test_random();
		say_how_far(seconds_since(start), wanted, steps);
		for (uint64_t round = 0; round < SEED_ROUNDS && seconds_since(start) < wanted;
		     round++, steps += ROUND_STEPS)
			round_play(round, ROUND_STEPS, next_record);
	}
	counts_print();
	test_report("steps", (int64_t)steps, "calls");
	expect(steps > 0);
}
