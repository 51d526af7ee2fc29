/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"

/* The tests: random rounds, of one CPU. And what they count. */

enum { HOST_STEPS = 40000, FIRMWARE_STEPS = 100000, MILLION = 1000000, EACH_AT_LEAST = 1000 };

static uint64_t run_seed;

/* Everything comes from seed, round and step. */
void random_record(uint64_t seed, uint64_t round, uint64_t step, struct record *to)
{
	struct random random;
	uint64_t words[STEP_BYTES / 8];

	random_seed(&random, seed ^ (round << 32 | step) * 0x9e3779b97f4a7c15);
	for (unsigned int i = 0; i < STEP_BYTES / 8; i++)
		words[i] = random_next(&random);
	memcpy(to->bytes, words, sizeof(words));
}

static void next_record(uint64_t step, struct record *to)
{
	random_record(run_seed, driver.round, step, to);
}

uint64_t driver_option(const char *name, uint64_t otherwise)
{
	size_t length;
	const char *text = test_option(name, &length);
	uint64_t value = 0;

	if (!text)
		return otherwise;
	for (size_t i = 0; i < length; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	return value;
}

static void play(uint64_t round, uint64_t steps)
{
	if (driver_option("rounds", 0))
		log_line("# round %llu begins", (unsigned long long)round);
	round_play(round, steps, next_record);
}

void counts_print(void)
{
	for (size_t i = 0; i < nr_calls(); i++) {
		const struct call *call = call_number(i);
		char text[160];
		size_t used = 0;

		for (unsigned int o = 0; o < NR_OUTCOMES; o++)
			if (call->outcomes & MAY(o))
				used += (size_t)scnprintf(text + used, sizeof(text) - used,
							  ", %s %llu", outcome_names[o],
							  (unsigned long long)round_counts[i][o]);
		log_line("# call %s: %s", call->name, text + 2);
	}
}

static void expect_each(uint64_t least)
{
	for (size_t i = 0; i < nr_calls(); i++)
		for (unsigned int o = 0; o < NR_OUTCOMES; o++)
			if (call_number(i)->outcomes & MAY(o) &&
			    !(call_number(i)->outcomes & TOGETHER) &&
			    !expect(round_counts[i][o] >= least))
				test_note("%s: %s only %llu times", call_number(i)->name,
					  outcome_names[o], (unsigned long long)round_counts[i][o]);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

TEST(mm_random, mixed, "any row of calls does what a plain model says, and leaves nothing")
{
	uint64_t steps = driver_option("steps", test_on_host() ? HOST_STEPS : FIRMWARE_STEPS);
	uint64_t round = driver_option("round", 0);

	drivers_prepare(1);
	run_seed = driver_option("from", test_random());
	driver_prints = driver_option("print", 0);
	if (test_option("round", &(size_t){0})) {
		play(round, least(steps, ROUND_STEPS));
		return;
	}
	for (uint64_t left = steps; left > 0; left -= least(left, ROUND_STEPS))
		play(round++, least(left, ROUND_STEPS));
	test_report("steps", (int64_t)steps, "calls");
	counts_print();
	expect_each(steps >= MILLION ? EACH_AT_LEAST : 0);
}
