/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/random.h"

/*
 * The loads: what Linux's lib/test_vmalloc.c does, with its ids and names, written anew over the
 * public calls. A load makes what it needs, does its work `loops` times, and leaves nothing behind.
 */

struct load_parameters {
	uint64_t loops;
	uint64_t seed;	/* of what is random in it: the same seed, the same numbers */
	uint64_t pages; /* of one allocation or mapping, where the load takes it; at least 1 */
	bool huge;	/* vmalloc_huge() in the place of vmalloc(), where the load takes it */
	/* Told when what the load needs is there and its loops begin, and when they have ended.
	 * NULL: nobody wants to know. */
	void (*working)(bool begins);
};

static inline void load_working(const struct load_parameters *parameters, bool begins)
{
	if (parameters->working)
		parameters->working(begins);
}

struct load {
	unsigned int id;
	const char *name; /* as Linux's module prints it */
	bool takes_pages, takes_huge;
	bool meant_to_fail;
	/* Whether all calls did what they should. */
	bool (*run)(const struct load_parameters *parameters);
};

extern const struct load load_fix_size, load_full_fit, load_long_busy_list, load_random_size,
	load_fix_align, load_random_size_align, load_align_shift, load_pcpu, load_kvfree_rcu_1_arg,
	load_kvfree_rcu_2_arg, load_vm_map_ram;
