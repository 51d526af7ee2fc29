/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "arguments.h"
#include "cpus.h"
#include "early_calls.h"
#include "fail.h"
#include "lib/format.h"
#include "lib/random.h"
#include "machine.h"
#include "map.h"
#include "mm_options.h"
#include "page.h"
#include "proof.h"
#include "runner.h"
#include "runner_options.h"
#include "select.h"
#include "space.h"
#include "start_walk.h"
#include "status.h"
#include "tlb.h"
#include "translations.h"
#include "vm_area.h"
#include "trap.h"
#include "watchdog.h"
#include "witness.h"

/*
 * The whole run on one screen, as efi/main.c has it, in a Linux process: a simulated machine in
 * firmware's place, a memory file for its memory, threads for its processors.
 */

static struct arguments arguments;

static int choose_layout(void)
{
	const struct options *options = &arguments.options;
	struct layout_request request = {.kaslr = options->kaslr,
					 .levels = arguments.machine.inside,
					 .phys_end = memblock_end(),
					 .vmalloc_size = options->vmalloc,
					 .padding_tib = (unsigned int)options->padding,
					 .page_struct_size = PAGE_ARRAY_BYTES_PER_FRAME};
	struct random random;

	random_seed(&random, options->seed);
	return layout_choose(&request, random_below_callback, &random, &layout);
}

/* The page array comes after: mm alone knows its size. There is no image to map in a process. */
static int build_space(void)
{
	struct phys_range direct[MACHINE_RANGES_MAX];
	struct space_plan plan = {.levels = arguments.machine.inside,
				  .layout = &layout,
				  .ranges = direct,
				  .source = {.alloc = memblock_alloc_table},
				  .max_level = direct_map_level(&arguments.options)};
	const struct memory_range *ranges = machine_ranges(&plan.nr_ranges);

	for (size_t i = 0; i < plan.nr_ranges; i++)
		direct[i] = (struct phys_range){ranges[i].start, ranges[i].end};
	return space_build(&plan);
}

static void print_header(void)
{
	log_line("# vmlab on the host: %llu MiB, %u CPUs, %u nodes, %u levels, seed=0x%llx",
		 (unsigned long long)(memblock_bytes() >> 20), arguments.machine.cpus,
		 arguments.machine.nodes, arguments.machine.inside,
		 (unsigned long long)arguments.options.seed);
	log_line("# PAGE_OFFSET 0x%llx", (unsigned long long)PAGE_OFFSET);
	log_line("# VMALLOC_START 0x%llx", (unsigned long long)VMALLOC_START);
	log_line("# VMEMMAP_START 0x%llx", (unsigned long long)VMEMMAP_START);
}

static struct vm_struct stack_area, added_area;

static int map_early(struct vm_struct *vm)
{
	size_t bytes = get_vm_area_size(vm);
	phys_addr_t phys = memblock_alloc(bytes, PAGE_SIZE, 0);

	return phys ? map_range(&kernel_space, (uintptr_t)vm->addr, phys, bytes, PAGE_KERNEL,
				LEVEL_PTE)
		    : -ENOMEM;
}

/* As the application has one for its stack; and one at an address that the platform chooses. */
static int make_early_areas(void)
{
	int error;

	vm_forget_early();
	stack_area = (struct vm_struct){.flags = VM_MAP, .size = 16 * PAGE_SIZE};
	vm_area_register_early(&stack_area, PAGE_SIZE);
	added_area = (struct vm_struct){.addr = (char *)stack_area.addr + 60 * PAGE_SIZE,
					.flags = VM_MAP,
					.size = 4 * PAGE_SIZE};
	vm_area_add_early(&added_area);
	error = map_early(&stack_area);
	return error ? error : map_early(&added_area);
}

static int start(void)
{
	size_t nr, nr_firmware;
	const struct memory_range *ranges = machine_ranges(&nr);
	const struct firmware_range *firmware = machine_firmware(&nr_firmware);
	int error;

	ioremap_set_ram(firmware, nr_firmware);
	page_offset_base = (uintptr_t)machine_memory();
	memblock_init(ranges, nr);
	error = choose_layout();
	if (!error)
		error = build_space();
	if (!error)
		error = mm_map_page_array();
	if (!error)
		error = make_early_areas();
	return error;
}

