/* SPDX-License-Identifier: BSD-2-Clause */
#include "inside.h"
#include "clock.h"
#include "console.h"
#include "cpu_features.h"
#include "cpus.h"
#include "crew.h"
#include "crew_watch.h"
#include "fail.h"
#include "fault.h"
#include "gate.h"
#include "image.h"
#include "lib/errno.h"
#include "lib/random.h"
#include "memblock.h"
#include "memory_map.h"
#include "memory_proof.h"
#include "mm_options.h"
#include "runner_options.h"
#include "nodes.h"
#include "outside.h"
#include "page_alloc.h"
#include "space.h"
#include "stacks.h"
#include "stop.h"
#include "tlb.h"
#include "vmalloc.h"

/* The lists of what was taken, in the forms that mm and pagetables want. Each border of a part of a
 * node makes one range more. */
static struct memory_range memory_ranges[TAKEN_RANGES_MAX + 2 * SRAT_PARTS_MAX];
static struct phys_range phys_ranges[TAKEN_RANGES_MAX];
static size_t nr_memory_ranges, nr_phys_ranges;

static uint64_t bridge; /* for the gate; 0: the firmware has our number of levels */

static bool mm_ended; /* it has cleared what it handed out */

/* A range is of one node. */
static void add_memory(const struct taken_range *taken)
{
	uint64_t start = taken->start, end;

	for (; start < taken->end; start = end) {
		unsigned int node = srat_node_of(nodes_table(), start, taken->end, &end);

		memory_ranges[nr_memory_ranges++] =
			(struct memory_range){start, end, taken->descriptor, (uint16_t)node};
	}
}

/* Adjacent ranges are one for the direct map, so that leaves may span them. */
static void add_direct(const struct taken_range *taken)
{
	if (nr_phys_ranges && phys_ranges[nr_phys_ranges - 1].end == taken->start)
		phys_ranges[nr_phys_ranges - 1].end = taken->end;
	else
		phys_ranges[nr_phys_ranges++] = (struct phys_range){taken->start, taken->end};
}

static void fill_ranges(void)
{
	size_t nr;
	const struct taken_range *taken = memory_taken(&nr);

	for (size_t i = 0; i < nr; i++) {
		add_memory(&taken[i]);
		add_direct(&taken[i]);
	}
}

static int choose_layout(const struct options *options)
{
	const struct layout_request request = {
		.kaslr = options->kaslr,
		.levels = platform_cpu_features()->levels,
		.phys_end = memblock_end(),
		.vmalloc_size = options->vmalloc,
		.padding_tib = (unsigned int)options->padding,
		.page_struct_size = PAGE_ARRAY_BYTES_PER_FRAME,
	};
	struct random random;

	random_seed(&random, options->seed);
	return layout_choose(&request, random_below_callback, &random, &layout);
}

static int build_space(const struct options *options)
{
	struct space_plan plan = {
		.levels = platform_cpu_features()->levels,
		.layout = &layout,
		.ranges = phys_ranges,
		.nr_ranges = nr_phys_ranges,
		.source = {.alloc = memblock_alloc_table},
		.max_level = direct_map_level(options),
	};

	plan.sections = image_sections(&plan.nr_sections);
	return space_build(&plan);
}

/*
 * A root with the firmware's number of levels that leads to what both worlds see (gate_levels.h).
 * 4 where we have 5: the table under the first entry of our root, which is low for this. 5 where we
 * have 4: a further table, with our root under its first entry.
 */
static int build_bridge(void)
{
	const entry_t *root = phys_to_virt(kernel_space.root);

	if (cpu_firmware_levels() == kernel_space.levels)
		return 0;
	if (kernel_space.levels == 5) {
		bridge = entry_table_phys(root[0]);
		return 0;
	}
	bridge = memblock_alloc_table(NULL, true);
	if (!bridge)
		return -ENOMEM;
	*(entry_t *)phys_to_virt(bridge) = entry_make_table(kernel_space.root, 0);
	return 0;
}

static int failed(int error, const char *what)
{
	if (error)
		log_note("%s: error %d", what, -error);
	return error;
}

