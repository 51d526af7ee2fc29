/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "options.h"

/*
 * Results that stay: a folder \vmlab\NNNN for each run, on the volume that the image came from, or,
 * with results=on where nothing can be written there, on another one that has \vmlab.cfg.
 *
 *	results.tap   the log, byte for byte as the debug port has it
 *	log.txt       the same with the seconds since the start, for people
 *	results.json, junit.xml   the same for programs (results_text.h)
 *	vmlab.cfg     the options as used, the seed among them
 *
 * Files are made at their full size at the start, overwritten in place and flushed after each test,
 * and trimmed at the end, so that a file system survives a run that is killed. The last line of
 * results.tap says meanwhile which test is running. What cannot be written is said once, and the
 *run goes on without. Gate open.
 */

/*
 * Finds the volume. An earlier run that did not come to its end is closed: as crashed in the test
 * that was running. With resume=on and the same options this run continues it: `options` get its
 * seed and the test to begin behind.
 */
void results_open(struct options *options);
/* This run's folder. The seed is known. */
void results_begin(const struct options *options);
/* Whether there is something to write to. In any gate state. */
bool results_kept(void);
/* Writes what the log has by now; `running` is the test that comes or runs, "" none. */
void results_sync(const char *running);
/* The end of the run, whose closing line is in the log. `verdict`: "passed", ... */
void results_end(const char *verdict);
