/* SPDX-License-Identifier: BSD-2-Clause */
#include "fail.h"

const char *const fail_point_names[NR_FAIL_POINTS] = {
	[FAIL_EARLY] = "early memory",
	[FAIL_FRAME] = "frame",
	[FAIL_TABLE] = "table page",
	[FAIL_SLAB_OBJECT] = "slab object",
	[FAIL_ADDRESS_SPACE] = "address space",
};

bool fail_armed;

static uint64_t fail_first, fail_second, counted_all, counted[NR_FAIL_POINTS];
static unsigned int fail_points, nr_failed;

void fail_arm_pair(uint64_t first, uint64_t second, unsigned int points)
{
	fail_first = first;
	fail_second = second;
	fail_points = points;
	counted_all = 0;
	nr_failed = 0;
	for (unsigned int i = 0; i < NR_FAIL_POINTS; i++)
		counted[i] = 0;
	__atomic_store_n(&fail_armed, true, __ATOMIC_RELEASE);
	mm_slow_begin(SLOW_FAIL);
}

void fail_arm(uint64_t nth, unsigned int points)
{
	fail_arm_pair(nth, 0, points);
}

unsigned int fail_disarm(void)
{
	mm_slow_end(SLOW_FAIL);
	__atomic_store_n(&fail_armed, false, __ATOMIC_RELEASE);
	return __atomic_load_n(&nr_failed, __ATOMIC_RELAXED);
}

uint64_t fail_counted(enum fail_point point)
{
	return __atomic_load_n(&counted[point], __ATOMIC_RELAXED);
}

bool fail_count(struct fail_place *place)
{
	uint64_t nth;

	__atomic_fetch_add(&counted[place->point], 1, __ATOMIC_RELAXED);
	if (!(fail_points & 1u << place->point))
		return false;
	nth = __atomic_add_fetch(&counted_all, 1, __ATOMIC_RELAXED);
	if (nth != fail_first && nth != fail_second)
		return false;
	__atomic_fetch_add(&place->failed, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&nr_failed, 1, __ATOMIC_RELAXED);
	return true;
}
