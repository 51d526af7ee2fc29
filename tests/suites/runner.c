/* SPDX-License-Identifier: BSD-2-Clause */
#include "select.h"
#include "test.h"

/* The runner's pure parts: which tests a selection means, and what was meant when it means none. */

static bool glob(const char *pattern, const char *text)
{
	return select_glob(pattern, strlen(pattern), text);
}

TEST(runner, glob, "a glob matches whole names, stars any run, question marks one character")
{
	expect(glob("vmalloc.one", "vmalloc.one"));
	expect(!glob("vmalloc.one", "vmalloc.ones"));
	expect(!glob("vmalloc.ones", "vmalloc.one"));
	expect(glob("*", ""));
	expect(glob("*guard*", "vmalloc.guard_behind"));
	expect(glob("v*c.*e", "vmalloc.one"));
	expect(!glob("v*c.*e", "vmalloc.two"));
	expect(glob("a*b*c", "abxbc"));
	expect(glob("a?c", "abc"));
	expect(!glob("a?c", "ac"));
	expect(glob("**x", "xxx"));
	expect(!glob("", "x"));
}

TEST_FLAGS(runner, select, "a list takes what a word names and leaves out what a ! names",
	   TEST_SMOKE)
{
	expect(select_matches(NULL, "vmalloc.one"));
	expect(select_matches("", "vmalloc.one"));
	expect(select_matches("slab.*, vmalloc.one", "vmalloc.one"));
	expect(!select_matches("slab.*,vmalloc.two", "vmalloc.one"));
	expect(!select_matches("vmalloc.*,!*.one", "vmalloc.one"));
	expect(select_matches("!slab.*", "vmalloc.one"));
	expect(!select_matches("!vmalloc", "vmalloc.one"));
	expect(select_matches("vmalloc", "vmalloc.one"));
	expect(!select_matches("vmall", "vmalloc.one"));
	expect(select_matches(",,vmalloc.one,", "vmalloc.one"));
}

static unsigned int distance(const char *text, const char *name)
{
	struct select_word word = {.text = text, .length = strlen(text)};

	return select_distance(&word, name);
}

TEST(runner, nearest, "a mistyped name is as far from the right one as it has wrong characters")
{
	expect_equal(distance("vmalloc.one", "vmalloc.one"), 0);
	expect_equal(distance("vmaloc.one", "vmalloc.one"), 1);
	expect_equal(distance("vmallocc.onr", "vmalloc.one"), 2);
	expect_equal(distance("kitten", "sitting"), 3);
	expect_equal(distance("one", "vmalloc.one"), 0);
	expect_equal(distance("vmaloc.*", "vmalloc.one"), 1);
	expect_equal(distance("abc", "xyz"), 3);
}

TEST(runner, random, "numbers stay below their bound and differ")
{
	uint64_t first = test_random();

	expect_not_equal(test_random(), first);
	for (unsigned int i = 0; i < 100; i++)
		expect_below(test_random_below(NULL, 7), 7);
}

static void add_one(void *context)
{
	__atomic_add_fetch((unsigned int *)context, 1, __ATOMIC_RELAXED);
}

TEST(runner, cpus, "each CPU that is asked for runs the function once")
{
	unsigned int runs = 0, nr = test_run_on_cpus(3, add_one, &runs);

	expect_equal(runs, nr);
	expect_equal(nr, test_nr_cpus() < 3 ? test_nr_cpus() : 3);
}

/* Nobody is behind a meeting before everybody has come to it. */
static void meet_often(void *context)
{
	unsigned int *came = context, nr = test_nr_cpus();

	for (unsigned int i = 1; i <= 200; i++) {
		__atomic_add_fetch(came, 1, __ATOMIC_SEQ_CST);
		require(test_wait_for_all());
		expect(__atomic_load_n(came, __ATOMIC_SEQ_CST) >= i * nr);
	}
}

TEST(runner, meetings, "CPUs wait for each other, each time anew")
{
	unsigned int came = 0, nr = test_run_on_cpus(test_nr_cpus(), meet_often, &came);

	expect_equal(came, 200 * nr);
}
