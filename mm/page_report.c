/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault.h"
#include "frames.h"
#include "lib/format.h"

/* The line about an allocation that failed. */

enum { LINES_PER_SECOND = 10 };

static uint64_t window_start, window_lines, lines_left_out;
uint64_t frames_warned;

/* Whether one more line may be printed in this second. Two CPUs at once may print one too many. */
static bool line_allowed(void)
{
	uint64_t now = platform_ticks();

	if (now - __atomic_load_n(&window_start, __ATOMIC_RELAXED) >= platform_ticks_per_second()) {
		__atomic_store_n(&window_start, now, __ATOMIC_RELAXED);
		__atomic_store_n(&window_lines, 0, __ATOMIC_RELAXED);
	}
	if (__atomic_fetch_add(&window_lines, 1, __ATOMIC_RELAXED) < LINES_PER_SECOND)
		return true;
	__atomic_fetch_add(&lines_left_out, 1, __ATOMIC_RELAXED);
	return false;
}

static size_t add_zones(char *text, size_t size)
{
	size_t used = 0;

	for_each_populated_zone(zone)
	{
		used += (size_t)scnprintf(text + used, size - used, " %s/%d %llu",
					  zone_names[zone->type], zone->node,
					  (unsigned long long)zone_free(zone));
	}
	return used;
}

void warn_alloc(gfp_t gfp, uintptr_t caller, const char *format, ...)
{
	char what[96], who[64], free[96];
	uint64_t left_out;
	va_list arguments;

	if (gfp & __GFP_NOWARN || !line_allowed())
		return;
	va_start(arguments, format);
	vscnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	frames_count(&frames_warned);
	symbol_format(caller, who, sizeof(who));
	add_zones(free, sizeof(free));
	left_out = __atomic_exchange_n(&lines_left_out, 0, __ATOMIC_RELAXED);
	log_line("%s (gfp %#x, for %s); free:%s; lines left out: %llu", what, gfp, who, free,
		 (unsigned long long)left_out);
}
