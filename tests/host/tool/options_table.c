/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include "options.h"
#include "platform.h"

/*
 * The table of options on standard output, as efi/options_table.c has it:
 *
 *	options-table help       as the application's `help` prints it
 *	options-table markdown   as README.md has it
 *	options-table config     as disk/vmlab.cfg has it
 */

void platform_log(const char *line)
{
	puts(line);
}

static void print_line(void *context, const char *line)
{
	(void)context;
	puts(line);
}

int main(int argc, char **argv)
{
	const char *form = argc > 1 ? argv[1] : "help";

	if (!strcmp(form, "markdown"))
		options_markdown(print_line, NULL);
	else if (!strcmp(form, "config"))
		options_config(print_line, NULL);
	else
		options_help(print_line, NULL);
	return 0;
}
