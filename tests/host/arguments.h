/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include "../../efi/options.h"
#include "machine.h"

/*
 * The command line of the host program: the application's options (efi/options.c has no firmware in
 * it), and words that describe the simulated machine: levels=4|5 nodes=1|2 cpus=1..64.
 */
struct arguments {
	struct machine_config machine;
	struct options options;
};

/*
 * Fills in defaults, then what `words` say. False: a line for each word that is wrong was printed
 * on standard error, or the list of options on standard output because of `help`; nothing is to be
 * run.
 */
bool arguments_parse(struct arguments *arguments, int nr, char **words);
