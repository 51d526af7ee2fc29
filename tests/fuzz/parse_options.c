/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "options.h"
#include "parse.h"
#include "text.h"

/*
 * vmlab.cfg and the load options: bytes to text (UTF-8, UTF-16 with and without a mark), text to
 * options. What is wrong is told in one line a word, so many lines and no more.
 */

static unsigned int nr_lines;

static void count_line(void *context, const char *line)
{
	(void)context;
	MUST(line[0] && !strchr(line, '\n'));
	nr_lines++;
}

/* Each character that could tell: text in buffers of exactly its length. */
static char *exact_copy(const void *bytes, size_t size)
{
	char *copy = malloc(size ? size : 1);

	memcpy(copy, bytes, size);
	return copy;
}

static void check_values(const struct options *options)
{
	MUST(memchr(options->test, 0, sizeof(options->test)));
	MUST(memchr(options->own, 0, sizeof(options->own)));
	MUST(memchr(options->stop, 0, sizeof(options->stop)));
	MUST(options->guard >= 1 && options->guard <= 17);
	MUST(options->padding <= 64);
}

void parse_options(const uint8_t *bytes, size_t size)
{
	size_t room = size / 2 * 3 + 4, length;
	char *input = exact_copy(bytes, size), *text = malloc(room), *exact;
	struct options options;

	length = text_decode(input, size, text, room);
	MUST(length < room && text[length] == 0 && strlen(text) == length);
	exact = exact_copy(text, length);
	text_is_readable(exact, length);
	options_default(&options);
	nr_lines = 0;
	options_parse(&options, exact, length, count_line, NULL);
	MUST(nr_lines <= OPTIONS_COMPLAINTS_MAX + 1);
	check_values(&options);
	free(exact);
	free(text);
	free(input);
}
