/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * Draws the run's seed: EFI_RNG_PROTOCOL, RDSEED, RDRAND and time stamps, mixed, whichever are
 * there. The names of those that gave something are written into `sources`. Gate open.
 */
uint64_t entropy_seed(char *sources, size_t size);
