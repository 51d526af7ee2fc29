/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "free_space.h"
#include "mm.h"
#include "options.h"

/* What mm is told out of a run's options: the same on the machine and on the host. */
static inline struct mm_options mm_options_of(const struct options *options)
{
	static const enum vmap_place places[] = {
		[PLACEMENT_LOWEST] = PLACE_LOWEST,
		[PLACEMENT_RANDOM] = PLACE_RANDOM,
		[PLACEMENT_BEST] = PLACE_BEST,
		[PLACEMENT_TOP] = PLACE_TOP,
	};

	return (struct mm_options){
		.seed = options->seed,
		.lazy_max = options->lazy_max,
		.guard = (unsigned int)options->guard,
		.quarantine = options->quarantine,
		.poison = options->poison,
		.debug_pagealloc = options->debug == DEBUG_PAGEALLOC,
		.place = places[options->place],
		.no_cache = !options->cache,
	};
}

/* The level of the largest leaves of the direct map. */
static inline unsigned int direct_map_level(const struct options *options)
{
	if (options->debug == DEBUG_PAGEALLOC)
		return LEVEL_PTE;
	return platform_cpu_features()->gib_leaves ? LEVEL_PUD : LEVEL_PMD;
}
