/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "cpus.h"

/*
 * How processors are called. There are two ways: the firmware's own services (mp_services.c), and
 * by hand (sipi.c). Gate open, on the first CPU. What a way cannot do it says in a line.
 */

/* What a way says of a processor. */
struct cpu_found {
	struct cpu_place place;
	bool is_first;	   /* the one that runs us */
	const char *unfit; /* NULL, or why it cannot take part */
};

struct cpu_caller {
	/* How many processors there are, numbered from 0; 0: it cannot be said. */
	unsigned int (*count)(void);
	/* False: it cannot be said. */
	bool (*describe)(unsigned int number, struct cpu_found *found);
	/* Not needed: need not be called. */
	void (*spare)(unsigned int number);
	/*
	 * Calls `procedure`, on a small stack, interrupts off, on every processor but the first
	 * one. Returns at once; nobody is called again before all_back().
	 */
	bool (*dispatch)(void (*procedure)(void));
	/* Waits, with a bound, until all have returned. */
	bool (*all_back)(void);
	/* Both: false when not all were back in time; those were reset. */
	bool (*call)(void (*procedure)(void));
	/* Resets a processor, wherever it is, and does not call it again. */
	void (*leave_out)(unsigned int number);
	/* All that was changed is as before. */
	void (*end)(void);
};

/* By the firmware's MP services; NULL: it has none. */
const struct cpu_caller *mp_services_caller(void);
/* By INIT and SIPI; NULL, and a line: why that cannot be. */
const struct cpu_caller *sipi_caller(void);
