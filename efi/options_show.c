/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/format.h"
#include "lib/string.h"
#include "options_table.h"

/* Options as text: the list of all that there are, and the words that make a run's. */

static const void *field_of(const struct options *options, const struct option *option)
{
	return (const char *)options + option->field;
}

/* With the largest unit that leaves a whole number. */
static void format_number(const struct option *option, uint64_t number, char *text, size_t size)
{
	static const char units[] = "\0KMGT";
	unsigned int unit = 0;

	if (option->most && number == option->max) {
		scnprintf(text, size, "%s", option->most);
		return;
	}
	for (; option->kind == SIZE && unit < 4 && number && number % 1024 == 0; unit++)
		number /= 1024;
	scnprintf(text, size,
		  option_is_seed(option) ? "0x%llx"
		  : unit		 ? "%llu%c"
					 : "%llu",
		  (unsigned long long)number, units[unit]);
}

void option_word(const struct option *option, const struct options *options, char *text,
		 size_t size)
{
	const void *field = field_of(options, option);
	char number[24];
	const char *value = number;

	if (option->kind == CHOICE)
		value = option->choices[*(const unsigned int *)field];
	else if (option->kind == SWITCH)
		value = *(const bool *)field ? "on" : "off";
	else if (option->kind == LIST)
		value = field;
	else if (option->kind == ROUNDS && options->repeat_seconds)
		scnprintf(number, sizeof(number), "%llus",
			  (unsigned long long)options->repeat_seconds);
	else if (option->kind != FLAG)
		format_number(option, *(const uint64_t *)field, number, sizeof(number));
	scnprintf(text, size, "%s%s%s", option->name, option->kind == FLAG ? "" : "=",
		  option->kind == FLAG ? "" : value);
}

void options_words(const struct options *options, options_line_t word, void *context)
{
	struct word own = {options->own, strlen(options->own)}, one;
	static struct options standard;
	char text[OPTION_LIST_MAX + 32];

	options_default(&standard);
	for (size_t i = 0; i < options_table_nr; i++) {
		bool given = option_is_seed(&options_table[i])
				     ? options->seed_given
				     : !option_equal(&options_table[i], options, &standard);

		if (!given)
			continue;
		option_word(&options_table[i], options, text, sizeof(text));
		word(context, text);
	}
	while (word_next(&own, &one)) {
		scnprintf(text, sizeof(text), "%.*s", (int)one.length, one.text);
		word(context, text);
	}
}

static void format_left(const struct option *option, char *text, size_t size)
{
	scnprintf(text, size, "%s%s%s", option->name, option->values[0] ? "=" : "", option->values);
}

void options_help(options_line_t line, void *context)
{
	char text[PLATFORM_LINE_MAX], left[64];

	for (size_t i = 0; i < options_table_nr; i++) {
		const struct option *o = &options_table[i];

		format_left(o, left, sizeof(left));
		scnprintf(text, sizeof(text), "%-42s %s%s%s%s", left, o->sentence,
			  o->standard[0] ? " (default: " : "", o->standard,
			  o->standard[0] ? ")" : "");
		line(context, text);
	}
}

/* In a table a bar would begin the next column. */
static void escape_bars(const char *text, char *escaped, size_t size)
{
	size_t used = 0;

	for (; *text && used + 3 < size; text++) {
		if (*text == '|')
			escaped[used++] = '\\';
		escaped[used++] = *text;
	}
	escaped[used] = '\0';
}

void options_markdown(options_line_t line, void *context)
{
	char text[PLATFORM_LINE_MAX], left[64], escaped[96];

	line(context, "| option | default | |");
	line(context, "| --- | --- | --- |");
	for (size_t i = 0; i < options_table_nr; i++) {
		format_left(&options_table[i], left, sizeof(left));
		escape_bars(left, escaped, sizeof(escaped));
		scnprintf(text, sizeof(text), "| `%s` | %s | %s |", escaped,
			  options_table[i].standard, options_table[i].sentence);
		line(context, text);
	}
}

void options_config(options_line_t line, void *context)
{
	char text[PLATFORM_LINE_MAX], left[64];

	for (size_t i = 0; i < options_table_nr; i++) {
		const struct option *o = &options_table[i];

		scnprintf(text, sizeof(text), "# %s%s%s%s", o->sentence,
			  o->standard[0] ? " (default: " : "", o->standard,
			  o->standard[0] ? ")" : "");
		line(context, "");
		line(context, text);
		format_left(o, left, sizeof(left));
		scnprintf(text, sizeof(text), "# %s", left);
		line(context, text);
	}
}
