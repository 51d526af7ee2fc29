/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "options.h"
#include "runner.h"

/* What the runner is told out of a run's options: the same on the machine and on the host. */
static inline struct runner_options runner_options_of(const struct options *options)
{
	return (struct runner_options){
		.select = options->soak ? "mm_random.soak" : options->test,
		.seed = options->seed,
		.soak = options->soak,
		.own_options = options->own,
		.smoke = options->group == GROUP_SMOKE,
		.shuffled = options->order == ORDER_SHUFFLED,
		.fail_fast = options->failfast,
		.repeat = options->repeat,
		.repeat_seconds = options->repeat_seconds,
		.after = options->after,
		.bench = {.on = options->bench,
			  .loops = options->loops,
			  .pages = options->pages,
			  .workers = options->workers,
			  .huge = options->huge},
	};
}
