/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "fault.h"
#include "lib/string.h"

/*
 * The words that suites are written with. A suite is a file in tests/suites/, the same in the
 * firmware and on the host:
 *
 *	TEST(vmap_area, merge_left, "a freed block joins its left neighbour")
 *	{
 *		expect_equal(vmap_area_nr_free(), 1);
 *	}
 *
 * A test registers itself under "module.name". It fails when an expectation does not hold, when it
 * faults, leaks, or leaves a structure that does not check; the run goes on with the next one.
 */

struct test {
	const char *module, *name, *sentence, *file;
	void (*run)(struct test *test);
	unsigned int flags;
	int line;
};

/* TEST_BENCH: run by bench=, and then alone. TEST_NAMED: only where test= has its full name. */
enum { TEST_SLOW = 1, TEST_SMOKE = 2, TEST_BENCH = 4, TEST_NAMED = 8 };

#define TEST(module_, name_, sentence_) TEST_FLAGS(module_, name_, sentence_, 0)
#define TEST_FLAGS(module_, name_, sentence_, flags_)                                              \
	static void test_##module_##_##name_(struct test *test);                                   \
	static struct test test_entry_##module_##_##name_ __attribute__((                          \
		used, section("vmlab_tests"), aligned(8))) = {.module = #module_,                  \
							      .name = #name_,                      \
							      .sentence = sentence_,               \
							      .file = __FILE__,                    \
							      .run = test_##module_##_##name_,     \
							      .flags = flags_,                     \
							      .line = __LINE__};                   \
	static void test_##module_##_##name_(struct test *test __attribute__((unused)))

/* Expectations: a failed one is printed with file, line, expected and actual; the test goes on. */
#define expect(condition) test_expect((condition), #condition, __FILE__, __LINE__)
#define expect_equal(actual, expected)                                                             \
	test_expect_equal((uint64_t)(actual), (uint64_t)(expected), #actual, #expected, __FILE__,  \
			  __LINE__)
#define expect_not_equal(actual, other)                                                            \
	test_expect_not_equal((uint64_t)(actual), (uint64_t)(other), #actual, #other, __FILE__,    \
			      __LINE__)
#define expect_below(actual, limit)                                                                \
	test_expect_below((uint64_t)(actual), (uint64_t)(limit), #actual, #limit, __FILE__,        \
			  __LINE__)
#define expect_string(actual, expected)                                                            \
	test_expect_string((actual), (expected), #actual, __FILE__, __LINE__)
/* The same, but the test ends here when it does not hold (a further step would make no sense). */
#define require(condition)                                                                         \
	do {                                                                                       \
		if (!expect(condition))                                                            \
			test_give_up();                                                            \
	} while (0)
#define require_equal(actual, expected)                                                            \
	do {                                                                                       \
		if (!expect_equal(actual, expected))                                               \
			test_give_up();                                                            \
	} while (0)

/* A fault that must be taken, by an instruction placed here and at this address (fault.h). */
#define expect_fault_read(address)                                                                 \
	test_expect(fault_expect_read((uintptr_t)(address)), "reading " #address " faults",        \
		    __FILE__, __LINE__)
#define expect_fault_write(address)                                                                \
	test_expect(fault_expect_write((uintptr_t)(address)), "writing " #address " faults",       \
		    __FILE__, __LINE__)
#define expect_fault_fetch(address)                                                                \
	test_expect(fault_expect_fetch((uintptr_t)(address)), "executing " #address " faults",     \
		    __FILE__, __LINE__)

bool test_expect(bool holds, const char *text, const char *file, int line);
bool test_expect_equal(uint64_t actual, uint64_t expected, const char *actual_text,
		       const char *expected_text, const char *file, int line);
bool test_expect_not_equal(uint64_t actual, uint64_t other, const char *actual_text,
			   const char *other_text, const char *file, int line);
bool test_expect_below(uint64_t actual, uint64_t limit, const char *actual_text,
		       const char *limit_text, const char *file, int line);
bool test_expect_string(const char *actual, const char *expected, const char *text,
			const char *file, int line);
_Noreturn void test_give_up(void);
/* Ends the test as skipped, with the reason. */
_Noreturn void test_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Skips where fewer frames are free: for tests that want large blocks even of small machines. */
void test_need_frames(unsigned int nr);
/* A line of diagnostics: "# ...". */
void test_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * A figure for the results: "# report MODULE.NAME: what = value unit". `more`, where there is one,
 * is for people, and stands behind it in brackets.
 */
void test_report(const char *what, int64_t value, const char *unit);
void test_report_more(const char *what, int64_t value, const char *unit, const char *more);

/*
 * The value of an option of the running test's own, given to the run as NAME.option=value, where
 * NAME is the test's without its module: `*length` characters, not NUL-terminated. NULL: not given.
 */
const char *test_option(const char *option, size_t *length);
/* The same as a decimal number; `standard` where it is not given. */
uint64_t test_option_number(const char *option, uint64_t standard);

/* Something to do when the running test is over, however it ended, before leaks are looked for. The
 * last one first; `end` stays the caller's until then. */
struct test_end {
	void (*function)(void *context);
	void *context;
	struct test_end *next;
};
void test_at_end(struct test_end *end);

/* The run's random numbers, a stream of its own for each test: the same seed, the same numbers. */
uint64_t test_random(void);
uint64_t test_random_below(void *unused, uint64_t bound);
/* Loops that are long ask it now and then; opens the gate when it is time. */
void test_relax(void);
/* How many seconds a soak is to take (soak=); 0: none is asked for. */
uint64_t test_soak(void);
/* Whether the code runs in a Linux process rather than under firmware. */
bool test_on_host(void);

/*
 * A second opinion on the page tables in force, where the platform has one (the host: a walker that
 * shares nothing with pagetables/). test_look_up(): the leaf for `address` (walk.h), with the
 * permissions that all levels together leave; false: there is none. test_check_platform(): NULL, or
 * what is wrong anywhere in the tables; takes a walk through all of them.
 */
struct leaf;
bool test_has_second_opinion(void);
bool test_look_up(uintptr_t address, struct leaf *leaf);
const char *test_check_platform(void);

/*
 * Runs `function` once on each of `nr` CPUs at the same time, CPU 0 (the caller) among them, and
 * returns when all are through: the number of CPUs that took part, less than `nr` where there are
 * not so many. Expectations work everywhere; a fault, test_give_up() or test_skip() on one CPU ends
 * `function` there alone. Does not nest. Context: no lock held.
 */
unsigned int test_run_on_cpus(unsigned int nr, void (*function)(void *context), void *context);
/*
 * In there: waits until all CPUs that were started have called it as often as this one, or ten
 * seconds have passed in vain: false. Whoever waits answers flushes.
 */
bool test_wait_for_all(void);
/* How many CPUs test_run_on_cpus() can have. */
unsigned int test_nr_cpus(void);
/* The other CPUs, which wait inside for more to do, leave until they are needed: a measurement on
 * one CPU has the machine for itself. */
void test_rest_cpus(void);
