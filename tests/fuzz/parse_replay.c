/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "parse.h"

/*
 * Runs every file of the corpus, and inputs made here that are too large to keep: for each parser
 * the folder of its name. KTAP; what breaks ends the process, by MUST() or by a sanitizer.
 */

static const struct parser {
	const char *name;
	void (*parse)(const uint8_t *bytes, size_t size);
} parsers[] = {
	{"options", parse_options},
	{"acpi", parse_acpi},
	{"memory_map", parse_memory_map},
};
enum { NR_PARSERS = sizeof(parsers) / sizeof(parsers[0]), LARGE = 1 << 20 };

static bool replay_file(const struct parser *parser, const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(LARGE);
	size_t size;

	if (!file || !bytes)
		return false;
	size = fread(bytes, 1, LARGE, file);
	fclose(file);
	parser->parse(bytes, size);
	free(bytes);
	return true;
}

static unsigned int replay_folder(const struct parser *parser, const char *corpus)
{
	char folder[1024], path[2048];
	unsigned int nr = 0;
	struct dirent *entry;
	DIR *directory;

	snprintf(folder, sizeof(folder), "%s/%s", corpus, parser->name);
	directory = opendir(folder);
	while (directory && (entry = readdir(directory))) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] != '.')
			nr += replay_file(parser, path);
	}
	if (directory)
		closedir(directory);
	return nr;
}

/* A mebibyte of each of these: one byte for ever, two that take turns, and noise. */
static void replay_large(const struct parser *parser)
{
	static const uint8_t pairs[][2] = {{0, 0},	 {'a', 'a'}, {0xff, 0xff}, {'a', 0},
					   {0, 'a'},	 {'=', ' '}, {0xd8, 0},	   {0, 0xdc},
					   {'\r', '\n'}, {7, 1}};
	uint8_t *bytes = malloc(LARGE);
	uint32_t noise = 1;

	for (size_t pair = 0; pair < sizeof(pairs) / sizeof(pairs[0]); pair++) {
		for (size_t i = 0; i < LARGE; i++)
			bytes[i] = pairs[pair][i % 2];
		parser->parse(bytes, LARGE);
	}
	for (size_t i = 0; i < LARGE; i++) {
		noise = noise * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(noise >> 24);
	}
	parser->parse(bytes, LARGE);
	free(bytes);
}

int main(int argc, char **argv)
{
	unsigned int failed = 0;

	if (argc != 2)
		return 2;
	printf("KTAP version 1\n1..%u\n", NR_PARSERS);
	for (unsigned int i = 0; i < NR_PARSERS; i++) {
		unsigned int nr = replay_folder(&parsers[i], argv[1]);

		replay_large(&parsers[i]);
		printf("%sok %u parse.%s # %u files\n", nr ? "" : "not ", i + 1, parsers[i].name,
		       nr);
		failed += !nr;
	}
	printf("# %u passed, %u failed, 0 skipped: %s\n", NR_PARSERS - failed, failed,
	       failed ? "failed" : "passed");
	return failed ? 1 : 0;
}
