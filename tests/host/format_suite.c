/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include "lib/format.h"
#include "test.h"

/* What ours writes, against what libc writes for the same: every flag, width and precision. */

static char ours[128], libcs[128];

static const uint64_t values[] = {0,
				  1,
				  9,
				  10,
				  255,
				  4096,
				  INT32_MAX,
				  (uint64_t)INT32_MAX + 1,
				  UINT32_MAX,
				  INT64_MAX,
				  (uint64_t)INT64_MAX + 1,
				  UINT64_MAX,
				  0x123456789abcdef};
enum { NR_VALUES = sizeof(values) / sizeof(values[0]) };

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat"

static void compare(const char *format, uint64_t value)
{
	int length = snprintf(libcs, sizeof(libcs), format, value);

	expect_equal(scnprintf(ours, sizeof(ours), format, value), length);
	if (strcmp(ours, libcs))
		expect_string(ours, libcs);
}

TEST(format, integers, "integers as libc writes them, by every flag, width, precision and length")
{
	static const char *const flags[] = {"", "-", "0", "-0", "#", "#0", "#-"};
	static const char *const widths[] = {"", "1", "7", "20", ".0", ".3", ".12", "9.4", "3.7"};
	static const char *const lengths[] = {"hh", "h", "", "l", "ll", "z"};
	static const char letters[] = "duxX";
	char format[32];

	for (unsigned int f = 0; f < 7; f++)
		for (unsigned int w = 0; w < 9; w++)
			for (unsigned int l = 0; l < 6; l++)
				for (unsigned int i = 0; i < 4 - 2 * (f >= 4); i++) {
					/* # is for hexadecimal numbers alone */
					char letter = letters[f >= 4 ? 2 : i];

					snprintf(format, sizeof(format), "<%%%s%s%s%c>", flags[f],
						 widths[w], lengths[l], letter);
					for (unsigned int v = 0; v < NR_VALUES; v++)
						compare(format, values[v]);
				}
}

TEST(format, stars, "widths and precisions from the arguments, texts, characters, and the end")
{
	for (int width = -9; width < 10; width += 3) {
		snprintf(libcs, sizeof(libcs), "[%*d|%*s|%.*s|%c]", width, 42, width, "text",
			 width < 0 ? 0 : width, "a longer text", 'x');
		scnprintf(ours, sizeof(ours), "[%*d|%*s|%.*s|%c]", width, 42, width, "text",
			  width < 0 ? 0 : width, "a longer text", 'x');
		expect_string(ours, libcs);
	}
	for (size_t size = 1; size < 12; size++) {
		memset(ours, 'o', sizeof(ours));
		expect_equal(scnprintf(ours, size, "%d and %s", 12, "more"), size - 1);
		expect(!strncmp(ours, "12 and more", size - 1));
		expect_equal(ours[size - 1], 0);
		expect_equal(ours[size], 'o');
	}
	expect_equal(scnprintf(ours, 0, "text"), 0);
	expect_equal(ours[0], '1');
	scnprintf(ours, sizeof(ours), "%d%%%", 7);
	expect_string(ours, "7%");
}
