/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "option_value.h"

/*
 * Text that is written into a buffer of fixed size. What does not fit is counted and left out, so
 * that a first pass without a buffer tells how much room a second one needs.
 */
struct text_out {
	char *bytes;
	size_t size;
	size_t used; /* may be more than `size`: then it did not fit */
};

void text_put(struct text_out *out, const char *bytes, size_t length);
void text_put_string(struct text_out *out, const char *string);
void text_put_word(struct text_out *out, struct word word);
void text_put_number(struct text_out *out, uint64_t number);
/* `number` / 10^digits as a decimal fraction: 1592 with 3 digits is "1.592". */
void text_put_fraction(struct text_out *out, uint64_t number, unsigned int digits);
