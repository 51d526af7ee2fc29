/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/random.h"
#include "platform.h"
#include "runner.h"
#include "test.h"

/*
 * What runner.c and test.c share: the test that runs. One test at a time; its expectations may be
 * checked on many CPUs at once, so the counters are only added to, atomically.
 */

/* What fails may fail without end; what a test says on purpose is a list, which is shown whole. */
enum { TEST_COMPLAINTS_MAX = 16, TEST_NOTES_MAX = 1024, TEST_REASON_MAX = 96 };

/* What fault_catch() returns when a test ends early; exceptions return 1 to 256 there. */
enum { TEST_GAVE_UP = 1001, TEST_SKIPPED = 1002 };

struct test_state {
	const struct test *test;
	unsigned int expectations, failures, complaints, notes;
	bool skipped_by_key; /* so what it had taken is left */
	char skip_reason[TEST_REASON_MAX];
	struct test_end *ends;			 /* what is to be done when it is over */
	struct random random[PLATFORM_CPUS_MAX]; /* a stream for each CPU */
};

extern struct test_state test_state;
extern struct runner_options runner_options; /* of this run */

/* The seed of the random numbers of a round, counted from 0. */
uint64_t runner_round_seed(uint64_t round);
/* Makes `test` the one that runs: counters zero, random streams from the seed and `name`. */
void test_begin(const struct test *test, const char *name, uint64_t seed);
/* Counts a failure and prints why, as the test's own failed expectations do. */
void test_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Counts what it means that fault_catch() returned `ended`, not 0. */
void test_ended_early(int ended);
/* Does what test_at_end() was asked for. */
void test_run_ends(void);
/* Says which of the run's own_options mean no test of this build; and, after a test, which of its
 * own it never asked for. */
void own_options_check_names(void);
void own_options_check_asked(void);
/* A value as a person wants it: small numbers and small negative ones decimal, else hexadecimal. */
enum { TEST_VALUE_MAX = 24 };
const char *test_format_value(char buffer[TEST_VALUE_MAX], uint64_t value);
