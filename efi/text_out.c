/* SPDX-License-Identifier: BSD-2-Clause */
#include "text_out.h"
#include "lib/format.h"
#include "lib/string.h"

enum { NUMBER_MAX = 32 };

void text_put(struct text_out *out, const char *bytes, size_t length)
{
	size_t room = out->used < out->size ? out->size - out->used : 0;

	if (room)
		memcpy(out->bytes + out->used, bytes, length < room ? length : room);
	out->used += length;
}

void text_put_string(struct text_out *out, const char *string)
{
	text_put(out, string, strlen(string));
}

void text_put_word(struct text_out *out, struct word word)
{
	text_put(out, word.text, word.length);
}

void text_put_number(struct text_out *out, uint64_t number)
{
	char digits[NUMBER_MAX];

	scnprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
	text_put_string(out, digits);
}

void text_put_fraction(struct text_out *out, uint64_t number, unsigned int digits)
{
	char text[2 * NUMBER_MAX];
	uint64_t one = 1;

	for (unsigned int i = 0; i < digits; i++)
		one *= 10;
	scnprintf(text, sizeof(text), "%llu.%0*llu", (unsigned long long)(number / one),
		  (int)digits, (unsigned long long)(number % one));
	text_put_string(out, text);
}
