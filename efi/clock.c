/* SPDX-License-Identifier: BSD-2-Clause */
#include "clock.h"
#include "firmware.h"
#include "instructions.h"
#include "platform.h"

enum { STALL_US = 2000, ROUNDS = 10, US_PER_SECOND = 1000000 };
#define RATE_MIN ((uint64_t)1000000)
#define RATE_MAX ((uint64_t)100000000000)
/* What is taken when nothing sensible can be measured: intervals are wrong then, results are not.
 */
#define RATE_FALLBACK ((uint64_t)1000000000)

static uint64_t rate = RATE_FALLBACK, outside;

/* Crystal frequency times ratio (Intel SDM vol. 2A, CPUID leaf 15H); 0: not said. */
static uint64_t rate_by_cpuid(void)
{
	struct cpuid leaf;

	if (cpuid(0, 0).eax < 0x15)
		return 0;
	leaf = cpuid(0x15, 0);
	if (!leaf.eax || !leaf.ebx || !leaf.ecx)
		return 0;
	return (uint64_t)leaf.ecx * leaf.ebx / leaf.eax;
}

/* The shortest of a few: interrupts and the firmware's own work only make it longer. */
static uint64_t rate_by_stall(void)
{
	uint64_t shortest = ~(uint64_t)0;

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t start = read_time_stamp(), ticks;

		efi_call(firmware.boot, Stall, STALL_US);
		ticks = read_time_stamp() - start;
		if (ticks < shortest)
			shortest = ticks;
	}
	return shortest / STALL_US * US_PER_SECOND;
}

void clock_init(void)
{
	uint64_t found = rate_by_cpuid();

	if (!found)
		found = rate_by_stall();
	if (found >= RATE_MIN && found <= RATE_MAX)
		rate = found;
}

void clock_add_outside(uint64_t ticks)
{
	outside += ticks;
}

uint64_t clock_ticks_outside(void)
{
	return outside;
}

uint64_t platform_ticks(void)
{
	return read_time_stamp();
}

uint64_t platform_ticks_per_second(void)
{
	return rate;
}
