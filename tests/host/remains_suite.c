/* SPDX-License-Identifier: BSD-2-Clause */
#include "apart.h"
#include "area_cache.h"
#include "fault.h"
#include "frames.h"
#include "host_log.h"
#include "lib/format.h"
#include "machine.h"
#include "memblock.h"
#include "mm.h"
#include "percpu_alloc.h"
#include "scarce.h"
#include "slab.h"
#include "test.h"
#include "vmalloc.h"

/* What remains when mm/ ends, or has no memory: in a copy of the process. */

/* Free frames become ones that were never handed out, every fourth; with something in them. */
static void make_holes(void)
{
	size_t nr;
	const struct memory_range *ranges = memblock_ranges(&nr);

	for (size_t i = 0; i < nr; i++)
		for (uint64_t pfn = ranges[i].start >> PAGE_SHIFT;
		     pfn < ranges[i].end >> PAGE_SHIFT; pfn++) {
			if (frame_words[pfn] & FRAME_ALLOCATED)
				continue;
			frame_words[pfn] = pfn % 4 ? FRAME_EVER : 0;
			if (pfn % 4 == 0)
				memset(machine_memory() + (pfn << PAGE_SHIFT), 0x5a, PAGE_SIZE);
		}
}

static uint64_t count_dirty(const struct phys_range *range)
{
	uint64_t dirty = 0;

	for (phys_addr_t at = range->start; at < range->end; at += PAGE_SIZE)
		dirty += machine_memory()[at + 7] != 0;
	return dirty;
}

static void end_with_holes(void)
{
	const struct phys_range *ranges;
	uint64_t left_out, dirty = 0, long_ones = 0;
	size_t nr;

	drain_all_pages();
	make_holes();
	host_log_hush(true);
	mm_exit();
	host_log_hush(false);
	page_offset_base = (uintptr_t)machine_memory();
	machine_leave();
	mm_clear_rest();
	ranges = mm_handed_out(&nr, &left_out);
	for (size_t i = 0; i < nr; i++) {
		dirty += count_dirty(&ranges[i]);
		long_ones += ranges[i].end - ranges[i].start > 100 * PAGE_SIZE;
	}
	log_line("%d ranges, %s of them long, %lu frames left out, %lu not clear", nr > 1000,
		 long_ones ? "some" : "none", left_out, dirty);
}

TEST(scarce, holes,
     "where more runs were handed out than can be noted, what lies between is cleared")
{
	int status;

	expect_string(apart(end_with_holes, &status),
		      "# 1 ranges, some of them long, 0 frames left out, 0 not clear\n");
	expect_equal(status, 0);
}

static void describe_after_end(void)
{
	char words[120];

	host_log_hush(true);
	vmalloc_exit();
	host_log_hush(false);
	fault_describe(VMALLOC_END - PAGE_SIZE, words, sizeof(words));
	log_line("%s", words);
}

TEST(scarce, described, "after the end of vmalloc the region's addresses are told without areas")
{
	int status;

	expect_string(apart(describe_after_end, &status),
		      "# in the vmalloc region, in no area, not mapped\n");
	expect_equal(status, 0);
}

/* What each CPU keeps, in whole blocks; and some for tables and descriptors. */
static uint64_t most_to_start(void)
{
	uint64_t bytes = sizeof(struct area_cpu) + HISTORY_LENGTH * sizeof(struct freed_area);

	return platform_nr_cpus() * (bytes / PAGE_SIZE + 2) + 64;
}

/* Early areas, which are mapped still, lie lowest. */
static void start_and_end(void)
{
	struct mm_options options = {.seed = 7, .place = PLACE_TOP};
	uint64_t objects, frames;

	host_log_hush(true);
	vmalloc_exit();
	host_log_hush(false);
	mm_quiesce();
	objects = slab_nr_objects();
	frames = nr_free_pages();
	log_line("%d", vmalloc_init(&options));
	log_line("%s", frames - nr_free_pages() <= most_to_start() ? "in bounds" : "too much");
	log_line("%s", vmalloc(600 * PAGE_SIZE) ? "an area" : "none");
	host_log_hush(true);
	vmalloc_exit();
	host_log_hush(false);
	log_line("%lu more", slab_nr_objects() - objects);
}

TEST(scarce, started, "vmalloc takes what it needs to start; no list of an area outlives it")
{
	int status;

	expect_string(apart(start_and_end, &status), "# 0\n# in bounds\n# an area\n# 0 more\n");
	expect_equal(status, 0);
}

/* How many frames are free between an end of vmalloc and the next start. */
static uint64_t end_and_start(void)
{
	struct mm_options options = {.seed = 7};
	uint64_t frames;

	vmalloc_exit();
	slab_quiesce();
	frames = nr_free_pages();
	vmalloc_init(&options);
	return frames;
}

static void end_with_frees_put_off(void)
{
	uint64_t before;

	host_log_hush(true);
	end_and_start(); /* with what the run began with */
	before = end_and_start();
	vfree_atomic(vmalloc(20 * PAGE_SIZE));
	free_percpu(__alloc_percpu(PAGE_SIZE, 8));
	host_log_hush(false);
	log_line("%ld frames are lost", (long)(before - end_and_start()));
}

TEST(scarce, put_off, "the end of vmalloc frees what was put off, and per-CPU memory not in use")
{
	int status;

	expect_string(apart(end_with_frees_put_off, &status), "# 0 frames are lost\n");
	expect_equal(status, 0);
}

static void percpu_of_none(void)
{
	void *first;

	take_all_frames();
	host_log_hush(true);
	while ((first = __alloc_percpu(PERCPU_UNIT_BYTES, 8)))
		;
	host_log_hush(false);
	log_line("%s", mm_check() ? "unsound" : "sound");
}

TEST(scarce, percpu,
     "without a frame there is no further chunk of per-CPU memory, and none is lost")
{
	int status;

	expect_string(apart(percpu_of_none, &status), "# sound\n");
	expect_equal(status, 0);
}

enum { NR_OBJECTS = 700 };

/* CPU 1 is inside and does nothing meanwhile: what is closed waits for it. */
static void defer_many(void)
{
	uint64_t objects, waiting;

	slab_quiesce();
	objects = slab_nr_objects();
	machine_become(1);
	machine_enter(machine_cpu(0)->mmu.cr3);
	machine_become(0);
	for (unsigned int i = 0; i < NR_OBJECTS; i++)
		kvfree_rcu_mightsleep(kmalloc(64, GFP_KERNEL));
	waiting = kvfree_rcu_pending();
	machine_become(1);
	machine_leave();
	machine_become(0);
	kvfree_rcu_barrier();
	slab_quiesce();
	log_line("%lu waited, then %lu; %lu objects more", waiting, kvfree_rcu_pending(),
		 slab_nr_objects() - objects);
}

TEST(scarce, grace, "the barrier frees the batch that waits for a CPU, and the one after it")
{
	int status;

	if (platform_nr_cpus() < 2)
		test_skip("one CPU");
	expect_string(apart(defer_many, &status), "# 700 waited, then 0; 0 objects more\n");
	expect_equal(status, 0);
}
