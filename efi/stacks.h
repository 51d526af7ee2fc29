/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdint.h>
#include "levels.h"

/*
 * The stacks that the CPUs run on inside the gate: areas of the vmalloc region from before there is
 * a vmalloc. Before and behind each there are guards, as with every area.
 */

#define RUN_STACK_BYTES (16 * PAGE_SIZE)

/* One for each CPU, from memblock, while the tables are built. 0, or -ENOMEM. Gate open. */
int stacks_map(void);
/* Where the stack of `cpu` begins to grow down from, as our tables and the firmware's map it. */
uintptr_t stack_top(unsigned int cpu);
uint64_t *stack_top_now(unsigned int cpu);
