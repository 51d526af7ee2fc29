/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "layout.h"
#include "vmalloc.h"

/* For tests that look at where areas come to lie: a part of the region for themselves. */

enum { HERE = 64 }; /* pages of the window that most tests need */

/* A window far from everything else, so that what other tests cache does not matter. */
static inline uintptr_t window(void)
{
	return VMALLOC_START + ((VMALLOC_END - VMALLOC_START) / 2 & ~(PUD_SIZE - 1));
}

static inline void *place_in(size_t pages, uintptr_t start, uintptr_t end, unsigned long flags,
			     enum vmap_place place)
{
	return __vmalloc_node_range_place(pages * PAGE_SIZE, PAGE_SIZE, start, end,
					  GFP_KERNEL | __GFP_NOWARN, PAGE_KERNEL, flags,
					  NUMA_NO_NODE, __builtin_return_address(0), place);
}

static inline void *get(size_t pages)
{
	return place_in(pages, window(), window() + HERE * PAGE_SIZE, 0, PLACE_LOWEST);
}
