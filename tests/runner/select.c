/* SPDX-License-Identifier: BSD-2-Clause */
#include "select.h"
#include "lib/string.h"

bool select_next(const char **list, struct select_word *word)
{
	const char *at = *list;

	while (*at == ',' || *at == ' ')
		at++;
	word->exclude = *at == '!';
	at += word->exclude;
	word->text = at;
	while (*at && *at != ',' && *at != ' ')
		at++;
	word->length = (size_t)(at - word->text);
	*list = at;
	return word->length || word->exclude;
}

/* A `*` first takes nothing; on a mismatch the last one takes one character more. */
bool select_glob(const char *glob, size_t length, const char *text)
{
	const char *star_text = NULL;
	size_t at = 0, star = 0;

	while (*text) {
		if (at < length && glob[at] == '*') {
			star = ++at;
			star_text = text;
		} else if (at < length && (glob[at] == '?' || glob[at] == *text)) {
			at++;
			text++;
		} else if (star_text) {
			at = star;
			text = ++star_text;
		} else {
			return false;
		}
	}
	while (at < length && glob[at] == '*')
		at++;
	return at == length;
}

static bool is_module_of(const struct select_word *word, const char *name)
{
	return !strncmp(word->text, name, word->length) && name[word->length] == '.';
}

bool select_word_matches(const struct select_word *word, const char *name)
{
	return select_glob(word->text, word->length, name) || is_module_of(word, name);
}

bool select_matches(const char *list, const char *name)
{
	bool included = false, any_included = false;
	struct select_word word;

	while (list && select_next(&list, &word)) {
		bool matches = select_word_matches(&word, name);

		if (word.exclude && matches)
			return false;
		any_included |= !word.exclude;
		included |= !word.exclude && matches;
	}
	return included || !any_included;
}

bool select_word_is(const struct select_word *word, const char *name)
{
	return strlen(name) == word->length && !strncmp(name, word->text, word->length);
}

bool select_names(const char *list, const char *name)
{
	struct select_word word;

	while (list && select_next(&list, &word))
		if (!word.exclude && select_word_is(&word, name))
			return true;
	return false;
}

static bool contains(const char *name, const struct select_word *word)
{
	for (; strlen(name) >= word->length; name++)
		if (!strncmp(name, word->text, word->length))
			return true;
	return false;
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* One row of the table a character of the word; row[j]: distance to the first j of the name. */
unsigned int select_distance(const struct select_word *word, const char *name)
{
	unsigned int row[SELECT_NAME_MAX + 1];
	size_t columns = strlen(name) < SELECT_NAME_MAX ? strlen(name) : SELECT_NAME_MAX;

	if (contains(name, word))
		return 0;
	for (size_t j = 0; j <= columns; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 0; i < word->length; i++) {
		unsigned int diagonal = row[0], cost = word->text[i] != '*';

		row[0] += cost;
		for (size_t j = 1; j <= columns; j++) {
			unsigned int differs = cost && word->text[i] != name[j - 1];
			unsigned int best =
				min3(row[j] + cost, row[j - 1] + cost, diagonal + differs);

			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[columns];
}
