/* SPDX-License-Identifier: BSD-2-Clause */
#include "load.h"
#include "percpu_alloc.h"
#include "vmalloc.h"

/* The load of per-CPU allocations: all are made, then all are freed. */

static void *random_percpu(struct random *random)
{
	size_t size = 1 + random_below(random, PAGE_SIZE / 4);
	size_t align = (size_t)2 << random_below(random, 11);

	return __alloc_percpu(size, align);
}

static bool pcpu_alloc(const struct load_parameters *parameters)
{
	void **all = vcalloc(parameters->loops, sizeof(*all));
	bool good = all != NULL;
	struct random random;

	random_seed(&random, parameters->seed);
	load_working(parameters, true);
	for (uint64_t i = 0; all && i < parameters->loops; i++) {
		all[i] = random_percpu(&random);
		good &= all[i] != NULL;
	}
	for (uint64_t i = 0; all && i < parameters->loops; i++)
		free_percpu(all[i]);
	load_working(parameters, false);
	vfree(all);
	return good;
}

const struct load load_pcpu = {.id = 128, .name = "pcpu_alloc_test", .run = pcpu_alloc};
