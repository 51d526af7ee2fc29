/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * Runs the registered tests and prints KTAP version 1 through platform_log(): version line, plan, a
 * line a test with its duration, everything that is no result as a "# " line, then a summary. After
 * each test mm is quiesced, every check runs, and frames, tables and areas are compared with the
 * count before.
 */

struct leaf;

/* What the benchmarks are asked for; 0: as each of them has it. */
struct bench_options {
	bool on; /* benchmarks are run, and no tests */
	bool huge;
	uint64_t loops, pages;
	uint64_t workers; /* CPUs that do the same at once */
};

/* What a person wants of a run that goes on; a test that is skipped or stopped ends where it calls
 * test_relax(). */
enum runner_wish { RUNNER_GO_ON, RUNNER_SKIP, RUNNER_STOP };

struct runner_options {
	const char *select; /* names and globs, comma-separated; NULL or "": all */
	uint64_t seed;
	const char *own_options; /* of single tests: words "NAME.option=value"; NULL: none */
	uint64_t soak;		 /* seconds that test_soak() says; 0: none */
	bool on_host;
	bool smoke;		 /* only tests marked TEST_SMOKE */
	bool shuffled;		 /* the seed decides the order, in each round anew */
	bool fail_fast;		 /* the first failure ends the run */
	uint64_t repeat;	 /* rounds; 0: one */
	uint64_t repeat_seconds; /* go on until then; 0: by rounds. The plan is then printed last */
	unsigned int reports;	 /* how many runner_report() lines will follow: part of the plan */
	/* How many CPUs tests can have now. NULL: one. */
	unsigned int (*nr_cpus)(void);
	/* Runs `function` on CPUs 0 (the caller) to `nr` - 1, returns when all are through: on how
	 * many of them it came to its end, fewer where CPUs were lost. */
	unsigned int (*run_on_cpus)(unsigned int nr, void (*function)(void *context),
				    void *context);
	/* After a test: CPUs that are kept ready for run_on_cpus() may rest. May be NULL. */
	void (*rest_cpus)(void);
	/* What the platform checks after each test besides mm_check(): NULL, or what is wrong. */
	const char *(*check)(void);
	/* A second opinion on the tables in force, for test_look_up(): the leaf for `address`, with
	 * the permissions that all levels leave; false: there is none. NULL: nobody else looks. */
	bool (*look_up)(uintptr_t address, struct leaf *leaf);
	/* The full name of a test: the run begins behind it. NULL or "": with the first one. */
	const char *after;
	/* Told the full name of each test before it runs, and "" when all are through; no lock is
	 * held. NULL: nobody wants to know. */
	void (*before_test)(const char *name);
	/* Asked after that, and by test_relax(). RUNNER_SKIP is said once. NULL: go on. */
	enum runner_wish (*wish)(void);
	/* Ticks that have passed outside of our world so far. NULL: none do. */
	uint64_t (*ticks_outside)(void);
	struct bench_options bench;
};

struct runner_result {
	unsigned int planned, passed, failed, skipped;
	bool cut_short; /* the run could not go on after a fault */
	bool matched;	/* false: `select` named no test */
	const char
		*stopped; /* why the run ended before its time, as was wished; NULL: it did not */
};

void runner_run(const struct runner_options *options, struct runner_result *result);
/* The names and sentences of the tests that `options` select, a line each; nothing is run. False: a
 * word of the selection names none. */
bool runner_list(const struct runner_options *options);
/* The plan and the closing line of a run without any test, as of `help`. */
void runner_nothing(bool good);
/* The result of the run that goes on, so far; NULL: none does. */
const struct runner_result *runner_now(void);
/* How many seconds the run is to take, where its options say so (soak=, repeat=TIME); 0: they do
 * not. */
uint64_t runner_seconds_wanted(void);
/* One more test line for something that the platform proved after the run (memory given back):
 * counted into `result`. `problem` is NULL when it holds. */
void runner_report(struct runner_result *result, const char *name, const char *problem);
/* The closing lines: totals, "passed" or "failed", and what to do next. */
void runner_close(const struct runner_result *result);
/* The same for a run that has to end at once, wherever it is: the test that runs has failed.
 * Nothing when no run is going on. Takes no lock; in exception handlers too. */
void runner_close_early(void);
