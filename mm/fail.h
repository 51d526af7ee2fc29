/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "percpu.h"

/*
 * Injected failure: the Nth internal allocation fails, once. Every place that can run out of
 * something asks should_fail() first; while nothing is armed that is one compare.
 */

enum fail_point {
	FAIL_FRAME,	    /* page_alloc: a block or a run of frames */
	FAIL_TABLE,	    /* a frame for a page table */
	FAIL_SLAB_OBJECT,   /* slab: an object */
	FAIL_ADDRESS_SPACE, /* vmap_area: a range of addresses */
	NR_FAIL_POINTS
};
extern const char *const fail_point_names[NR_FAIL_POINTS];

extern __hot bool fail_armed;

/* From here on the `nth` allocation (from 1) of any kind in `points` (a mask of 1 << fail_point)
 * fails; 0: none does. */
void fail_arm(uint64_t nth, unsigned int points);
#define FAIL_ALL_POINTS ((1u << NR_FAIL_POINTS) - 1)
/* Stops. Returns whether the failure took place. */
bool fail_disarm(void);
/* How many allocations of each kind were counted since fail_arm(). */
uint64_t fail_counted(enum fail_point point);

bool fail_count(enum fail_point point);

static inline bool should_fail(enum fail_point point)
{
	return unlikely(fail_armed) && fail_count(point);
}
