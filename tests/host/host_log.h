/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/*
 * While it is on, lines of the log are counted instead of printed: for tests that provoke so many
 * that nobody would read them. Returns how many were counted since it was switched on. One CPU.
 */
unsigned int host_log_hush(bool on);

/*
 * From here on lines go into `buffer`, a newline behind each, as far as there is room; it always
 * ends in NUL. NULL: no more. For tests of what is said. One CPU.
 */
void host_log_capture(char *buffer, size_t size);
