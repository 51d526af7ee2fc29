/* SPDX-License-Identifier: BSD-2-Clause */
#include "outside.h"
#include "clock.h"
#include "console.h"
#include "gate.h"
#include "keys.h"
#include "lib/format.h"
#include "lib/string.h"
#include "platform.h"
#include "results.h"
#include "screen.h"

/* So often the gate opens, if anybody asks: the firmware's timers stand still in between. */
enum {
	OPENINGS_PER_SECOND = 10,
	STATUS_PER_SECOND = 4,
	NAME_MAX = 96,
	PAUSE_SECONDS = 3600,
	LEFT_MAX = 40
};

static char running[NAME_MAX]; /* in the image: both sides see it */
static bool is_new;	       /* the stick does not know it yet */
static uint64_t last_opening, last_sync, last_status, tests_began;
static enum runner_wish wish;

static unsigned long long seconds_of(uint64_t ticks)
{
	return ticks / platform_ticks_per_second();
}

/* Shown where there is room for it behind the rest. */
#define KEYS "   (p)ause (s)kip (q)uit (d)etails "

/* What remains of the time that was asked for, or if the tests that come take as long as those that
 * were; before the first one nobody knows. */
static void format_left(char *text, size_t size, const struct runner_result *result,
			unsigned int done, uint64_t elapsed)
{
	unsigned long long wanted = runner_seconds_wanted(), passed = seconds_of(elapsed);
	unsigned int left = result->planned > done ? result->planned - done : 0;

	text[0] = '\0';
	if (wanted)
		scnprintf(text, size, ", %llus left", wanted > passed ? wanted - passed : 0);
	else if (done)
		scnprintf(text, size, ", %llus left", seconds_of(elapsed / done * left));
}

static void format_status(char *text, size_t size, const struct runner_result *result,
			  uint64_t elapsed)
{
	unsigned int done = result->passed + result->failed + result->skipped;
	char left[LEFT_MAX];

	format_left(left, sizeof(left), result, done, elapsed);
	scnprintf(text, size, " %u/%u: %u passed, %u failed, %u skipped  %llus%s  %s", done,
		  result->planned, result->passed, result->failed, result->skipped,
		  seconds_of(elapsed), left, running);
	if (strlen(text) + sizeof(KEYS) < screen_columns())
		memcpy(text + strlen(text), KEYS, sizeof(KEYS));
}

static void show_status(bool always)
{
	const struct runner_result *result = runner_now();
	uint64_t now = platform_ticks();
	char text[PLATFORM_LINE_MAX];

	if (!result || !running[0] ||
	    (!always && now - last_status < platform_ticks_per_second() / STATUS_PER_SECOND))
		return;
	last_status = now;
	format_status(text, sizeof(text), result, now - tests_began);
	screen_status(text);
}

static void toggle_details(void)
{
	screen_set_verbosity(screen_verbosity() == VERBOSITY_DETAILS ? VERBOSITY_NORMAL
								     : VERBOSITY_DETAILS);
}

static void obey(int key)
{
	if (key == 's' || key == 'S')
		wish = RUNNER_SKIP;
	else if (key == 'q' || key == 'Q' || key == KEY_ESCAPE)
		wish = RUNNER_STOP;
	else if (key == 'd' || key == 'D')
		toggle_details();
}

/* The key that ends it counts as one pressed in the run, so (s) skips the test that comes. */
static void pause_run(void)
{
	int key;

	screen_status(" paused: any key goes on   (s)kip (q)uit (d)etails");
	key = key_wait(PAUSE_SECONDS);
	obey(key);
	show_status(true);
}

static void look_at_keyboard(void)
{
	int key = key_poll();

	if (key == 'p' || key == 'P' || key == ' ')
		pause_run();
	else
		obey(key);
}

void outside_work(void)
{
	uint64_t now = platform_ticks();

	console_flush();
	if (running[0])
		look_at_keyboard();
	show_status(!screen_has_status());
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
	if (!tests_began)
		tests_began = platform_ticks();
	scnprintf(running, sizeof(running), "%s", name);
	is_new = true;
	if (results_kept())
		outside_visit();
}

enum runner_wish outside_wish(void)
{
	enum runner_wish wished = wish;

	if (wish == RUNNER_SKIP)
		wish = RUNNER_GO_ON;
	return wished;
}
