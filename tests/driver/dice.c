/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "fail.h"

/* What a step draws, what it says, and what it expects. */

bool driver_prints;

const char *const outcome_names[NR_OUTCOMES] = {"done", "no memory", "refused", "busy", "nothing"};

/* As many bytes of the record as `bound` needs; false: it has no more. */
static bool pick_byte_wise(uint64_t bound, uint64_t *value)
{
	unsigned int nr = bound <= 1 << 8 ? 1 : bound <= 1 << 16 ? 2 : bound <= 1u << 31 ? 4 : 8;

	if (driver.drawn + nr > STEP_BYTES)
		return false;
	*value = 0;
	for (unsigned int i = 0; i < nr; i++)
		*value = *value << 8 | driver.record.bytes[driver.drawn++];
	*value %= bound;
	return true;
}

uint64_t pick(uint64_t bound)
{
	uint64_t value;

	return pick_byte_wise(bound, &value) ? value : random_below(&driver.dice, bound);
}

uint64_t pick_seed(void)
{
	return random_next(&driver.dice);
}

enum outcome pick_outcome(unsigned int outcomes)
{
	if (driver.together)
		outcomes &= ~MAY(NO_MEMORY);
	if (one_in(5))
		return DONE;
	for (;;) {
		enum outcome outcome = (enum outcome)pick(NR_OUTCOMES);

		if (outcomes & MAY(outcome))
			return outcome;
	}
}

void saying(const char *format, ...)
{
	char text[200];
	va_list arguments;

	if (!driver_prints)
		return;
	va_start(arguments, format);
	vscnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_line("# %5llu  %s", (unsigned long long)driver.step, text);
}

void came(enum outcome outcome)
{
	if (driver_prints && outcome != DONE)
		log_line("#        %s", outcome_names[outcome]);
	holds(call_number(driver.running)->outcomes & MAY(outcome));
	__atomic_fetch_add(&round_counts[driver.running][outcome], 1, __ATOMIC_RELAXED);
}

/* On behalf of all CPUs; one that does not listen says its lines. */
static void swallow(const char *line)
{
	if (!driver.hushed) {
		platform_log(line);
		return;
	}
	driver.lines++;
	scnprintf(driver.last_line, sizeof(driver.last_line), "%s", line);
}

void hush(void)
{
	driver.lines = 0;
	driver.hushed = true;
	log_divert(swallow);
}

unsigned int unhush(void)
{
	driver.hushed = false;
	if (!driver.together)
		log_divert(NULL);
	return driver.lines;
}

static _Noreturn void give_up(void)
{
	log_line("# round %llu fails at step %llu, in %s", (unsigned long long)driver.round,
		 (unsigned long long)driver.step, call_number(driver.running)->name);
	test_give_up();
}

static void stop_hushing(void)
{
	driver.hushed = false;
	log_divert(NULL);
	fail_disarm();
}

void driver_holds(bool condition, const char *text, const char *file, int line)
{
	if (condition)
		return;
	stop_hushing();
	test_expect(false, text, file, line);
	give_up();
}

void driver_same(uint64_t actual, uint64_t expected, const char *text, const char *other,
		 const char *file, int line)
{
	if (actual == expected)
		return;
	stop_hushing();
	test_expect_equal(actual, expected, text, other, file, line);
	give_up();
}

void starve(uint64_t nth)
{
	fail_arm(nth, FAIL_ALL_POINTS);
}

bool starved(void)
{
	return !driver.together && fail_disarm();
}

void call_begin(enum outcome aim, uint64_t nth)
{
	hush();
	if (aim != NO_MEMORY)
		return;
	if (nth == SOMEWHERE)
		nth = one_in(8) ? 1 + pick(12) : 1;
	starve(nth);
}

unsigned int call_end(void)
{
	starved();
	return unhush();
}
