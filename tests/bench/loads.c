/* SPDX-License-Identifier: BSD-2-Clause */
#include "load.h"
#include "lib/random.h"
#include "vmalloc.h"

/* The loads of vmalloc and vfree alone. */

enum {
	HOLES = 8192, /* one-page holes of full_fit: 32 MiB on one CPU */
	BUSY = 15000, /* live areas of long_busy_list */
	LONG_PAGES = 100,
	RANDOM_PAGES = 100,
	FIX_ALIGN = 32768,
	FIX_ALIGN_PAGES = 5,
};

static bool touch_and_free(uint8_t *p)
{
	if (!p)
		return false;
	*p = 1;
	vfree(p);
	return true;
}

static bool fix_size(const struct load_parameters *parameters)
{
	unsigned long size = parameters->pages << PAGE_SHIFT;
	bool good = true;

	load_working(parameters, true);
	for (uint64_t i = 0; good && i < parameters->loops; i++)
		good = touch_and_free(parameters->huge ? vmalloc_huge(size, GFP_KERNEL)
						       : vmalloc(size));
	load_working(parameters, false);
	return good;
}

/* A list of one-page areas; without memory the last ones are missing, or the list itself. */
static void **make_areas(unsigned int nr)
{
	void **areas = vzalloc(nr * sizeof(*areas));

	for (unsigned int i = 0; areas && i < nr; i++)
		areas[i] = vmalloc(PAGE_SIZE);
	return areas;
}

/*
 * Taking down is to cost the same after any number of loops, since what is the same in N and 2N is
 * taken off. It is not when more ranges come back than the caches take, unless nothing waits for a
 * flush when it begins.
 */
static void end_loops(void)
{
	vm_unmap_aliases();
}

/* Every `step`th one, from `first` on. */
static void free_areas(void **areas, unsigned int first, unsigned int step, unsigned int nr)
{
	for (unsigned int i = first; areas && i < nr; i += step) {
		vfree(areas[i]);
		areas[i] = NULL;
	}
}

static bool full_fit(const struct load_parameters *parameters)
{
	void **areas = make_areas(2 * HOLES);
	bool good = areas && areas[2 * HOLES - 1];

	free_areas(areas, 1, 2, 2 * HOLES);
	load_working(parameters, true);
	for (uint64_t i = 0; good && i < parameters->loops; i++)
		good = touch_and_free(vmalloc(PAGE_SIZE));
	load_working(parameters, false);
	end_loops();
	free_areas(areas, 0, 2, 2 * HOLES);
	vfree(areas);
	return good;
}

static bool long_and_short(void)
{
	uint8_t *large = vmalloc(LONG_PAGES * PAGE_SIZE), *small = vmalloc(PAGE_SIZE);
	bool good = large && small;

	if (good)
		*large = *small = 1;
	vfree(large);
	vfree(small);
	return good;
}

static bool long_busy_list(const struct load_parameters *parameters)
{
	void **areas = make_areas(BUSY);
	bool good = areas && areas[BUSY - 1];

	load_working(parameters, true);
	for (uint64_t i = 0; good && i < parameters->loops; i++)
		good = long_and_short();
	load_working(parameters, false);
	end_loops();
	free_areas(areas, 0, 1, BUSY);
	vfree(areas);
	return good;
}

static bool random_size(const struct load_parameters *parameters)
{
	struct random random;
	bool good = true;

	random_seed(&random, parameters->seed);
	load_working(parameters, true);
	for (uint64_t i = 0; good && i < parameters->loops; i++) {
		uint64_t pages = 1 + random_below(&random, RANDOM_PAGES);

		good = touch_and_free(vmalloc(pages << PAGE_SHIFT));
	}
	load_working(parameters, false);
	return good;
}

static void *vmalloc_aligned(unsigned long pages, unsigned long align)
{
	return __vmalloc_node(pages << PAGE_SHIFT, align, GFP_KERNEL | __GFP_ZERO, NUMA_NO_NODE,
			      __builtin_return_address(0));
}

static bool fix_align(const struct load_parameters *parameters)
{
	bool good = true;

	load_working(parameters, true);
	for (uint64_t i = 0; good && i < parameters->loops; i++) {
		void *p = vmalloc_aligned(FIX_ALIGN_PAGES, FIX_ALIGN);

		good = p != NULL;
		vfree(p);
	}
	load_working(parameters, false);
	return good;
}

static bool random_size_align(const struct load_parameters *parameters)
{
	struct random random;
	bool good = true;

	random_seed(&random, parameters->seed);
	load_working(parameters, true);
	for (uint64_t i = 0; good && i < parameters->loops; i++) {
		uint8_t byte = (uint8_t)random_next(&random);
		void *p = vmalloc_aligned(byte % 10 + 1, 1ul << byte % 23);

		good = p != NULL;
		vfree(p);
	}
	load_working(parameters, false);
	return good;
}

/* One page at every alignment that a number has room for. */
static bool align_every_shift(void)
{
	for (unsigned int shift = 0; shift < 64; shift++) {
		void *p = vmalloc_aligned(1, 1ul << shift);

		if (!p)
			return false;
		vfree(p);
	}
	return true;
}

static bool align_shift(const struct load_parameters *parameters)
{
	bool good = true;

	load_working(parameters, true);
	for (uint64_t i = 0; i < parameters->loops; i++)
		good = align_every_shift();
	load_working(parameters, false);
	return good;
}

const struct load load_fix_size = {.id = 1,
				   .name = "fix_size_alloc_test",
				   .takes_pages = true,
				   .takes_huge = true,
				   .run = fix_size};
const struct load load_full_fit = {.id = 2, .name = "full_fit_alloc_test", .run = full_fit};
const struct load load_long_busy_list = {
	.id = 4, .name = "long_busy_list_alloc_test", .run = long_busy_list};
const struct load load_random_size = {
	.id = 8, .name = "random_size_alloc_test", .run = random_size};
const struct load load_fix_align = {.id = 16, .name = "fix_align_alloc_test", .run = fix_align};
const struct load load_random_size_align = {
	.id = 32, .name = "random_size_align_alloc_test", .run = random_size_align};
const struct load load_align_shift = {
	.id = 64, .name = "align_shift_alloc_test", .meant_to_fail = true, .run = align_shift};
