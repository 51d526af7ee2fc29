/* SPDX-License-Identifier: BSD-2-Clause */
#include "option_value.h"
#include "lib/string.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

static void skip(struct word *rest, size_t nr)
{
	rest->text += nr;
	rest->length -= nr;
}

static void skip_line(struct word *rest)
{
	while (rest->length && *rest->text != '\n' && *rest->text != '\r')
		skip(rest, 1);
}

bool word_next(struct word *rest, struct word *word)
{
	while (rest->length && (is_space(*rest->text) || *rest->text == '#')) {
		if (*rest->text == '#')
			skip_line(rest);
		else
			skip(rest, 1);
	}
	*word = (struct word){rest->text, 0};
	while (word->length < rest->length && !is_space(word->text[word->length]))
		word->length++;
	skip(rest, word->length);
	return word->length > 0;
}

bool word_split(struct word *word, char separator, struct word *tail)
{
	size_t i = 0;

	while (i < word->length && word->text[i] != separator)
		i++;
	*tail = *word;
	skip(tail, i);
	word->length = i;
	if (!tail->length)
		return false;
	skip(tail, 1);
	return true;
}

bool word_equals(struct word word, const char *text)
{
	return strlen(text) == word.length && !memcmp(word.text, text, word.length);
}

static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A') + 10;
	return 99;
}

/* What the unit letter at the end multiplies with; takes the letter off. 0: it is none of `units`.
 */
static uint64_t take_unit(struct word *word, const char *units)
{
	char letter = word->length ? word->text[word->length - 1] : '0';
	uint64_t factor = units[0] == 's' ? 1 : 1024, step = units[0] == 's' ? 60 : 1024;

	if (digit_value(letter) < 16)
		return 1;
	word->length--;
	for (; *units; units++, factor *= step)
		if (*units == letter)
			return factor;
	return 0;
}

bool word_number(struct word word, const char *units, uint64_t *number)
{
	uint64_t factor = take_unit(&word, units), value = 0;
	unsigned int base = 10;

	if (word.length > 2 && word.text[0] == '0' &&
	    (word.text[1] == 'x' || word.text[1] == 'X')) {
		base = 16;
		skip(&word, 2);
	}
	if (!word.length || !factor)
		return false;
	for (size_t i = 0; i < word.length; i++) {
		unsigned int digit = digit_value(word.text[i]);

		if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	if (__builtin_mul_overflow(value, factor, &value))
		return false;
	*number = value;
	return true;
}

static unsigned int least(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

unsigned int word_distance(struct word word, const char *text)
{
	enum { LETTERS_MAX = 32 };
	unsigned int
		row[LETTERS_MAX + 1]; /* distances of the word so far to each start of `text` */
	size_t nr = strlen(text);

	nr = nr < LETTERS_MAX ? nr : LETTERS_MAX;
	for (size_t j = 0; j <= nr; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 0; i < word.length && i < LETTERS_MAX; i++) {
		unsigned int diagonal = row[0];

		row[0] = (unsigned int)i + 1;
		for (size_t j = 1; j <= nr; j++) {
			unsigned int above = row[j];
			unsigned int change = diagonal + (word.text[i] != text[j - 1]);

			row[j] = least(above + 1, row[j - 1] + 1, change);
			diagonal = above;
		}
	}
	return row[nr];
}
