/* SPDX-License-Identifier: BSD-2-Clause */
#include "clock.h"
#include "firmware.h"
#include "instructions.h"
#include "platform.h"

enum { STALL_US = 2000, ROUNDS = 10, US_PER_SECOND = 1000000 };
/*
 * The 8254 timer of every PC since 1981, and what its third channel is connected to: Intel's 8254
 * data sheet, and port 61H in any chipset's. That channel makes the speaker's tone, nothing else.
 */
enum {
	PIT_HZ = 1193182,
	PIT_TICKS = PIT_HZ / (US_PER_SECOND / STALL_US),
	PIT_CHANNEL_2 = 0x42,
	PIT_COMMAND = 0x43,
	PIT_COUNT_ONCE = 0xb0, /* channel 2, low byte then high, mode 0: its output rises at zero */
	SPEAKER_PORT = 0x61,
	SPEAKER_GATE = 1 << 0,
	SPEAKER_ON = 1 << 1,
	SPEAKER_OUTPUT = 1 << 5,
	PIT_LOOKS = 100000 /* some 0.1 s: where the timer stands still */
};
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

/* Ticks while the timer counts down once; 0: it does not count. */
static uint64_t ticks_of_pit(void)
{
	uint64_t start;

	out8(PIT_COMMAND, PIT_COUNT_ONCE);
	out8(PIT_CHANNEL_2, PIT_TICKS & 0xff);
	out8(PIT_CHANNEL_2, PIT_TICKS >> 8);
	start = read_time_stamp();
	if (in8(SPEAKER_PORT) & SPEAKER_OUTPUT)
		return 0;
	for (unsigned int i = 0; i < PIT_LOOKS; i++)
		if (in8(SPEAKER_PORT) & SPEAKER_OUTPUT)
			return read_time_stamp() - start;
	return 0;
}

/* By a timer whose rate is known; 0: there is none. */
static uint64_t rate_by_pit(void)
{
	uint8_t before = in8(SPEAKER_PORT);
	uint64_t shortest = ~(uint64_t)0;

	out8(SPEAKER_PORT, (before & ~SPEAKER_ON) | SPEAKER_GATE);
	for (int i = 0; i < ROUNDS && shortest; i++) {
		uint64_t ticks = ticks_of_pit();

		if (ticks < shortest)
			shortest = ticks;
	}
	out8(SPEAKER_PORT, before);
	return shortest / STALL_US * US_PER_SECOND;
}

static bool is_near(uint64_t one, uint64_t other)
{
	return one <= other + other / 10 && other <= one + one / 10;
}

/* U-Boot takes a time stamp for a nanosecond, whatever the CPU (seen under QEMU: 1,000 MHz where
 * there are 2,600), and stalls by that. */
static uint64_t rate_measured(void)
{
	uint64_t stall = rate_by_stall(), pit = rate_by_pit();

	return pit && !is_near(stall, pit) ? pit : stall;
}

void clock_init(void)
{
	uint64_t found = rate_by_cpuid();

	if (!found)
		found = rate_measured();
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
