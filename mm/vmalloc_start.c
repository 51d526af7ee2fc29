/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/errno.h"
#include "percpu_alloc.h"
#include "purge.h"
#include "tlb.h"
#include "vm_area.h"

/* The vmalloc family as a whole: start, end, quiet, checks, counts. */

enum { GUARD_MAX = 17 };

/* What page_alloc calls when memory is short: tables and descriptors that only wait for use. */
static unsigned long reclaim(void)
{
	uint64_t before = space_nr_tables();

	if (!vmap_area_is_up())
		return 0;
	vm_drain_deferred();
	purge_all(false);
	return before > space_nr_tables() ? before - space_nr_tables() : 0;
}

static struct reclaim_hook hook = {.name = "vmalloc", .reclaim = reclaim};

/* Both stay registered, also when vmalloc is started again. */
static void register_once(void)
{
	static bool registered;

	if (!registered) {
		register_reclaim_hook(&hook);
		fault_add_describer(vm_describe);
	}
	registered = true;
}

int vmalloc_init(const struct mm_options *options)
{
	struct vmap_area_options areas = {.seed = options->seed,
					  .lazy_max = options->lazy_max,
					  .quarantine = options->quarantine,
					  .guard = options->guard ? options->guard : 1,
					  .place = (enum vmap_place)options->place,
					  .no_cache = options->no_cache};
	int error;

	if (areas.guard > GUARD_MAX || areas.place >= NR_PLACES)
		return -EINVAL;
	if (options->debug_pagealloc)
		areas.lazy_max = 1;
	error = vmap_area_init(&areas);
	if (error)
		return error;
	if (!vm_import_early()) {
		vmap_area_exit();
		return -ENOMEM;
	}
	register_once();
	return 0;
}

void vmalloc_exit(void)
{
	vmalloc_quiesce();
	vmap_area_exit();
	vm_forget_early();
}

void vmalloc_quiesce(void)
{
	if (!vmap_area_is_up())
		return;
	vm_drain_deferred_all();
	percpu_drain();
	vmap_area_quiesce();
}

void vm_unmap_aliases(void)
{
	if (!vmap_area_is_up() || !vm_may_wait("vm_unmap_aliases", GFP_KERNEL, CALLER_OF_THIS))
		return;
	vm_drain_deferred_all();
	purge_lazy();
}

const char *vmalloc_check(void)
{
	const char *problem = vmap_area_check();

	return problem ? problem : vm_map_ram_check();
}

void vmalloc_get_usage(uint64_t *areas, uint64_t *area_pages)
{
	struct vmap_area_stats stats;

	vmap_area_get_stats(&stats);
	*areas = stats.areas;
	*area_pages = stats.pages;
}
