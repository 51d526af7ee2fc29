/* SPDX-License-Identifier: BSD-2-Clause */
#include "runner.h"
#include "lib/format.h"
#include "lib/lock.h"
#include "leaks.h"
#include "plan.h"
#include "state.h"

struct runner_options runner_options;

static struct runner_result *open_result; /* of the run that is not closed yet */

enum { REPEAT_MAX = 160 };

static unsigned int lines;	      /* result lines printed so far */
static char failed_names[REPEAT_MAX]; /* for test=, as many as fit */
static uint64_t this_round, failed_round, start_ticks;

/* The first round has the seed itself. */
uint64_t runner_round_seed(uint64_t round)
{
	return runner_options.seed + round * 0x9e3779b97f4a7c15;
}

const struct runner_result *runner_now(void)
{
	return open_result;
}

static void print_result(bool passed, const char *name, uint64_t ticks)
{
	uint64_t per_us = platform_ticks_per_second() / 1000000, us = ticks / (per_us ? per_us : 1);

	log_line("%s %u %s # %llu.%03u ms", passed ? "ok" : "not ok", ++lines, name,
		 (unsigned long long)(us / 1000), (unsigned int)(us % 1000));
}

static void count_failure(struct runner_result *result, const char *name)
{
	size_t used = strlen(failed_names);

	if (!result->failed++)
		failed_round = this_round;
	if (used + strlen(name) + 2 < sizeof(failed_names))
		scnprintf(failed_names + used, sizeof(failed_names) - used, "%s%s", used ? "," : "",
			  name);
}

void test_ended_early(int ended)
{
	if (ended != TEST_GAVE_UP && ended != TEST_SKIPPED)
		test_fail("unexpected exception: %s", fault_last_summary());
	if (ended == TEST_GAVE_UP && !test_state.failures)
		test_fail("gave up without a failed expectation");
	if (ended == TEST_SKIPPED && !test_state.skip_reason[0])
		test_fail("skipped without a reason");
}

/* Returns how it ended: 0, or what fault_catch() returned. */
static int run_caught(struct test *test)
{
	struct fault_catch catch;
	int ended = fault_catch(&catch);

	if (ended) {
		test_ended_early(ended);
		return ended;
	}
	test->run(test);
	fault_catch_end();
	return 0;
}

/* What must hold after each test; a test may have left structures on which the checks fault. False:
 * nothing more can be run. */
static bool clean_up(void)
{
	struct fault_catch catch;
	bool whole;

	if (locks_held()) {
		test_fail("%u locks are still held", locks_held());
		locks_forget();
		return false;
	}
	test_rest_cpus();
	test_run_ends();
	own_options_check_asked();
	if (fault_catch(&catch)) {
		test_fail("exception in the checks: %s", fault_last_summary());
		return false;
	}
	whole = leaks_check();
	fault_catch_end();
	return whole;
}

static void conclude(const struct test *test, const char *name, int ended, uint64_t ticks,
		     struct runner_result *result)
{
	if (test_state.failures) {
		log_line("# %s should hold: %s", name, test->sentence);
		print_result(false, name, ticks);
		count_failure(result, name);
	} else if (ended == TEST_SKIPPED) {
		log_line("ok %u %s # SKIP %s", ++lines, name, test_state.skip_reason);
		result->skipped++;
	} else {
		print_result(true, name, ticks);
		result->passed++;
	}
}

/* False: nothing more can be run. */
static bool run_test(struct test *test, struct runner_result *result)
{
	char name[PLAN_NAME_MAX];
	uint64_t start;
	bool goes_on;
	int ended;

	test_begin(test, plan_name(name, test), runner_round_seed(this_round));
	start = platform_ticks();
	ended = run_caught(test);
	start = platform_ticks() - start;
	if (!ended && !test_state.expectations)
		test_fail("%s:%d: asserted nothing", test->file, test->line);
	goes_on = clean_up();
	conclude(test, name, ended, start, result);
	test_state.test = NULL;
	return goes_on;
}

/* What is wished before `test` runs, now that the outside knows of it. NULL: all are through. */
static enum runner_wish tell_before(const struct test *test)
{
	char name[PLAN_NAME_MAX] = "";

	if (test)
		plan_name(name, test);
	if (runner_options.before_test)
		runner_options.before_test(name);
	platform_relax();
	return runner_options.wish ? runner_options.wish() : RUNNER_GO_ON;
}

static void skip_test(const struct test *test, struct runner_result *result)
{
	char name[PLAN_NAME_MAX];

	log_line("ok %u %s # SKIP by key", ++lines, plan_name(name, test));
	result->skipped++;
}

static bool time_is_up(void)
{
	return runner_options.repeat_seconds &&
	       platform_ticks() - start_ticks >=
		       runner_options.repeat_seconds * platform_ticks_per_second();
}

