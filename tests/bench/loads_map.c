/* SPDX-License-Identifier: BSD-2-Clause */
#include "load.h"
#include "page_alloc.h"
#include "slab.h"
#include "vm_map_ram.h"

/* The load of short-lived maps. */

static bool map_and_unmap(struct page **pages, unsigned int nr, uint64_t loops)
{
	for (uint64_t i = 0; i < loops; i++) {
		uint8_t *p = vm_map_ram(pages, nr, NUMA_NO_NODE);

		if (!p)
			return false;
		*p = 'a';
		vm_unmap_ram(p, nr);
	}
	return true;
}

static bool vm_map_ram_load(const struct load_parameters *parameters)
{
	unsigned int nr = (unsigned int)parameters->pages;
	struct page **pages = kcalloc(nr, sizeof(*pages), GFP_KERNEL);
	unsigned long got = pages ? alloc_pages_bulk_array(GFP_KERNEL, nr, pages) : 0;
	bool good = got == nr;

	load_working(parameters, true);
	good = good && map_and_unmap(pages, nr, parameters->loops);
	load_working(parameters, false);
	if (got)
		free_pages_bulk(got, pages);
	kfree(pages);
	return good;
}

const struct load load_vm_map_ram = {
	.id = 1024, .name = "vm_map_ram_test", .takes_pages = true, .run = vm_map_ram_load};
