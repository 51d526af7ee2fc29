/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"

/*
 * Rows of steps that are kept: the cases beside this file, and what a fuzzer has found. The
 * function stands there by its name, so that a row stays what it is when the tables of calls grow.
 */

static bool function_number(const char *name, size_t *number)
{
	for (*number = 0; *number < nr_calls(); ++*number)
		if (!strcmp(call_number(*number)->name, name))
			return true;
	return false;
}

static bool digit_value(char digit, unsigned int *value)
{
	if (digit >= '0' && digit <= '9')
		*value = (unsigned int)(digit - '0');
	else if (digit >= 'a' && digit <= 'f')
		*value = (unsigned int)(digit - 'a') + 10;
	else
		return false;
	return true;
}

/* Exactly `nr` bytes. */
static bool read_bytes(const char *digits, uint8_t *bytes, size_t nr)
{
	for (size_t i = 0; i < nr; i++, digits += 2) {
		unsigned int high, low;

		if (!digit_value(digits[0], &high) || !digit_value(digits[1], &low))
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return !*digits;
}

bool kept_record(const struct kept_step *step, struct record *to)
{
	size_t number;

	if (!*step->name)
		return read_bytes(step->draws, to->bytes, STEP_BYTES);
	if (!function_number(step->name, &number))
		return false;
	to->bytes[0] = (uint8_t)(number >> 8);
	to->bytes[1] = (uint8_t)number;
	return read_bytes(step->draws, to->bytes + STEP_CHOICE, STEP_BYTES - STEP_CHOICE);
}

static const struct kept_step *row;

static void next_record(uint64_t step, struct record *to)
{
	if (kept_record(&row[step], to))
		return;
	test_note("no step: {\"%s\", \"%s\"}", row[step].draws, row[step].name);
	require(false);
}

void kept_play(const struct kept_step *steps, size_t nr)
{
	row = steps;
	driver_prints = driver_option("print", 0);
	round_play(0, nr, next_record);
}

void kept_case(const struct kept_step *steps, size_t nr)
{
	drivers_prepare(1);
	kept_play(steps, nr);
}
