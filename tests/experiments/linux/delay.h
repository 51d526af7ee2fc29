/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/sched.h>

/* Waiting for a time: sleeping lets the others run, delaying does not. */

void msleep(unsigned int ms);
void usleep_range(unsigned long least, unsigned long most);
void udelay(unsigned long us);
void ndelay(unsigned long ns);
#define mdelay(ms) udelay((unsigned long)(ms)*1000)
#define ssleep(seconds) msleep((seconds)*1000)
#define fsleep(us) usleep_range(us, us)
#define msleep_interruptible(ms) (msleep(ms), 0ul)
#define cpu_relax() platform_pause()
