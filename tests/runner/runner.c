/* SPDX-License-Identifier: BSD-2-Clause */
#include "runner.h"
#include "lib/format.h"
#include "lib/lock.h"
#include "leaks.h"
#include "select.h"
#include "state.h"

extern struct test __start_vmlab_tests[] __attribute__((visibility("hidden")));
extern struct test __stop_vmlab_tests[] __attribute__((visibility("hidden")));

struct runner_options runner_options;

static struct runner_result *open_result; /* of the run that is not closed yet */

enum { NAME_MAX_BYTES = SELECT_NAME_MAX + 1, REPEAT_MAX = 160 };

static unsigned int lines;	      /* result lines printed so far */
static char failed_names[REPEAT_MAX]; /* for test=, as many as fit */
static struct test *first;	      /* where the run begins */

static size_t nr_tests(void)
{
	return (size_t)(__stop_vmlab_tests - __start_vmlab_tests);
}

static const char *format_name(char name[NAME_MAX_BYTES], const struct test *test)
{
	scnprintf(name, NAME_MAX_BYTES, "%s.%s", test->module, test->name);
	return name;
}

/* By module, then as the suites were written. */
static bool comes_before(const struct test *a, const struct test *b)
{
	int by_module = strcmp(a->module, b->module), by_file = strcmp(a->file, b->file);

	if (by_module)
		return by_module < 0;
	return by_file ? by_file < 0 : a->line < b->line;
}

/* Shell's sort, in place: linkers and compilers leave no order to rely on. */
static void sort_tests(void)
{
	struct test *tests = __start_vmlab_tests;

	for (size_t gap = nr_tests() / 2; gap > 0; gap /= 2)
		for (size_t i = gap; i < nr_tests(); i++) {
			struct test moved = tests[i];
			size_t j = i;

			for (; j >= gap && comes_before(&moved, &tests[j - gap]); j -= gap)
				tests[j] = tests[j - gap];
			tests[j] = moved;
		}
}

/* Benchmarks or tests: a run has the one kind only. */
static bool is_asked_for(const struct test *test)
{
	return !!(test->flags & TEST_BENCH) == runner_options.bench.on;
}

static bool is_selected(const struct test *test)
{
	char name[NAME_MAX_BYTES];

	format_name(name, test);
	if ((test->flags & TEST_NAMED) && !select_names(runner_options.select, name))
		return false;
	return is_asked_for(test) && select_matches(runner_options.select, name);
}

/* Behind the test that an earlier run stopped in; in the order of this run, so after sorting. */
static void find_first(void)
{
	const char *after = runner_options.after;
	char name[NAME_MAX_BYTES];

	first = __start_vmlab_tests;
	if (!after || !after[0])
		return;
	for (struct test *test = __start_vmlab_tests; test < __stop_vmlab_tests; test++) {
		if (!strcmp(format_name(name, test), after)) {
			first = test + 1;
			return;
		}
	}
	log_line("# there is no test %s to go on behind: all are run", after);
}

static unsigned int count_selected(struct test *from)
{
	unsigned int selected = 0;

	for (struct test *test = from; test < __stop_vmlab_tests; test++)
		selected += is_selected(test);
	return selected;
}

static bool word_means(const struct select_word *word, const struct test *test, const char *name)
{
	return test->flags & TEST_NAMED ? select_word_is(word, name)
					: select_word_matches(word, name);
}

/* Whether any test is meant by `word`; otherwise `nearest` is the name most like it. */
static bool word_names_a_test(const struct select_word *word, char nearest[NAME_MAX_BYTES])
{
	unsigned int least = ~0u;
	char name[NAME_MAX_BYTES];

	nearest[0] = '\0';
	for (struct test *test = __start_vmlab_tests; test < __stop_vmlab_tests; test++) {
		unsigned int distance;

		if (!is_asked_for(test))
			continue;
		if (word_means(word, test, format_name(name, test)))
			return true;
		distance = select_distance(word, name);
		if (distance < least) {
			least = distance;
			memcpy(nearest, name, sizeof(name));
		}
	}
	return false;
}

static bool all_words_name_tests(void)
{
	const char *list = runner_options.select;
	char nearest[NAME_MAX_BYTES];
	struct select_word word;
	bool all = true;

	while (list && select_next(&list, &word))
		if (!word_names_a_test(&word, nearest)) {
			log_line("# test=%.*s names no test; the nearest is %s", (int)word.length,
				 word.text, nearest);
			all = false;
		}
	return all;
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

	result->failed++;
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
	char name[NAME_MAX_BYTES];
	uint64_t start;
	bool goes_on;
	int ended;

	test_begin(test, format_name(name, test), runner_options.seed);
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

static void tell_before(const struct test *test)
{
	char name[NAME_MAX_BYTES] = "";

	if (test)
		format_name(name, test);
	if (runner_options.before_test)
		runner_options.before_test(name);
	platform_relax();
}

static void run_selected(struct runner_result *result)
{
	leaks_start();
	for (struct test *test = first; test < __stop_vmlab_tests; test++) {
		if (!is_selected(test))
			continue;
		tell_before(test);
		if (!run_test(test, result)) {
			result->cut_short = true;
			return;
		}
	}
	tell_before(NULL);
}

void runner_run(const struct runner_options *options, struct runner_result *result)
{
	unsigned int selected;

	runner_options = *options;
	lines = 0;
	failed_names[0] = '\0';
	sort_tests();
	find_first();
	selected = count_selected(first);
	*result = (struct runner_result){.planned = selected + options->reports};
	open_result = result;
	log_line("KTAP version 1");
	log_line("1..%u", result->planned);
	log_line("# %u of %u tests", selected, (unsigned int)nr_tests());
	own_options_check_names(__start_vmlab_tests, nr_tests());
	result->matched = all_words_name_tests() && count_selected(__start_vmlab_tests);
	run_selected(result);
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

void runner_close(const struct runner_result *result)
{
	unsigned int told = result->passed + result->failed + result->skipped;
	bool good = !result->failed && !result->cut_short && result->matched;

	open_result = NULL;
	if (result->cut_short && !result->planned)
		log_line("# cut short before the first test");
	else if (result->cut_short)
		log_line("# cut short: %u of %u not run", result->planned - told, result->planned);
	if (!good && result->planned)
		log_line("# to repeat: seed=0x%llx%s%s", (unsigned long long)runner_options.seed,
			 failed_names[0] ? " test=" : "", failed_names);
	log_line("# %u passed, %u failed, %u skipped: %s", result->passed, result->failed,
		 result->skipped, good ? "passed" : "failed");
}

void runner_close_early(void)
{
	struct runner_result *result = open_result;
	char name[NAME_MAX_BYTES];

	if (!result)
		return;
	if (test_state.test) {
		format_name(name, test_state.test);
		log_line("not ok %u %s", ++lines, name);
		count_failure(result, name);
	}
	result->cut_short = true;
	runner_close(result);
}
