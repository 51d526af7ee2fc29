/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "../bench/load.h"
#include "lines.h"

/* What a load does to the machine's caches, locks and TLBs when several CPUs run it at once. */

struct counted {
	struct sharing sharing;
	uint64_t flushes;    /* of TLBs, as asked for */
	uint64_t shootdowns; /* of these: that had to wait for other CPUs */
	uint64_t purges;
	bool good; /* all calls did what they should */
};

/*
 * Runs the load on CPUs 0 to `cpus` - 1, each with all of its loops, some times over: the last
 * time, which is counted, it finds in the CPUs' caches what the others have left there. What a load
 * sets up before its loops is not counted.
 */
struct counted count_load(const struct load *load, const struct load_parameters *parameters,
			  unsigned int cpus);
