/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "option_value.h"

/*
 * The log, kept in memory from its first line on, for the files on the stick: in two forms. The
 * firmware's memory, which the inside does not see: everything here needs the gate open.
 *
 * There is room for KEPT_BYTES of each. When that is nearly used, one line says so, and from then
 * on only lines that begin with "not ok" are kept, and those of the end (kept_end()).
 */
enum { KEPT_BYTES = 512 << 10 };

enum kept_form {
	KEPT_TAP, /* the bytes of the debug port */
	KEPT_LOG, /* for people: each line with the seconds since the start, and ended by CR LF */
	KEPT_FORMS,
};

/* Memory for it; without any, nothing is kept. Before the first map is read that is compared. */
void kept_start(void);
/* Gives the memory back. */
void kept_stop(void);
/* A line, without its newline. */
void kept_line(const char *line, size_t length);
/* What follows are the closing lines of the run: the room that was spared is for them. */
void kept_end(void);
/* All of it so far; empty when nothing can be kept. */
struct word kept_text(enum kept_form form);
