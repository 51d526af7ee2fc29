/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "percpu.h"

/*
 * Injected failure: the Nth internal allocation fails, once. Every place that can run out of
 * something asks should_fail() first; while nothing is armed that is one compare. The places
 * register themselves, so a test can tell which of them it has never failed.
 */

enum fail_point {
	FAIL_EARLY,	    /* memblock: memory from before the page allocator */
	FAIL_FRAME,	    /* page_alloc: a block or a run of frames */
	FAIL_TABLE,	    /* a frame for a page table */
	FAIL_SLAB_OBJECT,   /* slab: an object */
	FAIL_ADDRESS_SPACE, /* vmap_area: a range of addresses */
	NR_FAIL_POINTS
};
extern const char *const fail_point_names[NR_FAIL_POINTS];

struct fail_place {
	const char *function;
	enum fail_point point;
	int line;
	uint64_t failed; /* how often, in the whole run */
};
/* All of them, from the linker: [__start_fail_places, __stop_fail_places). */
extern struct fail_place __start_fail_places[] __attribute__((visibility("hidden")));
extern struct fail_place __stop_fail_places[] __attribute__((visibility("hidden")));

extern __hot bool fail_armed;

/* From here on the `nth` allocation (from 1) of any kind in `points` (a mask of 1 << fail_point)
 * fails; 0: none does. */
void fail_arm(uint64_t nth, unsigned int points);
/* The same for two of them. */
void fail_arm_pair(uint64_t first, uint64_t second, unsigned int points);
#define FAIL_ALL_POINTS ((1u << NR_FAIL_POINTS) - 1)
/* Stops. Returns how many failures took place. */
unsigned int fail_disarm(void);
/* How many allocations of each kind were counted since fail_arm(). */
uint64_t fail_counted(enum fail_point point);

bool fail_count(struct fail_place *place);

#define should_fail(point_)                                                                        \
	(unlikely(fail_armed) && ({                                                                \
		 static struct fail_place fail_place_                                              \
			 __attribute__((used, section("fail_places"), aligned(8))) = {             \
				 .function = __func__, .point = point_, .line = __LINE__};         \
		 fail_count(&fail_place_);                                                         \
	 }))
