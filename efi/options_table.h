/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "option_value.h"
#include "options.h"

/* The table of all options: what the parser, `help`, and the tables elsewhere are made from. */

enum option_kind { NUMBER, SIZE, DURATION, ROUNDS, CHOICE, SWITCH, LIST, FLAG };

struct option {
	const char *name, *values, *standard, *sentence;
	const char *most; /* NUMBER, SIZE, DURATION: a word for the largest; may be NULL */
	const char *none; /* and one for 0, as if it were not given; may be NULL */
	size_t field;	  /* offset in struct options */
	const char *const *choices; /* CHOICE */
	uint64_t max;		    /* NUMBER, SIZE, DURATION */
	enum option_kind kind;
	uint8_t min;
};

extern const struct option options_table[];
extern const size_t options_table_nr;

/* Whether it is the seed, which a run is not known by alone. */
bool option_is_seed(const struct option *option);
/* Whether an option has the same value in both. */
bool option_equal(const struct option *option, const struct options *a, const struct options *b);
/* "name=value", as it can be read again. */
void option_word(const struct option *option, const struct options *options, char *text,
		 size_t size);
