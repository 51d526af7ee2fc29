/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/format.h"
#include "plan.h"
#include "state.h"

/* What a single test has of its own: figures, options, something to do at its end. */

enum { WORDS_TRACKED = 64 };

static uint64_t asked; /* a bit for each word of own_options that a test has looked at */

/* One word "NAME.option=value" of own_options. */
struct own_word {
	const char *name, *option, *value;
	size_t name_length, option_length, value_length;
};

static const char *end_of(const char *text, char stop)
{
	while (*text && *text != ' ' && *text != stop)
		text++;
	return text;
}

/* The word at `*at`, which moves on; false at the end. The last dot before the "=" parts it. */
static bool next_word(const char **at, struct own_word *word)
{
	const char *equals, *end;

	while (**at == ' ')
		++*at;
	if (!**at)
		return false;
	word->name = *at;
	equals = end_of(*at, '=');
	end = end_of(equals, ' ');
	word->option = equals;
	while (word->option > word->name && word->option[-1] != '.')
		word->option--;
	word->name_length = word->option > word->name ? (size_t)(word->option - word->name) - 1 : 0;
	word->option_length = (size_t)(equals - word->option);
	word->value = *equals == '=' ? equals + 1 : end;
	word->value_length = (size_t)(end - word->value);
	*at = end;
	return true;
}

static bool is_word(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && !strncmp(text, word, length);
}

static bool is_of_this_test(const struct own_word *word)
{
	return is_word(word->name, word->name_length, test_state.test->name);
}

static uint64_t bit_of(unsigned int number)
{
	return number < WORDS_TRACKED ? (uint64_t)1 << number : 0;
}

const char *test_option(const char *option, size_t *length)
{
	const char *at = runner_options.own_options, *found = NULL;
	struct own_word word;

	for (unsigned int i = 0; at && next_word(&at, &word); i++) {
		if (!is_of_this_test(&word) || !is_word(word.option, word.option_length, option))
			continue;
		asked |= bit_of(i);
		found = word.value;
		*length = word.value_length;
	}
	return found;
}

uint64_t test_option_number(const char *option, uint64_t standard)
{
	size_t length;
	const char *digits = test_option(option, &length);
	uint64_t value = 0;

	for (size_t i = 0; digits && i < length; i++) {
		if (digits[i] < '0' || digits[i] > '9') {
			test_fail("%s=%.*s is no number", option, (int)length, digits);
			return standard;
		}
		value = value * 10 + (uint64_t)(digits[i] - '0');
	}
	return digits ? value : standard;
}

void own_options_check_names(void)
{
	const struct test *tests = plan_tests();
	const char *at = runner_options.own_options;
	struct own_word word;

	asked = 0;
	while (at && next_word(&at, &word)) {
		bool known = false;

		for (size_t i = 0; i < plan_registered(); i++)
			known |= is_word(word.name, word.name_length, tests[i].name);
		if (!known)
			log_line("# unknown option \"%.*s\": there is no test \"%.*s\", skipped",
				 (int)(word.option + word.option_length - word.name), word.name,
				 (int)word.name_length, word.name);
	}
}

void own_options_check_asked(void)
{
	const char *at = runner_options.own_options;
	struct own_word word;

	for (unsigned int i = 0; i < WORDS_TRACKED && at && next_word(&at, &word); i++)
		if (is_of_this_test(&word) && !(asked & bit_of(i)))
			log_line("# %s did not ask for an option \"%.*s\"", test_state.test->name,
				 (int)word.option_length, word.option);
}

void test_report_more(const char *what, int64_t value, const char *unit, const char *more)
{
	log_line("# report %s.%s: %s = %lld %s%s%s%s", test_state.test->module,
		 test_state.test->name, what, (long long)value, unit, more ? " (" : "",
		 more ? more : "", more ? ")" : "");
}

void test_report(const char *what, int64_t value, const char *unit)
{
	test_report_more(what, value, unit, NULL);
}

void test_at_end(struct test_end *end)
{
	end->next = test_state.ends;
	test_state.ends = end;
}

/* One that ends by a fault does not keep the others from their work. */
void test_run_ends(void)
{
	while (test_state.ends) {
		struct test_end *end = test_state.ends;
		struct fault_catch catch;
		int ended;

		test_state.ends = end->next;
		ended = fault_catch(&catch);
		if (ended) {
			test_ended_early(ended);
		} else {
			end->function(end->context);
			fault_catch_end();
		}
	}
}
