/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include "parse.h"
#include "platform.h"

void parse_broken(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

/* What parsers say goes to their caller, never to the log. */
void platform_log(const char *line)
{
	parse_broken(line, __FILE__, __LINE__);
}
