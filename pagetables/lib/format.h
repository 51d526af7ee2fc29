/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdarg.h>
#include <stddef.h>

/*
 * printf's little brother: %d %i %u %x %X %p %s %c %%, lengths hh h l ll z t, flags - 0 #, width
 * and precision (also *). Writes at most `size` bytes, the last one a NUL. Returns the number of
 * bytes written without the NUL (Linux's scnprintf).
 */
int scnprintf(char *buffer, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int vscnprintf(char *buffer, size_t size, const char *format, va_list arguments)
	__attribute__((format(printf, 3, 0)));

/*
 * One formatted line of the log. A line that is not KTAP's own ("ok ", "not ok ", "1..", "KTAP ",
 * "#") gets "# " in front, so that the log as a whole stays KTAP.
 */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From here on lines go to `sink` (NULL: to the log again): for those who make many refused calls
 * and want to know that there was a line, not to read it. One CPU. */
void log_divert(void (*sink)(const char *line));
