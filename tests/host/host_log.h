/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>

/*
 * While it is on, lines of the log are counted instead of printed: for tests that provoke so many
 * that nobody would read them. Returns how many were counted since it was switched on. One CPU.
 */
unsigned int host_log_hush(bool on);
