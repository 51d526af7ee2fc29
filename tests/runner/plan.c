/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan.h"
#include "lib/format.h"
#include "state.h"

extern struct test __start_vmlab_tests[] __attribute__((visibility("hidden")));
extern struct test __stop_vmlab_tests[] __attribute__((visibility("hidden")));

const char *plan_name(char name[PLAN_NAME_MAX], const struct test *test)
{
	scnprintf(name, PLAN_NAME_MAX, "%s.%s", test->module, test->name);
	return name;
}

const struct test *plan_tests(void)
{
	return __start_vmlab_tests;
}

unsigned int plan_registered(void)
{
	return (unsigned int)(__stop_vmlab_tests - __start_vmlab_tests);
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
	size_t nr = plan_registered();

	for (size_t gap = nr / 2; gap > 0; gap /= 2)
		for (size_t i = gap; i < nr; i++) {
			struct test moved = tests[i];
			size_t j = i;

			for (; j >= gap && comes_before(&moved, &tests[j - gap]); j -= gap)
				tests[j] = tests[j - gap];
			tests[j] = moved;
		}
}

/* Durstenfeld's shuffle: every order equally likely. */
static void shuffle_tests(uint64_t seed)
{
	struct test *tests = __start_vmlab_tests;
	struct random random;

	random_seed(&random, seed);
	for (size_t left = plan_registered(); left > 1; left--) {
		size_t drawn = (size_t)random_below(&random, left);
		struct test moved = tests[drawn];

		tests[drawn] = tests[left - 1];
		tests[left - 1] = moved;
	}
}

/* Sorted first, so that the seed alone decides. */
void plan_order(uint64_t round)
{
	sort_tests();
	if (runner_options.shuffled)
		shuffle_tests(runner_round_seed(round));
}

/* Benchmarks or tests: a run has the one kind only. */
static bool is_asked_for(const struct test *test)
{
	return !!(test->flags & TEST_BENCH) == runner_options.bench.on &&
	       (!runner_options.smoke || runner_options.bench.on || (test->flags & TEST_SMOKE));
}

static bool is_selected(const struct test *test)
{
	char name[PLAN_NAME_MAX];

	plan_name(name, test);
	if ((test->flags & TEST_NAMED) && !select_names(runner_options.select, name))
		return false;
	return is_asked_for(test) && select_matches(runner_options.select, name);
}

struct test *plan_next(const struct test *test)
{
	struct test *next = __start_vmlab_tests;

	if (test)
		next += test - __start_vmlab_tests + 1;
	while (next < __stop_vmlab_tests && !is_selected(next))
		next++;
	return next < __stop_vmlab_tests ? next : NULL;
}

unsigned int plan_selected_behind(const struct test *test)
{
	unsigned int selected = 0;

	while ((test = plan_next(test)))
		selected++;
	return selected;
}

unsigned int plan_selected(void)
{
	return plan_selected_behind(NULL);
}

const struct test *plan_after(void)
{
	const char *after = runner_options.after;
	char name[PLAN_NAME_MAX];

	if (!after || !after[0])
		return NULL;
	for (struct test *test = __start_vmlab_tests; test < __stop_vmlab_tests; test++)
		if (!strcmp(plan_name(name, test), after))
			return test;
	log_line("# there is no test %s to go on behind: all are run", after);
	return NULL;
}

static bool word_means(const struct select_word *word, const struct test *test, const char *name)
{
	return test->flags & TEST_NAMED ? select_word_is(word, name)
					: select_word_matches(word, name);
}

/* What is most like a word that names nothing. */
struct nearest {
	unsigned int distance;
	char name[PLAN_NAME_MAX];
};

static void keep_nearer(struct nearest *nearest, const struct select_word *word, const char *name)
{
	unsigned int distance = select_distance(word, name);

	if (distance >= nearest->distance)
		return;
	nearest->distance = distance;
	scnprintf(nearest->name, sizeof(nearest->name), "%s", name);
}

/* Whether any test is meant by `word`; otherwise the nearest test or module is found. */
static bool word_names_a_test(const struct select_word *word, struct nearest *nearest)
{
	char name[PLAN_NAME_MAX];

	*nearest = (struct nearest){.distance = ~0u};
	for (struct test *test = __start_vmlab_tests; test < __stop_vmlab_tests; test++) {
		if (!is_asked_for(test))
			continue;
		if (word_means(word, test, plan_name(name, test)))
			return true;
		keep_nearer(nearest, word, test->module);
		keep_nearer(nearest, word, name);
	}
	return false;
}

bool plan_words_name_tests(void)
{
	const char *list = runner_options.select;
	struct nearest nearest;
	struct select_word word;
	bool all = true;

	while (list && select_next(&list, &word))
		if (!word_names_a_test(&word, &nearest)) {
			log_line("# test=%.*s names no test; the nearest is %s", (int)word.length,
				 word.text, nearest.name);
			all = false;
		}
	return all;
}
