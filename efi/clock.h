/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdint.h>

/*
 * The rate of the time-stamp counter: CPUID leaf 0x15 where it is complete, else measured against
 * the firmware's Stall(), which every firmware has and bounds by itself; or, where the PC's own
 * timer counts and says something else, by that. Gate open.
 */
void clock_init(void);

/* Ticks that passed while the gate was open, since it closed first; platform_relax() counts. */
void clock_add_outside(uint64_t ticks);
uint64_t clock_ticks_outside(void);
