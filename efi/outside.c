/* SPDX-License-Identifier: BSD-2-Clause */
#include "outside.h"
#include "clock.h"
#include "console.h"
#include "gate.h"
#include "lib/format.h"
#include "platform.h"
#include "results.h"

/* So often the gate opens, if anybody asks: the firmware's timers stand still in between. */
enum { OPENINGS_PER_SECOND = 10, NAME_MAX = 96 };

static char running[NAME_MAX]; /* in the image: both sides see it */
static bool is_new;	       /* the stick does not know it yet */
static uint64_t last_opening, last_sync;

void outside_work(void)
{
	uint64_t now = platform_ticks();

	console_flush();
	if (!is_new && now - last_sync < platform_ticks_per_second())
		return;
	results_sync(running);
	is_new = false;
	last_sync = now;
}

void outside_visit(void)
{
	uint64_t start = platform_ticks();

	gate_relax();
	last_opening = platform_ticks();
	clock_add_outside(last_opening - start);
}

void outside_visit_when_due(void)
{
	if (platform_ticks() - last_opening >= platform_ticks_per_second() / OPENINGS_PER_SECOND ||
	    console_is_filling())
		outside_visit();
}

void outside_before_test(const char *name)
{
	scnprintf(running, sizeof(running), "%s", name);
	is_new = true;
	if (results_kept())
		outside_visit();
}

enum runner_wish outside_wish(void)
{
	return RUNNER_GO_ON;
}
