/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "load.h"

/*
 * A load on several CPUs at the same time, as Linux's nr_threads: each of `workers` CPUs does all
 * of its loops. Beside it the same on one CPU, in turns in the same run, so that the ratio says
 * what the others add: `workers` where nobody is in anybody's way. Prints a line with that, the
 * median of some rounds with the least and the most, with how many flushes waited for other CPUs
 * and how often a CPU waited for a lock. Returns whether all calls did what they should.
 */
bool workers_compare(const struct load *load, const struct load_parameters *parameters,
		     const char *name, unsigned int workers);
