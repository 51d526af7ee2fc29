/* SPDX-License-Identifier: BSD-2-Clause */
#include "leaks.h"
#include "state.h"

static struct mm_usage usage;

void leaks_start(void)
{
	mm_quiesce();
	mm_get_usage(&usage);
}

static bool check_structures(void)
{
	const char *problem = mm_check();

	if (!problem && runner_options.check)
		problem = runner_options.check();
	if (problem)
		test_fail("check: %s", problem);
	return !problem;
}

/* `rises`: a leak makes this count larger. */
static void compare(const char *what, uint64_t before, uint64_t after, bool rises)
{
	uint64_t difference = after > before ? after - before : before - after;

	if (difference && test_state.skipped_by_key)
		test_note("left behind: %llu %s", (unsigned long long)difference, what);
	else if (difference)
		test_fail("%s %llu %s (%llu before, %llu after)",
			  (after > before) == rises ? "leaked" : "freed too much:",
			  (unsigned long long)difference, what, (unsigned long long)before,
			  (unsigned long long)after);
}

static void compare_usage(void)
{
	struct mm_usage before = usage;

	mm_get_usage(&usage);
	compare("frames", before.free_frames, usage.free_frames, false);
	compare("page tables", before.tables, usage.tables, true);
	compare("slab objects", before.slab_objects, usage.slab_objects, true);
	compare("areas", before.areas, usage.areas, true);
	compare("pages of areas", before.area_pages, usage.area_pages, true);
}

bool leaks_check(void)
{
	bool whole;

	mm_quiesce();
	whole = check_structures();
	compare_usage();
	return whole;
}
