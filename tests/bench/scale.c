/* SPDX-License-Identifier: BSD-2-Clause */
#include "measure.h"
#include "lib/format.h"
#include "lib/random.h"
#include "mm.h"
#include "page_alloc.h"
#include "test.h"
#include "vmalloc.h"

/*
 * What a call costs with many live areas of one page, and what memory they take. Four costs: of one
 * more area (from an empty cache: the tree), of a vmalloc and vfree pair, of a pair that the caches
 * of ready ranges do not serve, and of replacing an old area, drawn at random, by a new one.
 */

enum { PAIRS = 10000, GROWTH = 1000, BYTES_PER_AREA = PAGE_SIZE + 256 };

struct crowd {
	void **areas;
	uint64_t nr, room;
	uint64_t frames_before, tables_before, ranges_before;
};

static void grow(struct crowd *crowd, uint64_t to)
{
	while (crowd->nr < to) {
		void *p = vmalloc(PAGE_SIZE);

		require(p != NULL);
		crowd->areas[crowd->nr++] = p;
	}
}

static uint64_t pairs_cost(void)
{
	uint64_t start = measure_now();

	for (unsigned int i = 0; i < PAIRS; i++)
		vfree(vmalloc(PAGE_SIZE));
	return (measure_now() - start) / PAIRS;
}

static uint64_t replacement_cost(struct crowd *crowd, struct random *random)
{
	uint64_t start = measure_now();

	for (unsigned int i = 0; i < PAIRS; i++) {
		void **area = &crowd->areas[random_below(random, crowd->nr)];

		vfree(*area);
		*area = vmalloc(PAGE_SIZE);
	}
	return (measure_now() - start) / PAIRS;
}

static uint64_t uncached_cost(void)
{
	uint64_t cost;

	vmap_area_set_cache(false);
	cost = pairs_cost();
	vmap_area_set_cache(true);
	return cost;
}

static uint64_t growth_cost(struct crowd *crowd)
{
	uint64_t start = measure_now();

	grow(crowd, crowd->nr + GROWTH);
	return (measure_now() - start) / GROWTH;
}

/* Ranges that have a descriptor: areas, and the holes between them. */
static uint64_t nr_ranges(void)
{
	struct vmap_area_stats stats;

	vmap_area_get_stats(&stats);
	return stats.descriptors;
}

/* Frames that the areas take beside those that they are made of, and which of these are tables. */
static void print_memory(const struct crowd *crowd)
{
	uint64_t tables, frames, ranges;

	mm_quiesce();
	tables = space_nr_tables() - crowd->tables_before;
	ranges = nr_ranges() - crowd->ranges_before;
	frames = crowd->frames_before - nr_free_pages() - crowd->nr - tables;
	log_line("memory areas=%llu holes=%llu descriptor_bytes=%llu table_bytes=%llu",
		 (unsigned long long)crowd->nr, (unsigned long long)(ranges - crowd->nr),
		 (unsigned long long)((frames << PAGE_SHIFT) / ranges),
		 (unsigned long long)((tables << PAGE_SHIFT) / crowd->nr));
}

static void measure_crowd(struct crowd *crowd, uint64_t nr, struct random *random)
{
	uint64_t growth, pair, uncached, replacement;

	grow(crowd, nr - GROWTH);
	growth = growth_cost(crowd);
	print_memory(crowd);
	pairs_cost();
	pair = pairs_cost();
	uncached = uncached_cost();
	replacement = replacement_cost(crowd, random);
	log_line("scale areas=%llu unit=%s growth=%llu pair=%llu uncached=%llu replacement=%llu",
		 (unsigned long long)nr, measure_unit(), (unsigned long long)growth,
		 (unsigned long long)pair, (unsigned long long)uncached,
		 (unsigned long long)replacement);
}

TEST_FLAGS(scale, areas, "the cost of a call hardly depends on how many areas there are",
	   TEST_BENCH)
{
	struct crowd crowd = {.room = 1000000};
	struct random random;

	random_seed(&random, test_random());
	while (crowd.room > 1000 && crowd.room > nr_free_pages() / BYTES_PER_AREA * PAGE_SIZE)
		crowd.room /= 10;
	crowd.areas = vmalloc_array(crowd.room, sizeof(*crowd.areas));
	require(crowd.areas != NULL);
	mm_quiesce();
	crowd.frames_before = nr_free_pages();
	crowd.tables_before = space_nr_tables();
	crowd.ranges_before = nr_ranges();
	measure_init();
	for (uint64_t nr = 1000; nr <= crowd.room; nr *= 10)
		measure_crowd(&crowd, nr, &random);
	if (crowd.room < 1000000)
		log_line("no memory for more than %llu areas", (unsigned long long)crowd.room);
	while (crowd.nr > 0)
		vfree(crowd.areas[--crowd.nr]);
	vfree(crowd.areas);
	measure_exit();
}
