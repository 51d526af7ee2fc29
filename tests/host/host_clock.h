/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdint.h>

/*
 * From here on platform_ticks() goes `times` as fast as real time: for tests of how long something
 * waits. 1: as ever; 0: it stands still. Set while no other CPU asks.
 */
void host_clock_rate(uint64_t times);
