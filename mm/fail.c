/* SPDX-License-Identifier: BSD-2-Clause */
#include "fail.h"

const char *const fail_point_names[NR_FAIL_POINTS] = {
	[FAIL_FRAME] = "frame",
	[FAIL_TABLE] = "table page",
	[FAIL_SLAB_OBJECT] = "slab object",
	[FAIL_ADDRESS_SPACE] = "address space",
};

bool fail_armed;

static uint64_t fail_nth, counted_all, counted[NR_FAIL_POINTS];
static unsigned int fail_points;
static bool failed_once;

void fail_arm(uint64_t nth, unsigned int points)
{
	fail_nth = nth;
	fail_points = points;
	counted_all = 0;
	failed_once = false;
	for (unsigned int i = 0; i < NR_FAIL_POINTS; i++)
		counted[i] = 0;
	__atomic_store_n(&fail_armed, true, __ATOMIC_RELEASE);
	__atomic_fetch_or(&mm_slow_reasons, SLOW_FAIL, __ATOMIC_RELEASE);
}

bool fail_disarm(void)
{
	__atomic_fetch_and(&mm_slow_reasons, ~(uint32_t)SLOW_FAIL, __ATOMIC_RELEASE);
	__atomic_store_n(&fail_armed, false, __ATOMIC_RELEASE);
	return failed_once;
}

uint64_t fail_counted(enum fail_point point)
{
	return __atomic_load_n(&counted[point], __ATOMIC_RELAXED);
}

bool fail_count(enum fail_point point)
{
	__atomic_fetch_add(&counted[point], 1, __ATOMIC_RELAXED);
	if (!(fail_points & 1u << point))
		return false;
	if (__atomic_add_fetch(&counted_all, 1, __ATOMIC_RELAXED) != fail_nth)
		return false;
	failed_once = true;
	return true;
}