int inside_build(const struct options *options)
{
	int error;

	if (options->fail)
		fail_arm(options->fail, FAIL_ALL_POINTS);
	fill_ranges();
	memblock_init(memory_ranges, nr_memory_ranges);
	error = failed(choose_layout(options), "the layout does not fit (vmalloc=, padding=)");
	if (!error)
		error = failed(build_space(options), "no memory for the page tables");
	if (!error)
		error = failed(build_bridge(), "no memory for a table below 4 GiB");
	if (!error)
		error = failed(mm_map_page_array(), "no memory for the page array");
	if (!error)
		error = failed(stacks_map(), "no memory for the run stacks");
	if (!error)
		error = failed(crew_watch_map(), "no memory to map the local APIC");
	return error;
}

static void log_base(const char *name, uintptr_t base, unsigned int millibits)
{
	log_note("%s 0x%016llx, %u.%03u bits of entropy", name, (unsigned long long)base,
		 millibits / 1000, millibits % 1000);
}

void inside_log(void)
{
	nodes_log();
	log_base("PAGE_OFFSET", layout.page_offset, layout.page_offset_millibits);
	log_base("VMALLOC_START", layout.vmalloc_start, layout.vmalloc_millibits);
	log_base("VMEMMAP_START", layout.vmemmap_start, layout.vmemmap_millibits);
	log_note("tables: %llu, root at 0x%llx; run stack: %zu KiB at 0x%llx",
		 (unsigned long long)space_nr_tables(), (unsigned long long)kernel_space.root,
		 RUN_STACK_BYTES >> 10, (unsigned long long)(stack_top(0) - RUN_STACK_BYTES));
	for (unsigned int cpu = 0; cpu < cpus_nr() && cpus_nr() > 1; cpu++)
		log_note("CPU %u: %s, node %u", cpu, cpus_describe(cpu),
			 nodes_of_cpu(cpus_place(cpu)->apic_id));
}

/* Of which fail= can choose one. */
static void log_start(void)
{
	uint64_t nr = 0;

	for (unsigned int point = 0; point < NR_FAIL_POINTS; point++)
		nr += fail_counted(point);
	log_note("start: %llu internal allocations", (unsigned long long)nr);
}

struct run {
	const struct options *options;
	struct runner_result *result;
	enum inside_end end;
};

static void run_tests(void *argument)
{
	struct run *run = argument;
	const struct options *options = run->options;
	const struct mm_options mm_options = mm_options_of(options);
	struct runner_options runner = runner_options_of(options);

	runner.reports = REPORTS_AFTER;
	runner.ticks_outside = clock_ticks_outside;
	runner.nr_cpus = crew_nr;
	runner.run_on_cpus = crew_run;
	runner.rest_cpus = crew_rest;
	runner.before_test = outside_before_test;
	runner.wish = outside_wish;
	run->end = INSIDE_NO_MM;
	tlb_init();
	for (unsigned int cpu = 0; cpu < cpus_nr(); cpu++)
		set_cpu_node(cpu, (int)nodes_of_cpu(cpus_place(cpu)->apic_id));
	if (mm_init(&mm_options))
		return;
	if (options->fail)
		log_start();
	fault_set_time_limit(options->limit * platform_ticks_per_second());
	crew_watch_begin(options->limit);
	if (options->dump)
		stop_dump();
	stop_at(options->stop, "start");
	stop_at_areas(options->stop);
	runner_run(&runner, run->result);
	crew_rest();
	stop_at(options->stop, "end");
	tlb_log_stats();
	if (options->dump)
		stop_dump();
	mm_exit();
	run->end = INSIDE_RAN;
}

enum inside_end inside_run(const struct options *options, struct runner_result *result)
{
	/* In the image: the inside does not see the firmware's stack. */
	static struct run run;
	const struct gate_request request = {
		.run = run_tests,
		.argument = &run,
		.stack_top = stack_top(0),
		.stack_top_now = stack_top_now(0),
		.root = kernel_space.root,
		.bridge = bridge,
		.page_offset = layout.page_offset,
		.while_open = outside_work,
	};

	run = (struct run){.options = options, .result = result};
	crew_prepare(&request);
	if (!gate_run(&request))
		return INSIDE_CRASHED;
	mm_ended = run.end == INSIDE_RAN;
	return run.end;
}

const char *inside_clear(void)
{
	const struct phys_range *ranges;
	uint64_t left_out;
	size_t nr;

	if (!mm_ended) {
		memory_clear();
		return memory_proof_cleared(phys_ranges, nr_phys_ranges, 0);
	}
	mm_clear_rest();
	ranges = mm_handed_out(&nr, &left_out);
	return nr ? memory_proof_cleared(ranges, nr, left_out) : "no frame was ever handed out";
}