/* False: the run ends with this test. */
static bool run_next(struct test *test, struct runner_result *result)
{
	enum runner_wish wish = tell_before(test);

	if (wish == RUNNER_STOP) {
		result->stopped = "by key";
		return false;
	}
	if (wish == RUNNER_SKIP) {
		skip_test(test, result);
	} else if (!run_test(test, result)) {
		result->cut_short = true;
		return false;
	}
	if (runner_options.fail_fast && result->failed) {
		result->stopped = "at the first failure";
		return false;
	}
	return !time_is_up();
}

static void run_round(const struct test *after, struct runner_result *result, bool *goes_on)
{
	struct test *test = plan_next(after);

	for (; test && *goes_on; test = plan_next(test))
		*goes_on = run_next(test, result);
}

static uint64_t nr_rounds(void)
{
	return runner_options.repeat ? runner_options.repeat : 1;
}

static void run_rounds(const struct test *after, struct runner_result *result)
{
	bool goes_on = true;

	for (this_round = 0; goes_on; this_round++) {
		if (this_round >= nr_rounds() && !runner_options.repeat_seconds)
			break;
		if (this_round) {
			plan_order(this_round);
			log_line("# round %llu", (unsigned long long)this_round + 1);
		}
		run_round(after, result, &goes_on);
		after = NULL;
	}
	if (!result->cut_short)
		tell_before(NULL);
}

/* How many tests there will be, as far as it can be told. */
static unsigned int count_planned(const struct test *after)
{
	return plan_selected_behind(after) + (unsigned int)(nr_rounds() - 1) * plan_selected();
}

static void print_start(unsigned int selected, const struct runner_result *result)
{
	log_line("KTAP version 1");
	if (!runner_options.repeat_seconds)
		log_line("1..%u", result->planned);
	log_line("# %u of %u tests", selected, plan_registered());
}

void runner_run(const struct runner_options *options, struct runner_result *result)
{
	const struct test *after;

	runner_options = *options;
	lines = 0;
	this_round = 0;
	failed_names[0] = '\0';
	start_ticks = platform_ticks();
	plan_order(0);
	after = plan_after();
	*result = (struct runner_result){.planned = count_planned(after) + options->reports};
	open_result = result;
	print_start(plan_selected_behind(after), result);
	own_options_check_names();
	result->matched = plan_words_name_tests() && plan_selected();
	if (!plan_selected())
		return;
	leaks_start();
	run_rounds(after, result);
}

bool runner_list(const struct runner_options *options)
{
	char name[PLAN_NAME_MAX];

	runner_options = *options;
	plan_order(0);
	if (!plan_words_name_tests())
		return false;
	for (struct test *test = plan_next(NULL); test; test = plan_next(test))
		log_line("# %s: %s", plan_name(name, test), test->sentence);
	log_line("# %u of %u tests", plan_selected(), plan_registered());
	return true;
}

void runner_nothing(bool good)
{
	log_line("KTAP version 1");
	log_line("1..0");
	log_line("# 0 passed, 0 failed, 0 skipped: %s", good ? "passed" : "failed");
}

uint64_t runner_seconds_wanted(void)
{
	return runner_options.soak ? runner_options.soak : runner_options.repeat_seconds;
}

void runner_report(struct runner_result *result, const char *name, const char *problem)
{
	if (problem) {
		log_line("# %s", problem);
		count_failure(result, name);
	} else {
		result->passed++;
	}
	log_line("%s %u %s", problem ? "not ok" : "ok", ++lines, name);
}

static void print_ended_early(const struct runner_result *result, unsigned int told)
{
	unsigned int left = result->planned > told ? result->planned - told : 0;

	if (result->cut_short && !result->planned)
		log_line("# cut short before the first test");
	else if (result->cut_short)
		log_line("# cut short: %u of %u not run", left, result->planned);
	else if (result->stopped)
		log_line("# stopped %s: %u of %u not run", result->stopped, left, result->planned);
}

static void print_repeat(void)
{
	char round[24] = "";

	if (failed_names[0] && failed_round)
		scnprintf(round, sizeof(round), " repeat=%llu",
			  (unsigned long long)failed_round + 1);
	log_line("# to repeat: seed=0x%llx%s%s%s%s", (unsigned long long)runner_options.seed,
		 failed_names[0] ? " test=" : "", failed_names, round,
		 runner_options.shuffled ? " order=shuffled" : "");
}

void runner_close(const struct runner_result *result)
{
	unsigned int told = result->passed + result->failed + result->skipped;
	bool good = !result->failed && !result->cut_short && !result->stopped && result->matched;

	open_result = NULL;
	if (runner_options.repeat_seconds)
		log_line("1..%u", told);
	else
		print_ended_early(result, told);
	if (!good && result->planned)
		print_repeat();
	log_line("# %u passed, %u failed, %u skipped: %s", result->passed, result->failed,
		 result->skipped, good ? "passed" : "failed");
}

void runner_close_early(void)
{
	struct runner_result *result = open_result;
	char name[PLAN_NAME_MAX];

	if (!result)
		return;
	if (test_state.test) {
		plan_name(name, test_state.test);
		log_line("not ok %u %s", ++lines, name);
		count_failure(result, name);
	}
	result->cut_short = true;
	runner_close(result);
}
