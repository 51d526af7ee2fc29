/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/types.h>

/* The time stamp. */

typedef unsigned long long cycles_t;
#define get_cycles() ((cycles_t)platform_ticks())
#define rdtsc() get_cycles()
#define rdtsc_ordered() get_cycles()
#define random_get_entropy() ((unsigned long)platform_ticks())
