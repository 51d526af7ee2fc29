/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"
#include "lib/format.h"
#include "page_alloc.h"
#include "state.h"

struct test_state test_state;

/* FNV-1a: another name, another stream. */
static uint64_t hash_name(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3;
	return hash;
}

void test_begin(const struct test *test, const char *name, uint64_t seed)
{
	test_state.test = test;
	test_state.expectations = test_state.failures = 0;
	test_state.complaints = test_state.notes = 0;
	test_state.skip_reason[0] = '\0';
	test_state.skipped_by_key = false;
	test_state.ends = NULL;
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
		random_seed(&test_state.random[cpu],
			    (seed ^ hash_name(name)) + cpu * 0x9e3779b97f4a7c15);
}

static unsigned int count(unsigned int *counter)
{
	return __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

/* A test that fails ten thousand times says so in a handful of lines. */
static void note(unsigned int *counter, unsigned int most, const char *format, va_list arguments)
{
	char text[PLATFORM_LINE_MAX];
	unsigned int nr = count(counter);

	if (nr > most)
		return;
	vscnprintf(text, sizeof(text), format, arguments);
	log_line("# %s", text);
	if (nr == most)
		log_line("# (more such lines of this test are not shown)");
}

void test_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	note(&test_state.notes, TEST_NOTES_MAX, format, arguments);
	va_end(arguments);
}

void test_fail(const char *format, ...)
{
	va_list arguments;

	count(&test_state.failures);
	va_start(arguments, format);
	note(&test_state.complaints, TEST_COMPLAINTS_MAX, format, arguments);
	va_end(arguments);
}

const char *test_format_value(char buffer[TEST_VALUE_MAX], uint64_t value)
{
	if (value < 65536 || value > (uint64_t)-4096)
		scnprintf(buffer, TEST_VALUE_MAX, "%lld", (long long)value);
	else
		scnprintf(buffer, TEST_VALUE_MAX, "0x%llx", (unsigned long long)value);
	return buffer;
}

bool test_expect(bool holds, const char *text, const char *file, int line)
{
	count(&test_state.expectations);
	if (!holds)
		test_fail("%s:%d: expected: %s", file, line, text);
	return holds;
}

static bool compared(bool holds, const char *relation, uint64_t actual, uint64_t wanted,
		     const char *actual_text, const char *wanted_text, const char *place)
{
	char actual_value[TEST_VALUE_MAX], wanted_value[TEST_VALUE_MAX];

	count(&test_state.expectations);
	if (!holds)
		test_fail("%s: %s: expected %s%s (%s), actual %s", place, actual_text, relation,
			  test_format_value(wanted_value, wanted), wanted_text,
			  test_format_value(actual_value, actual));
	return holds;
}

enum { PLACE_MAX = 80 };

static const char *format_place(char place[PLACE_MAX], const char *file, int line)
{
	scnprintf(place, PLACE_MAX, "%s:%d", file, line);
	return place;
}

bool test_expect_equal(uint64_t actual, uint64_t expected, const char *actual_text,
		       const char *expected_text, const char *file, int line)
{
	char place[PLACE_MAX];

	return compared(actual == expected, "", actual, expected, actual_text, expected_text,
			actual == expected ? "" : format_place(place, file, line));
}

bool test_expect_not_equal(uint64_t actual, uint64_t other, const char *actual_text,
			   const char *other_text, const char *file, int line)
{
	char place[PLACE_MAX];

	return compared(actual != other, "anything but ", actual, other, actual_text, other_text,
			actual != other ? "" : format_place(place, file, line));
}

bool test_expect_below(uint64_t actual, uint64_t limit, const char *actual_text,
		       const char *limit_text, const char *file, int line)
{
	char place[PLACE_MAX];

	return compared(actual < limit, "below ", actual, limit, actual_text, limit_text,
			actual < limit ? "" : format_place(place, file, line));
}

bool test_expect_string(const char *actual, const char *expected, const char *text,
			const char *file, int line)
{
	bool holds = actual && !strcmp(actual, expected);

	count(&test_state.expectations);
	if (!holds)
		test_fail("%s:%d: %s: expected \"%s\", actual \"%s\"", file, line, text, expected,
			  actual ? actual : "(NULL)");
	return holds;
}

_Noreturn void test_give_up(void)
{
	fault_catch_leave(TEST_GAVE_UP);
}

_Noreturn void test_skip(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vscnprintf(test_state.skip_reason, sizeof(test_state.skip_reason), format, arguments);
	va_end(arguments);
	fault_catch_leave(TEST_SKIPPED);
}

void test_need_frames(unsigned int nr)
{
	if (nr_free_pages() < nr)
		test_skip("%llu frames are free, %u are needed",
			  (unsigned long long)nr_free_pages(), nr);
}

uint64_t test_random(void)
{
	return random_next(&test_state.random[platform_cpu()]);
}

uint64_t test_random_below(void *unused, uint64_t bound)
{
	(void)unused;
	return random_below(&test_state.random[platform_cpu()], bound);
}

void test_relax(void)
{
	platform_relax();
	if (!runner_options.wish || runner_options.wish() == RUNNER_GO_ON)
		return;
	test_state.skipped_by_key = true;
	test_skip("by key");
}

bool test_on_host(void)
{
	return runner_options.on_host;
}

bool test_has_second_opinion(void)
{
	return runner_options.look_up;
}

bool test_look_up(uintptr_t address, struct leaf *leaf)
{
	return runner_options.look_up(address, leaf);
}

const char *test_check_platform(void)
{
	return runner_options.check ? runner_options.check() : NULL;
}

uint64_t test_soak(void)
{
	return runner_options.soak;
}
