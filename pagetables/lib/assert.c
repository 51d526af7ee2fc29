/* SPDX-License-Identifier: BSD-2-Clause */
#include "assert.h"
#include <stdarg.h>
#include "format.h"
#include "platform.h"

void assert_failed(const char *file, int line, const char *condition, const char *format, ...)
{
	char values[PLATFORM_LINE_MAX / 2], reason[PLATFORM_LINE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vscnprintf(values, sizeof(values), format, arguments);
	va_end(arguments);
	scnprintf(reason, sizeof(reason), "%s:%d: does not hold: %s (%s)", file, line, condition,
		  values);
	platform_abort(reason);
}
