/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "lib/format.h"
#include "platform.h"
#include "words.h"

/* For tests of what is said when a call is refused or fails: the last line of the log. */

static char said[PLATFORM_LINE_MAX];

static void keep_said(const char *line)
{
	scnprintf(said, sizeof(said), "%s", line);
}

/* Whether `call` says `word`. Lines of warn_alloc() are held back above ten a second: then again.
 */
static bool call_says(void (*call)(void), const char *word)
{
	uint64_t limit = platform_ticks() + 3 * platform_ticks_per_second();

	do {
		said[0] = '\0';
		log_divert(keep_said);
		call();
		log_divert(NULL);
	} while (!said[0] && platform_ticks() < limit);
	return text_contains(said, word);
}
