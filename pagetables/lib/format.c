/* SPDX-License-Identifier: BSD-2-Clause */
#include "format.h"
#include <stdbool.h>
#include <stdint.h>
#include "platform.h"
#include "string.h"

/* The arguments, in a struct so that they can be handed on by address. */
struct arguments {
	va_list list;
};

struct output {
	char *buffer;
	size_t room, used; /* room for characters, the NUL not counted */
};

/* One conversion: what stands between % and its letter. */
struct directive {
	bool left, zero, alternate, has_precision;
	size_t width, precision;
	unsigned int bytes; /* of an integer argument */
	char letter;
};

static void put(struct output *output, char c)
{
	if (output->used < output->room)
		output->buffer[output->used++] = c;
}

static void put_padding(struct output *output, char c, size_t length, size_t width)
{
	for (; length < width; length++)
		put(output, c);
}

static void put_text(struct output *output, const struct directive *directive, const char *text,
		     size_t length)
{
	if (!directive->left)
		put_padding(output, ' ', length, directive->width);
	for (size_t i = 0; i < length; i++)
		put(output, text[i]);
	if (directive->left)
		put_padding(output, ' ', length, directive->width);
}

static void put_string(struct output *output, const struct directive *directive, const char *text)
{
	size_t length = 0;

	if (!text)
		text = "(null)";
	while ((!directive->has_precision || length < directive->precision) && text[length])
		length++;
	put_text(output, directive, text, length);
}

/* Writes the digits backwards from `end`; returns where they begin. */
static char *digits(char *end, uint64_t value, const struct directive *directive)
{
	const char *alphabet = directive->letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned int base = directive->letter == 'd' || directive->letter == 'u' ? 10 : 16;

	for (; value; value /= base)
		*--end = alphabet[value % base];
	return end;
}

/* Leading zeros that precision, or the flag 0 with a width, ask for; `taken`: prefix and digits. */
static size_t leading_zeros(const struct directive *directive, size_t nr_digits, size_t taken)
{
	size_t least = directive->has_precision ? directive->precision : 1;
	size_t zeros = least > nr_digits ? least - nr_digits : 0;

	if (directive->zero && !directive->left && !directive->has_precision &&
	    directive->width > taken + zeros)
		zeros = directive->width - taken;
	return zeros;
}

static void put_integer(struct output *output, const struct directive *directive, uint64_t value,
			bool negative)
{
	char text[24], *end = text + sizeof(text), *start = digits(end, value, directive);
	const char *prefix = negative ? "-" : directive->alternate && value ? "0x" : "";
	size_t nr_digits = (size_t)(end - start), taken = strlen(prefix) + nr_digits;
	size_t zeros = leading_zeros(directive, nr_digits, taken);

	if (!directive->left)
		put_padding(output, ' ', taken + zeros, directive->width);
	while (*prefix)
		put(output, *prefix++);
	put_padding(output, '0', 0, zeros);
	while (start < end)
		put(output, *start++);
	if (directive->left)
		put_padding(output, ' ', taken + zeros, directive->width);
}

static size_t parse_number(const char **format)
{
	size_t number = 0;

	for (; **format >= '0' && **format <= '9'; ++*format)
		number = number * 10 + (size_t)(**format - '0');
	return number;
}

static void parse_flags(const char **format, struct directive *directive)
{
	for (;; ++*format) {
		if (**format == '-')
			directive->left = true;
		else if (**format == '0')
			directive->zero = true;
		else if (**format == '#')
			directive->alternate = true;
		else
			return;
	}
}

static bool is_length(char c)
{
	return c == 'h' || c == 'l' || c == 'z' || c == 't';
}

static void parse_length(const char **format, struct directive *directive)
{
	directive->bytes = sizeof(int);
	for (; **format && is_length(**format); ++*format)
		directive->bytes = **format == 'h' ? directive->bytes / 2 : sizeof(long);
}

