/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "load.h"
#include "tlb.h"

/*
 * What work costs. Under QEMU's -icount the time stamp counts instructions: instructions = ticks >>
 * shift, the same in every run, and measure_init() finds the shift by itself. Anywhere else a cost
 * is in ticks of the time stamp. What passed while the gate was open is taken out.
 *
 * One measurement at a time, on one CPU, gate closed.
 */

struct cost {
	int64_t ticks;			 /* instructions, where these are counted */
	int64_t flushes[NR_TLB_METHODS]; /* of TLBs */
	int64_t tables;			 /* page tables allocated; each is cleared */
	int64_t cleared;		 /* frames cleared because __GFP_ZERO asked for it */
};

/* Finds out what the time stamp counts, and begins to count tables; measure_exit() ends that. */
void measure_init(void);
void measure_exit(void);
/* "instructions" or "ticks". */
const char *measure_unit(void);
bool measure_is_exact(void);
/* This moment, as ticks; in units of measure_unit() are differences of it. */
uint64_t measure_now(void);
/* What two measure_now() in a row cost. */
uint64_t measure_overhead(void);
/* Everything counted so far. */
void measure_read(struct cost *now);
/* What clearing one frame costs. */
uint64_t measure_clearing(void);

/*
 * The cost of `loops` loops of the load, without what comes before and after them: that of twice as
 * many less that of `loops`, each from a quiet start. Flushes alone are all those of the run of
 * twice as many: a difference of two small counts would say more, or less, than there are.
 * `microseconds` of the first run, set-up and all. Returns what the load said in both.
 */
bool measure_load(const struct load *load, const struct load_parameters *parameters,
		  struct cost *cost, uint64_t *microseconds);
