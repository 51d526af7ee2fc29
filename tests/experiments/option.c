/* SPDX-License-Identifier: BSD-2-Clause */
#include "option.h"
#include "vmlab.h"

/* The number that a unit letter stands for; 0: none. */
static uint64_t unit_of(char letter)
{
	static const char letters[] = "KMGT";

	for (unsigned int i = 0; letters[i]; i++)
		if (letters[i] == letter)
			return (uint64_t)1 << 10 * (i + 1);
	return 0;
}

static unsigned int digit_of(char letter)
{
	if (letter >= '0' && letter <= '9')
		return (unsigned int)(letter - '0');
	letter |= 'a' - 'A';
	return letter >= 'a' && letter <= 'f' ? (unsigned int)(letter - 'a') + 10 : 16;
}

bool option_parse_u64(const char *text, size_t length, uint64_t *number)
{
	uint64_t value = 0, unit = length > 1 ? unit_of(text[length - 1]) : 0;
	unsigned int base = length > 2 && text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10;
	size_t at = base == 16 ? 2 : 0, end = unit ? length - 1 : length;

	for (; at < end && digit_of(text[at]) < base; at++)
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit_of(text[at]), &value))
			return false;
	if (at < end || !length || __builtin_mul_overflow(value, unit ? unit : 1, &value))
		return false;
	*number = value;
	return true;
}

static bool is_one_of(const char *text, size_t length, const char *const *words)
{
	for (; *words; words++)
		if (strlen(*words) == length && !memcmp(text, *words, length))
			return true;
	return false;
}

bool option_parse_bool(const char *text, size_t length, bool *value)
{
	static const char *const yes[] = {"on", "y", "Y", "1", "true", NULL};
	static const char *const no[] = {"off", "n", "N", "0", "false", NULL};
	bool on = is_one_of(text, length, yes);

	if (!on && !is_one_of(text, length, no))
		return false;
	*value = on;
	return true;
}

void option_malformed(const char *option, const char *text, size_t length)
{
	char said[80];

	scnprintf(said, sizeof(said), "a well-formed value in %s=%.*s", option, (int)length, text);
	test_expect(false, said, __FILE__, __LINE__);
	test_give_up();
}

uint64_t option_u64(const char *option, uint64_t standard)
{
	size_t length;
	const char *text = test_option(option, &length);
	uint64_t number = standard;

	if (text && !option_parse_u64(text, length, &number))
		option_malformed(option, text, length);
	return number;
}

bool option_bool(const char *option, bool standard)
{
	size_t length;
	const char *text = test_option(option, &length);
	bool value = standard;

	if (text && !option_parse_bool(text, length, &value))
		option_malformed(option, text, length);
	return value;
}
