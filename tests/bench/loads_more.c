/* SPDX-License-Identifier: BSD-2-Clause */
#include "load.h"
#include "slab.h"
#include "test.h"
#include "vmalloc.h"

/* The loads of what stands on vmalloc: freeing after a grace period, short-lived maps. */

struct grace_object {
	struct rcu_head rcu;
	uint8_t bytes[20];
};

static bool kvfree_rcu_1_arg(const struct load_parameters *parameters)
{
	struct grace_object *p = NULL;

	load_working(parameters, true);
	for (uint64_t i = 0; i < parameters->loops; i++) {
		p = vmalloc(PAGE_SIZE);
		if (!p)
			break;
		p->bytes[0] = 'a';
		kvfree_rcu_mightsleep(p);
	}
	kvfree_rcu_barrier();
	load_working(parameters, false);
	return p != NULL;
}

static bool kvfree_rcu_2_arg(const struct load_parameters *parameters)
{
	struct grace_object *p = NULL;

	load_working(parameters, true);
	for (uint64_t i = 0; i < parameters->loops; i++) {
		p = vmalloc(PAGE_SIZE);
		if (!p)
			break;
		p->bytes[0] = 'a';
		kvfree_rcu(p, rcu);
	}
	kvfree_rcu_barrier();
	load_working(parameters, false);
	return p != NULL;
}

const struct load load_kvfree_rcu_1_arg = {
	.id = 256, .name = "kvfree_rcu_1_arg_vmalloc_test", .run = kvfree_rcu_1_arg};
const struct load load_kvfree_rcu_2_arg = {
	.id = 512, .name = "kvfree_rcu_2_arg_vmalloc_test", .run = kvfree_rcu_2_arg};
