/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/*
 * Which tests are meant. A selection is a comma-separated list of words: a test's full name
 * ("vmalloc.exact_start"), a module's name ("vmalloc"), or a glob over full names ("*guard*"; `*`
 * any run of characters, `?` one). A word that begins with `!` takes out what it matches; with such
 * words alone, or with none, everything else is in. Pure functions: no state, no allocation.
 */

struct select_word {
	const char *text; /* not NUL-terminated */
	size_t length;
	bool exclude;
};

/* The next word of `*list`, which moves on; false at the end. Blanks and empty words are skipped.
 */
bool select_next(const char **list, struct select_word *word);

/* Whether all of `text` matches the glob of `length` characters. Linear in practice, never worse
 * than length times the text. */
bool select_glob(const char *glob, size_t length, const char *text);

/* Whether `word` means the test called `name`, "!" or not. */
bool select_word_matches(const struct select_word *word, const char *name);

/* Whether `word` is `name` itself, "!" or not. */
bool select_word_is(const struct select_word *word, const char *name);
/* Whether the selection has `name` itself as a word, without "!". */
bool select_names(const char *list, const char *name);

/* Whether the selection takes the test called `name`. NULL or "" takes all. */
bool select_matches(const char *list, const char *name);

/*
 * How far `word` is from `name`, for "did you mean": the number of characters to insert, delete or
 * replace (Levenshtein), `*` standing for any run; 0 when the name contains the word. Names longer
 * than SELECT_NAME_MAX are compared up to there.
 */
enum { SELECT_NAME_MAX = 95 };
unsigned int select_distance(const struct select_word *word, const char *name);
