/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Words of a text and the values in them. A word is a piece of somebody else's text, not
 * terminated; nothing here reads beyond it, allocates, or keeps state.
 */

struct word {
	const char *text;
	size_t length;
};

/* Takes the next word off the front of `rest`, over white space and comments; false: none is left.
 */
bool word_next(struct word *rest, struct word *word);
/* Cuts `word` at the first `separator`: what is behind it becomes `tail` (empty when there is
 * none). */
bool word_split(struct word *word, char separator, struct word *tail);
bool word_equals(struct word word, const char *text);

/*
 * A whole number, decimal or 0x hexadecimal, with at most one letter behind it out of `units`:
 * of "KMGT" each is 1024 times the one before, of "smh" 60 times (s is 1). false, with `number`
 * untouched, when it is malformed or does not fit.
 */
bool word_number(struct word word, const char *units, uint64_t *number);

/* How many letters must be put in, left out or changed to make one of the other (Levenshtein). */
unsigned int word_distance(struct word word, const char *text);
