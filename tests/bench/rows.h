/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "measure.h"

/*
 * The rows of the comparison with Linux 6.12: a load with its parameters, and what it cost Linux on
 * the same emulator (tests/bench/README.md says how that was measured). Results are kept for the
 * table, and stand on the log for tests/bench/bench.py.
 */

struct row {
	const char *name;
	const struct load *load;
	uint64_t loops, pages;
	bool huge;
	unsigned int linux_instructions; /* a loop; 0: not known */
};

/* Runs the row with what the options ask for instead, prints its lines, keeps its result. */
void row_run(const struct row *row);
/* Every row that ran, beside Linux; returns how many there were. */
unsigned int rows_print_table(void);
