/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "options.h"
#include "runner.h"

/*
 * What is inside the gate: built over the frames that were taken, entered, and left. Beside main.c
 * the only file here that knows mm/ and the runner.
 */

/* Results that are reported after the gate has opened for good: they are in the runner's plan. */
enum { REPORTS_AFTER = 4 };

/*
 * Chooses the layout from the seed and builds tables, page array and run stack out of the taken
 * frames. 0, or a negative errno with one line logged that says what is missing. Gate open.
 */
int inside_build(const struct options *options);
/* Bases with their bits of entropy, tables, stack: a line each. */
void inside_log(void);

/*
 * Goes through the gate, starts mm, runs the tests, ends mm, comes back. What `result` says counts
 * only when INSIDE_RAN is returned, or as far as the run came with INSIDE_CRASHED.
 */
enum inside_end { INSIDE_RAN, INSIDE_NO_MM, INSIDE_CRASHED };
enum inside_end inside_run(const struct options *options, struct runner_result *result);

/*
 * Every frame that was handed out reads as zero from here on: what mm_exit() did not come to clear,
 * because the run ended before, is cleared here, with all else that was taken. NULL, or what is not
 * clear all the same. Gate open, before memory_give_back(); our tables are gone then.
 */
const char *inside_clear(void);
