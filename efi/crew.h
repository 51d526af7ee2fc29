/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include "gate.h"

/*
 * The CPUs at work inside the gate. They come in when there is work for them, each through a gate
 * of its own, and stay, looking for more of it, until crew_rest(): a dispatch by the firmware costs
 * 10 ms, a turn here under a microsecond. Meanwhile the first CPU opens its gate as ever.
 *
 * Everything here is the first CPU's to call, inside, with no lock held, unless it says otherwise.
 */

/* Before the gate closes: how they go inside, which is as the first CPU does, stacks aside. */
void crew_prepare(const struct gate_request *like);
/* How many CPUs can work, the first one among them. */
unsigned int crew_nr(void);
/*
 * Runs `function` on CPUs 0, the caller, to nr - 1, and returns when all are through, or were given
 * up (crew_watch.h): on how many CPUs, counted from the first, it came to its end.
 */
unsigned int crew_run(unsigned int nr, void (*function)(void *context), void *context);
/* They leave, and are the firmware's again. */
void crew_rest(void);
/*
 * The other way, for work of which the first CPU has no part: one dispatch that the firmware waits
 * for. `function` runs on CPUs 1 to crew_nr() - 1. False: not all have come and gone in time.
 */
bool crew_call(void (*function)(void *context), void *context);

/* What was not as it should be with the others' registers when they had left; NULL: nothing. */
const char *crew_problem(void);

/* From any CPU but the first: the run cannot go on, and the first one ends it. */
void crew_end_run(const char *reason);
/* On any CPU, in every turn of a wait: the first CPU ends the run if another one has asked. */
void crew_look(void);
/* The run ends: the others leave. In any state, handlers too; waits with a bound. */
void crew_abandon(void);
