/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* What cannot happen, with the values in the message: ASSERT(a < b, "a %u, b %u", a, b). */
#define ASSERT(condition, ...)                                                                     \
	do {                                                                                       \
		if (__builtin_expect(!(condition), 0))                                             \
			assert_failed(__FILE__, __LINE__, #condition, __VA_ARGS__);                \
	} while (0)

_Noreturn void assert_failed(const char *file, int line, const char *condition, const char *format,
			     ...) __attribute__((format(printf, 4, 5), cold));
