/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "option_value.h"
#include "text_out.h"

/*
 * Reads a log as the runner prints it (KTAP version 1), this run's or one that lies on a stick and
 * may be torn: what is no line of a known kind is a note. Plain C without state.
 */

enum ktap_kind { KTAP_NOTE, KTAP_PLAN, KTAP_RESULT, KTAP_CLOSING };
enum ktap_outcome { KTAP_PASSED, KTAP_FAILED, KTAP_SKIPPED };
enum { KTAP_OUTCOMES = 3 };

struct ktap_line {
	enum ktap_kind kind;
	struct word text;	   /* the line; of a note what stands behind "# " */
	enum ktap_outcome outcome; /* of a result, and what follows */
	struct word name;	   /* "vmalloc.one" */
	struct word comment;	   /* behind the " # "; of a skip its reason */
	uint64_t us;		   /* how long it took; 0: not said */
	uint64_t planned;	   /* of a plan */
	struct word verdict;	   /* of a closing line: "passed" */
};

/* The next line that is not blank off the front of `rest`; false: none is left. */
bool ktap_next(struct word *rest, struct ktap_line *line);
/* Whether `word` begins with `text`; then it is cut off. */
bool ktap_cut(struct word *word, const char *text);

/* The last line of a log whose run goes on: "# running: vmalloc.one". */
#define KTAP_RUNNING "running: "

struct ktap_summary {
	uint64_t planned;
	uint64_t count[KTAP_OUTCOMES];
	bool has_plan, closed;
	struct word verdict; /* when closed */
	struct word running; /* the test that was running; empty: none */
	size_t end;	     /* where the whole lines end, without the running one */
};
struct ktap_summary ktap_summarize(struct word log);

/*
 * The lines that close the log of a run that did not come to its end: the test that was running is
 * named as crashed, then the totals. They belong behind the first `summary->end` bytes.
 */
void ktap_put_crash(struct text_out *out, const struct ktap_summary *summary);
