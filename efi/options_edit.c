/* SPDX-License-Identifier: BSD-2-Clause */
#include "options_edit.h"
#include "lib/format.h"
#include "lib/string.h"
#include "options_table.h"

unsigned int options_nr(void)
{
	return (unsigned int)options_table_nr;
}

const char *option_name(unsigned int number)
{
	return options_table[number].name;
}

const char *option_sentence(unsigned int number)
{
	return options_table[number].sentence;
}

const char *option_values(unsigned int number)
{
	return options_table[number].values;
}

static bool is_default(const struct option *option, const struct options *options)
{
	static struct options standard;

	if (option_is_seed(option))
		return !options->seed_given;
	options_default(&standard);
	return option_equal(option, options, &standard);
}

void option_show(unsigned int number, const struct options *options, char *text, size_t size)
{
	const struct option *option = &options_table[number];
	const bool *flag = (const bool *)((const char *)options + option->field);

	if (option->kind == FLAG)
		scnprintf(text, size, "%s=%s", option->name, *flag ? "on" : "off");
	else if (is_default(option, options))
		scnprintf(text, size, "%s=%s", option->name, option->standard);
	else
		option_word(option, options, text, size);
}

bool option_cycle(unsigned int number, struct options *options)
{
	const struct option *option = &options_table[number];
	void *field = (char *)options + option->field;
	unsigned int *choice = field;

	if (option->kind == SWITCH || option->kind == FLAG) {
		*(bool *)field = !*(bool *)field;
		return true;
	}
	if (option->kind != CHOICE)
		return false;
	if (!option->choices[++*choice])
		*choice = 0;
	return true;
}
