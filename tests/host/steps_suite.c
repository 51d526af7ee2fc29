/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../driver/driver.h"

/*
 * Rows of the random driver's steps from a file, steps.file=: a line a step, what it draws and the
 * name of its function behind it, or a record as a fuzzer has it; an empty line between two rows; a
 * # begins a remark. This is how the corpus is replayed, and how a row that fails is shrunk.
 */

struct row {
	struct kept_step steps[ROUND_STEPS];
	char *lines[ROUND_STEPS]; /* which they point into */
	size_t nr;
	unsigned int number;
};
static struct row row;

static void add_step(const char *line)
{
	char *copy = strdup(line), *space;

	require(copy && row.nr < ROUND_STEPS);
	space = strchr(copy, ' ');
	if (space)
		*space = '\0';
	row.steps[row.nr] = (struct kept_step){copy, space ? space + 1 : ""};
	row.lines[row.nr++] = copy;
}

static void play_row(void)
{
	if (!row.nr)
		return;
	log_line("# row %u begins", row.number);
	kept_play(row.steps, row.nr);
	for (size_t i = 0; i < row.nr; i++)
		free(row.lines[i]);
	row.nr = 0;
	row.number++;
}

static void play_file(FILE *file)
{
	char *line = NULL;
	size_t room = 0;

	row.nr = row.number = 0;
	while (getline(&line, &room, file) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!*line)
			play_row();
		else if (*line != '#')
			add_step(line);
	}
	play_row();
	free(line);
}

TEST_FLAGS(mm_random, steps, "rows of calls from a file do what a plain model says", TEST_NAMED)
{
	size_t length;
	const char *option = test_option("file", &length);
	char *path = option ? strndup(option, length) : NULL;
	FILE *file = path ? fopen(path, "r") : NULL;

	free(path);
	if (!file) {
		test_note("steps.file=: %s", option ? strerror(errno) : "needed");
		require(false);
	}
	drivers_prepare(1);
	play_file(file);
	fclose(file);
	test_report("rows", row.number, "rows");
	counts_print();
	expect(row.number > 0);
}
