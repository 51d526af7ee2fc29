/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "percpu.h"
#include "zone.h"

/*
 * The frames that each CPU keeps for itself: for every zone a stack of runs, a run being free
 * frames that follow each other. Allocation takes from the front of the topmost run, and a run that
 * comes back joins the topmost one when it is its neighbour, or is pushed. So what was freed last
 * is used first, and a run that was cut up grows together again in the usual order of frees. A
 * request that the topmost run is too short for looks for one below that is not.
 *
 * A stack that has no such run is refilled with one large block of the buddy lists, or with what is
 * asked for just now where it has no room for more; one that has become too deep or too full gives
 * its oldest fifth back. So a request never gives anything back, and a free never much. Frames here
 * are free (their words say so), but in no list.
 */

enum { RUN_STACK_DEPTH = 60 };

struct frame_run {
	uint32_t pfn, nr;
};

struct run_stack {
	struct frame_run *top; /* in runs; the first: empty, runs[0] is nobody's neighbour */
	uint32_t frames;       /* in all runs */
	uint32_t most;	       /* frames; above it half is given back */
	uint32_t first;	       /* frames [first, first + span) are this zone's and no other's */
	uint32_t span;
	struct zone *zone;
	struct frame_run runs[1 + RUN_STACK_DEPTH];
};

struct pcp {
	struct spinlock lock;	     /* local_lock() */
	struct run_stack *preferred; /* of the highest zone of the CPU's node that has frames */
	int node;
	uint64_t refills, drains;
	uint64_t cleared; /* frames, because __GFP_ZERO asked for it; written by this CPU alone */
	struct run_stack *stacks[NR_ZONES]; /* NULL: no such zone */
} __cacheline_aligned;

/* Of every CPU; NULL before page_alloc_init(). */
extern __hot struct pcp *pcps[PLATFORM_CPUS_MAX];

/*
 * From the topmost run up to `wanted` frames; 0: the stack is empty. The CPU's lock is held by the
 * callers of everything below.
 */
static inline size_t run_stack_take(struct run_stack *stack, size_t wanted, uint64_t *pfn)
{
	struct frame_run *run = stack->top;
	uint32_t nr = run->nr;

	*pfn = run->pfn;
	if (likely(wanted < nr)) {
		nr = (uint32_t)wanted;
		run->pfn += nr;
		run->nr -= nr;
	} else if (nr != 0) {
		stack->top--;
	}
	stack->frames -= nr;
	return nr;
}

/* `nr` frames from the topmost run, which has so many. */
static inline uint64_t run_stack_cut(struct run_stack *stack, size_t nr)
{
	struct frame_run *run = stack->top;
	uint64_t pfn = run->pfn;

	run->pfn += (uint32_t)nr;
	run->nr -= (uint32_t)nr;
	if (run->nr == 0)
		stack->top--;
	stack->frames -= (uint32_t)nr;
	return pfn;
}

/*
 * false: there are more frames or runs now than should be, and the stack must be trimmed: it has
 * room for one more run at all other times.
 */
static inline bool run_stack_put(struct run_stack *stack, uint64_t pfn, size_t nr)
{
	struct frame_run *run = stack->top;

	stack->frames += (uint32_t)nr;
	if (pfn + nr == run->pfn) {
		run->pfn = (uint32_t)pfn;
		run->nr += (uint32_t)nr;
	} else if (run->pfn + (uint64_t)run->nr == pfn) {
		run->nr += (uint32_t)nr;
	} else {
		*++run = (struct frame_run){.pfn = (uint32_t)pfn, .nr = (uint32_t)nr};
		stack->top = run;
		if (run == &stack->runs[RUN_STACK_DEPTH])
			return false;
	}
	return stack->frames <= stack->most;
}

static inline bool run_stack_is_empty(const struct run_stack *stack)
{
	return stack->top == stack->runs;
}

/* Brings a run of `wanted` frames or more to the top; false: there is none. */
bool run_stack_raise(struct run_stack *stack, size_t wanted);
/* Whether there is room for one more run of `wanted` frames before the stack must be trimmed. */
static inline bool run_stack_has_room(const struct run_stack *stack, size_t wanted)
{
	return stack->top < &stack->runs[RUN_STACK_DEPTH - 1] &&
	       stack->frames + wanted <= stack->most;
}

/*
 * Fills a stack so that `wanted` frames or fewer can be taken from it, which has to be done before
 * anything else is put there; false: there are none.
 */
bool run_stack_refill(struct run_stack *stack, size_t wanted, gfp_t gfp, enum zone_type highest);
/*
 * Gives the oldest runs back until at most four fifths of what may be there are left. false: in an
 * exception handler, the zone's lock is taken, and nothing has changed.
 */
bool run_stack_trim(struct run_stack *stack);
/* Gives everything back; returns how many frames that was. */
uint64_t run_stack_drain(struct run_stack *stack);

/* Per-CPU state of all CPUs, in frames of memblock: 0 or -ENOMEM. No lock. */
int pcps_init(void);
void pcp_set_preferred(unsigned int cpu);
/* Free frames that CPUs hold in this zone; of a moment. No lock. */
uint64_t pcps_frames(unsigned int zone_index);
/* NULL, or what is wrong with a CPU's stacks. Takes the lock. */
const char *pcp_check(struct pcp *pcp);