static void parse_directive(const char **format, struct directive *directive,
			    struct arguments *arguments)
{
	parse_flags(format, directive);
	directive->width = parse_number(format);
	if (**format == '*') {
		int width = va_arg(arguments->list, int);

		directive->left |= width < 0;
		directive->width = (size_t)(width < 0 ? -(long)width : width);
		++*format;
	}
	if (**format == '.') {
		++*format;
		directive->has_precision = true;
		directive->precision = parse_number(format);
	}
	if (directive->has_precision && **format == '*') {
		int precision = va_arg(arguments->list, int);

		directive->has_precision = precision >= 0;
		directive->precision = (size_t)precision;
		++*format;
	}
	parse_length(format, directive);
	directive->letter = **format;
}

static uint64_t unsigned_argument(const struct directive *directive, struct arguments *arguments)
{
	if (directive->bytes == sizeof(long))
		return va_arg(arguments->list, unsigned long);
	return va_arg(arguments->list, unsigned int) & (UINT32_MAX >> (32 - 8 * directive->bytes));
}

static void put_signed(struct output *output, struct directive *directive,
		       struct arguments *arguments)
{
	int64_t value = directive->bytes == sizeof(long) ? va_arg(arguments->list, long)
							 : va_arg(arguments->list, int);

	if (directive->bytes == 1)
		value = (int8_t)value;
	else if (directive->bytes == 2)
		value = (int16_t)value;
	directive->letter = 'd';
	put_integer(output, directive, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0);
}

static void put_pointer(struct output *output, struct directive *directive,
			struct arguments *arguments)
{
	directive->alternate = true;
	put_integer(output, directive, (uintptr_t)va_arg(arguments->list, void *), false);
}

static void put_directive(struct output *output, struct directive *directive,
			  struct arguments *arguments)
{
	char c = directive->letter;

	switch (directive->letter) {
	case 'd':
	case 'i':
		put_signed(output, directive, arguments);
		break;
	case 'u':
	case 'x':
	case 'X':
		directive->alternate &= directive->letter != 'u';
		put_integer(output, directive, unsigned_argument(directive, arguments), false);
		break;
	case 'p':
		put_pointer(output, directive, arguments);
		break;
	case 's':
		put_string(output, directive, va_arg(arguments->list, const char *));
		break;
	case 'c':
		c = (char)va_arg(arguments->list, int);
		put_text(output, directive, &c, 1);
		break;
	default:
		put(output, directive->letter);
	}
}

int vscnprintf(char *buffer, size_t size, const char *format, va_list list)
{
	struct output output = {.buffer = buffer, .room = size ? size - 1 : 0};
	struct arguments arguments;

	va_copy(arguments.list, list);
	for (; *format; format++) {
		struct directive directive = {0};

		if (*format != '%') {
			put(&output, *format);
			continue;
		}
		format++;
		parse_directive(&format, &directive, &arguments);
		if (!directive.letter)
			break;
		put_directive(&output, &directive, &arguments);
	}
	va_end(arguments.list);
	if (size)
		buffer[output.used] = 0;
	return (int)output.used;
}

int scnprintf(char *buffer, size_t size, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vscnprintf(buffer, size, format, arguments);
	va_end(arguments);
	return length;
}

/* Whether a line is one that KTAP knows; all others go out as its diagnostics. */
static bool is_ktap(const char *line)
{
	static const char *const beginnings[] = {"#", "ok ", "not ok ", "1..", "KTAP version "};

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (!strncmp(line, beginnings[i], strlen(beginnings[i])))
			return true;
	return false;
}

static void (*diverted)(const char *line);

void log_divert(void (*sink)(const char *line))
{
	__atomic_store_n(&diverted, sink, __ATOMIC_RELEASE);
}

static void put_line(const char *line)
{
	void (*sink)(const char *) = __atomic_load_n(&diverted, __ATOMIC_ACQUIRE);

	(sink ? sink : platform_log)(line);
}

void log_line(const char *format, ...)
{
	static const char prefix[] = "# ";
	char line[PLATFORM_LINE_MAX], *text = line + sizeof(prefix) - 1;
	va_list arguments;

	memcpy(line, prefix, sizeof(prefix));
	va_start(arguments, format);
	vscnprintf(text, (size_t)(line + sizeof(line) - text), format, arguments);
	va_end(arguments);
	put_line(is_ktap(text) ? text : line);
}
