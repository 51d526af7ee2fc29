/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "text_out.h"

/*
 * A log as other programs want it: JSON and JUnit's XML, made from the KTAP alone, so that the
 * files of a run always agree. README.md names the members. Plain C without state.
 */
struct results_run {
	uint64_t number;     /* of the run's folder */
	struct word log;     /* KTAP */
	struct word verdict; /* "passed", "failed", "skipped" or "crashed" */
};

void results_put_json(struct text_out *out, const struct results_run *run);
void results_put_junit(struct text_out *out, const struct results_run *run);

/* What stands behind "# NAME" in a line before the first test; empty: there is no such line. */
struct word results_header(struct word log, const char *name);
/* A word up to the first of its characters that is `stop`. */
struct word results_until(struct word word, char stop);
