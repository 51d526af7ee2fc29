/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "dump.h"
#include "fault.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/list.h"
#include "lib/random.h"
#include "lib/string.h"
#include "map.h"
#include "mm.h"
#include "page.h"
#include "page_alloc.h"
#include "percpu_alloc.h"
#include "protect.h"
#include "reclaim.h"
#include "slab.h"
#include "space.h"
#include "test.h"
#include "tlb.h"
#include "vm_map_ram.h"
#include "vmalloc.h"
#include "walk.h"

/*
 * The one header of an experiment: a file of one's own, anywhere, that is compiled into the
 * application by
 *
 *	make run EXPERIMENTS="path/mine.c" OPTIONS="test=experiment.mine mine.loops=50"
 *
 * and looks like this:
 *
 *	#include <vmlab.h>
 *
 *	EXPERIMENT(mine, "a vmalloc of a page takes less than a microsecond")
 *	{
 *		measure("vmalloc and vfree", option_u64("loops", 1000))
 *			vfree(vmalloc(PAGE_SIZE));
 *		expect_below(measured()->median * 1000000, platform_ticks_per_second());
 *	}
 *
 * It has every call of pagetables/ and mm/, and the words of tests/runner/test.h: expect(),
 * expect_equal(), require(), test_note(), test_skip(), test_random(). It runs as the test
 * experiment.NAME, on one CPU, in ring 0, on a guarded stack, with the gate closed. What it leaves
 * behind (frames, tables, objects, areas) is counted and reported, a fault is decoded and reported,
 * and the run goes on.
 */
#define EXPERIMENT(name_, sentence_)                                                               \
	static void experiment_##name_(struct test *test);                                         \
	TEST(experiment, name_, sentence_)                                                         \
	{                                                                                          \
		experiment_begin();                                                                \
		experiment_##name_(test);                                                          \
	}                                                                                          \
	static void experiment_##name_(struct test *test __attribute__((unused)))

/* A fault that must be taken: expect_fault(read, p), (write, p) or (fetch, p). */
#define expect_fault(access, address) expect_fault_##access(address)

/* An option of its own, set by OPTIONS="NAME.option=value". Numbers are decimal or 0x hexadecimal,
 * K, M, G, T behind them multiply by 1024. A value that is no number fails the experiment. */
uint64_t option_u64(const char *option, uint64_t standard);
/* on or off. */
bool option_bool(const char *option, bool standard);

/* A figure for the results: a line "# report experiment.NAME: what = value unit". */
#define report(what, value, unit) test_report((what), (int64_t)(value), (unit))

/*
 * Runs the statement behind it `samples` times, takes the time of each in ticks of the time stamp
 * (the cost of looking at it taken off), and reports the median with its distribution. One at a
 * time; do not leave by break.
 */
#define measure(what, samples)                                                                     \
	for (bool measuring_ = measure_begin((what), (samples)); measuring_;                       \
	     measuring_ = measure_next())

struct distribution {
	uint64_t samples, min, median, p90, p99, max, mean; /* ticks */
};
/* Of the last measure() that came to its end. */
const struct distribution *measured(void);

/* Uniform in [0, bound), of the run's random numbers. */
static inline uint64_t draw(uint64_t bound)
{
	return test_random_below(NULL, bound);
}

/* Whether there is a TLB worth measuring; if not, why: an emulator, or the host's simulated MMU. */
const char *no_real_tlb(void);

/*
 * To play with. All of it is taken apart and given back at the end, however the experiment ends.
 * When there is none to be had the experiment ends as failed, so none of these returns NULL.
 */
struct page *play_frames(unsigned int order); /* 2^order frames, naturally aligned */
void *play_memory(size_t bytes);	      /* from kvmalloc, cleared */
/* Addresses in the vmalloc region where nothing is mapped, guards around them. `align`: a power of
 * two. Map there what you like. */
uintptr_t play_room(size_t nr_pages, size_t align);
/* A second address space; its lower half is yours, from space_user_start() to space_user_end(). */
struct space *play_space(void);

void experiment_begin(void);
bool measure_begin(const char *what, uint64_t samples);
bool measure_next(void);