static void close_gate(void)
{
	machine_enter(kernel_space.root);
	page_offset_base = PAGE_OFFSET;
	tlb_cpu_enter();
}

static void open_gate(void)
{
	tlb_cpu_leave();
	page_offset_base = (uintptr_t)machine_memory();
	machine_leave();
}

static void print_translations(void)
{
	struct translations_stats stats;

	translations_get_stats(&stats);
	log_line("# simulated TLB: %llu fills, %llu evictions, at most %u of %u in use",
		 (unsigned long long)stats.fills, (unsigned long long)stats.evictions,
		 stats.used_most, stats.room);
}

/* The walk through the start is a test as well: left out where test= means others. */
#define WALK_NAME "host.start_fails_whole"
static bool walk_is_meant(void)
{
	return select_matches(arguments.options.test, WALK_NAME);
}

static int run_inside(struct runner_result *result)
{
	const struct options *options = &arguments.options;
	struct mm_options mm = mm_options_of(options);
	struct runner_options run = runner_options_of(options);
	const char *too_early = early_calls();
	int error = mm_init(&mm);

	if (error)
		return error;
	run.on_host = true;
	run.reports = 1 + PROOF_REPORTS + walk_is_meant();
	run.nr_cpus = platform_nr_cpus;
	run.run_on_cpus = cpus_run;
	run.check = witness_check;
	run.look_up = witness_look_up;
	runner_run(&run, result);
	tlb_log_stats();
	if (result->cut_short)
		return 0;
	mm_exit();
	if (!too_early)
		too_early = early_calls();
	runner_report(result, "host.calls_too_early", too_early ? too_early : late_calls());
	proof_inside();
	return 0;
}

static int run(struct runner_result *result)
{
	int error;

	if (arguments.options.fail)
		fail_arm(arguments.options.fail, FAIL_ALL_POINTS);
	error = start();
	if (error)
		return error;
	print_header();
	proof_before();
	close_gate();
	tlb_init(); /* not in start_walk(): it allocates nothing, and takes its time */
	error = run_inside(result);
	open_gate();
	if (error || result->cut_short)
		return error;
	mm_clear_rest();
	proof_after(result);
	return error;
}

/* A start as the walk makes it, machine and all. */
static int start_walked(void)
{
	static bool up;

	if (!up && machine_start(&arguments.machine))
		return -EINVAL;
	if (!up)
		trap_init();
	up = true;
	return start();
}

static int enter_walked(void)
{
	struct mm_options mm = mm_options_of(&arguments.options);

	close_gate();
	return mm_init(&mm);
}

static int status_of(const struct runner_result *result)
{
	if (result->cut_short)
		return STATUS_CRASHED;
	return result->failed || result->stopped || !result->matched ? STATUS_FAILED
								     : STATUS_PASSED;
}

static int list(void)
{
	const struct runner_options run = runner_options_of(&arguments.options);
	bool good = runner_list(&run);

	runner_nothing(good);
	return good ? STATUS_PASSED : STATUS_FAILED;
}

int main(int argc, char **argv)
{
	struct runner_result result;
	const char *problem, *start_problem = NULL;
	unsigned int steps = 0;
	int error;

	if (!arguments_parse(&arguments, argc - 1, argv + 1))
		return arguments.options.help ? STATUS_PASSED : STATUS_FAILED;
	if (arguments.options.list)
		return list();
	if (walk_is_meant())
		start_problem = start_walk(start_walked, enter_walked, &steps);
	problem = machine_start(&arguments.machine);
	if (problem) {
		fprintf(stderr, "%s\n", problem);
		return STATUS_FAILED;
	}
	trap_init();
	cpus_start();
	watchdog_start();
	error = run(&result);
	cpus_stop();
	if (error) {
		fprintf(stderr, "no start: %s\n", strerror(-error));
		return STATUS_CRASHED;
	}
	print_translations();
	if (walk_is_meant()) {
		log_line("# the start has %u allocations, each failed once", steps);
		runner_report(&result, WALK_NAME, start_problem);
	}
	runner_close(&result);
	return status_of(&result);
}
