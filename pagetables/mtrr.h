/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "levels.h"
#include "platform.h"

/*
 * Memory types by physical address, as the firmware set them (Intel SDM vol. 3A, 12.11). We never
 * write an MTRR. A large leaf over ranges of different type has undefined effects (12.11.9), so it
 * is asked here before one is made.
 */

/* Above it no large leaf of that level meets two types; index: level. */
extern phys_addr_t mtrr_plain_above[LEVEL_PUD + 1] __attribute__((visibility("hidden")));

/* Reads the registers of this CPU (firmware sets all CPUs alike). Without MTRRs all is one type. */
void mtrr_init(void);
/* Whether a leaf of `size` bytes at `phys`, which is aligned to it, is of one type. */
bool mtrr_is_uniform(phys_addr_t phys, size_t size);

static inline bool mtrr_leaf_is_uniform(phys_addr_t phys, unsigned int level)
{
	return phys >= mtrr_plain_above[level] || mtrr_is_uniform(phys, level_size(level));
}
