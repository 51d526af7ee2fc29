/* SPDX-License-Identifier: BSD-2-Clause */
#include "arguments.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DEFAULT_MEMORY = 256 << 20, DEFAULT_CPUS = 4 };

static const struct machine_word {
	const char *name, *sentence;
	size_t field;
} machine_words[] = {
	{"levels=%u%n", "levels=4|5  of page tables at power-on (default: 4)",
	 offsetof(struct machine_config, levels)},
	{"nodes=%u%n", "nodes=1|2|3  of memory (default: 1)",
	 offsetof(struct machine_config, nodes)},
	{"cpus=%u%n", "cpus=1..64  threads that are processors (default: 4)",
	 offsetof(struct machine_config, cpus)},
};
enum { NR_MACHINE_WORDS = sizeof(machine_words) / sizeof(machine_words[0]) };

static bool set_machine_word(struct machine_config *machine, const char *word)
{
	for (unsigned int i = 0; i < NR_MACHINE_WORDS; i++) {
		unsigned int value;
		int end = 0;

		if (sscanf(word, machine_words[i].name, &value, &end) == 1 && end && !word[end]) {
			*(unsigned int *)((char *)machine + machine_words[i].field) = value;
			return true;
		}
	}
	return false;
}

static void complain(void *context, const char *line)
{
	fprintf(stderr, "%s\n", line);
	*(bool *)context = false;
}

static void print_line(void *context, const char *line)
{
	(void)context;
	printf("%s\n", line);
}

static void print_help(void)
{
	options_help(print_line, NULL);
	for (unsigned int i = 0; i < NR_MACHINE_WORDS; i++)
		print_line(NULL, machine_words[i].sentence);
}

bool arguments_parse(struct arguments *arguments, int nr, char **words)
{
	struct machine_config *machine = &arguments->machine;
	struct options *options = &arguments->options;
	bool good = true;

	*machine = (struct machine_config){.levels = 4, .nodes = 1, .cpus = DEFAULT_CPUS};
	options_default(options);
	options->seed = (uint64_t)time(NULL);
	for (int i = 0; i < nr; i++)
		if (!set_machine_word(machine, words[i]))
			options_parse(options, words[i], strlen(words[i]), complain, &good);
	machine->inside = options->paging == PAGING_4	? 4
			  : options->paging == PAGING_5 ? 5
							: machine->levels;
	machine->memory = options->mem ? options->mem : DEFAULT_MEMORY;
	if (options->help)
		print_help();
	return good && !options->help;
}
