/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>

/*
 * Runs `function` in a copy of the process, with this CPU alone, and returns everything that it has
 * printed, up to some KiB, in a buffer that the next call uses again. For what ends the run: the
 * copy's exit status goes to *status (0: `function` returned; -1: a signal, or no copy).
 */
const char *apart(void (*function)(void), int *status);

/* The same where the run must end: whether it did so with a line "the run ends here: ...REASON"; if
 * not, what it ended with is printed. */
bool apart_ends(void (*function)(void), const char *reason);
