/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/types.h>

/* Time in steps of 4 ms, from an arbitrary start. */

#define HZ 250
unsigned long linux_jiffies(void);
#define jiffies linux_jiffies()
#define get_jiffies_64() ((u64)linux_jiffies())
#define MAX_SCHEDULE_TIMEOUT LONG_MAX

#define time_after(a, b) ((long)((b) - (a)) < 0)
#define time_before(a, b) time_after(b, a)
#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)
#define time_before_eq(a, b) time_after_eq(b, a)

static inline unsigned long msecs_to_jiffies(unsigned int ms)
{
	return ((unsigned long)ms * HZ + 999) / 1000;
}

static inline unsigned int jiffies_to_msecs(unsigned long steps)
{
	return (unsigned int)(steps * 1000 / HZ);
}

static inline unsigned int jiffies_to_usecs(unsigned long steps)
{
	return (unsigned int)(steps * 1000000 / HZ);
}
