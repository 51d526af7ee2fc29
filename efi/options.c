/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"
#include "lib/format.h"
#include "lib/string.h"
#include "option_value.h"
#include "options_table.h"

enum { WORD_SHOWN_MAX = 60 };

struct parser {
	struct options *options;
	options_line_t complain;
	void *context;
	unsigned int complaints;
};

void options_default(struct options *options)
{
	*options = (struct options){.kaslr = KASLR_FINE,
				    .guard = 1,
				    .cache = true,
				    .wait = 300,
				    .verbosity = VERBOSITY_NORMAL,
				    .countdown = 5,
				    .keep = 20,
				    .resume = true};
}

static void complain(struct parser *parser, const char *line)
{
	if (parser->complaints++ < OPTIONS_COMPLAINTS_MAX)
		parser->complain(parser->context, line);
}

/* A copy that can be printed: cut, and without what is no plain character. */
static void printable(struct word word, char shown[WORD_SHOWN_MAX + 4])
{
	size_t nr = word.length < WORD_SHOWN_MAX ? word.length : WORD_SHOWN_MAX;

	for (size_t i = 0; i < nr; i++)
		shown[i] = word.text[i] > ' ' && word.text[i] < 0x7f ? word.text[i] : '?';
	memcpy(shown + nr, nr < word.length ? "..." : "", nr < word.length ? 4 : 1);
}

static const struct option *find(struct word name)
{
	for (size_t i = 0; i < options_table_nr; i++)
		if (word_equals(name, options_table[i].name))
			return &options_table[i];
	return NULL;
}

static void complain_unknown(struct parser *parser, struct word name)
{
	const struct option *nearest = &options_table[0];
	char line[160], shown[WORD_SHOWN_MAX + 4];

	for (size_t i = 1; i < options_table_nr; i++)
		if (word_distance(name, options_table[i].name) < word_distance(name, nearest->name))
			nearest = &options_table[i];
	printable(name, shown);
	scnprintf(line, sizeof(line), "unknown option \"%s\" (nearest: %s), skipped", shown,
		  nearest->name);
	complain(parser, line);
}

static void complain_malformed(struct parser *parser, const struct option *option,
			       struct word value)
{
	char line[200], shown[WORD_SHOWN_MAX + 4];

	printable(value, shown);
	if (option->kind == FLAG)
		scnprintf(line, sizeof(line), "option \"%s\" takes no value, skipped",
			  option->name);
	else
		scnprintf(line, sizeof(line), "malformed \"%s=%s\", skipped: takes %s",
			  option->name, shown, option->values);
	complain(parser, line);
}

static bool set_number(const struct option *option, struct word value, uint64_t *field)
{
	uint64_t number = option->max;
	const char *units = option->kind == SIZE ? "KMGT" : option->kind == DURATION ? "smh" : "";

	if (option->none && word_equals(value, option->none)) {
		*field = 0;
		return true;
	}
	if (!(option->most && word_equals(value, option->most)) &&
	    !word_number(value, units, &number))
		return false;
	if (number < option->min || number > option->max)
		return false;
	*field = number;
	return true;
}

/* A number of rounds, or, with a unit behind it, a time. */
static bool set_rounds(const struct option *option, struct word value, struct options *options)
{
	uint64_t number;

	if (!word_number(value, "smh", &number) || number < option->min || number > option->max)
		return false;
	options->repeat = options->repeat_seconds = 0;
	if (word_number(value, "", &number))
		options->repeat = number;
	else
		options->repeat_seconds = number;
	return true;
}

static bool set_list(struct word value, char *field)
{
	if (value.length >= OPTION_LIST_MAX)
		return false;
	memcpy(field, value.text, value.length);
	field[value.length] = '\0';
	return true;
}

static bool set_choice(const char *const *choices, struct word value, unsigned int *field)
{
	for (unsigned int i = 0; choices[i]; i++) {
		if (word_equals(value, choices[i])) {
			*field = i;
			return true;
		}
	}
	return false;
}

static bool set_switch(struct word value, bool *field)
{
	if (!word_equals(value, "on") && !word_equals(value, "off"))
		return false;
	*field = word_equals(value, "on");
	return true;
}

static bool set(const struct option *option, struct word value, struct options *options)
{
	void *field = (char *)options + option->field;

	switch (option->kind) {
	case CHOICE:
		return set_choice(option->choices, value, field);
	case SWITCH:
		return set_switch(value, field);
	case LIST:
		return set_list(value, field);
	case ROUNDS:
		return set_rounds(option, value, options);
	case FLAG:
		return false;
	default:
		return set_number(option, value, field);
	}
}

/* A single test's own option, which only that test understands. False: it is none, or too much. */
static bool keep_own(struct word name, struct word word, char *own)
{
	size_t used = strlen(own);
	struct word option;

	if (!word_split(&name, '.', &option) || !name.length || !option.length ||
	    used + word.length + 2 > OPTION_LIST_MAX)
		return false;
	memcpy(own + used, word.text, word.length);
	memcpy(own + used + word.length, " ", 2);
	return true;
}

static void parse_word(struct parser *parser, struct word word)
{
	struct word name = word, value;
	bool has_value = word_split(&name, '=', &value);
	const struct option *option = find(name);

	if (!option && has_value && keep_own(name, word, parser->options->own))
		return;
	if (!option)
		complain_unknown(parser, name);
	else if (option->kind == FLAG && !has_value)
		*(bool *)((char *)parser->options + option->field) = true;
	else if (!has_value || !set(option, value, parser->options))
		complain_malformed(parser, option, value);
	else if (option_is_seed(option))
		parser->options->seed_given = true;
}

void options_parse(struct options *options, const char *text, size_t length,
		   options_line_t complain_line, void *context)
{
	struct parser parser = {.options = options, .complain = complain_line, .context = context};
	struct word rest = {text, length}, word;
	char line[80];

	while (word_next(&rest, &word))
		parse_word(&parser, word);
	if (parser.complaints <= OPTIONS_COMPLAINTS_MAX)
		return;
	scnprintf(line, sizeof(line), "%u more words unknown or malformed, skipped",
		  parser.complaints - OPTIONS_COMPLAINTS_MAX);
	complain_line(context, line);
}

bool options_same_run(const struct options *a, const struct options *b)
{
	for (size_t i = 0; i < options_table_nr; i++)
		if (!option_is_seed(&options_table[i]) && !option_equal(&options_table[i], a, b))
			return false;
	return !strcmp(a->own, b->own) && (!a->seed_given || !b->seed_given || a->seed == b->seed);
}
