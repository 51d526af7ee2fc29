/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdint.h>

/*
 * The start of a run with its first allocation failing, then its second, and so on until none fails
 * any more: each in a process of its own, which makes `start` (it may be tried again after a
 * failure) and then `enter`. Both return 0 or a negative errno. NULL when every failure ended in
 * -ENOMEM, or in a start that does without; else what was wrong. `steps` becomes how many there
 * were. Before there are threads.
 */
const char *start_walk(int (*start)(void), int (*enter)(void), unsigned int *steps);
