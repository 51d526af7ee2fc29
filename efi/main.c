/* SPDX-License-Identifier: BSD-2-Clause */
#include "main.h"
#include "clock.h"
#include "console.h"
#include "cpu_features.h"
#include "cpus.h"
#include "crew.h"
#include "entropy.h"
#include "fault.h"
#include "finish.h"
#include "firmware.h"
#include "firmware_map.h"
#include "firmware_ram.h"
#include "frame_buffer.h"
#include "gate.h"
#include "gate_levels.h"
#include "image.h"
#include "image_copy.h"
#include "inside.h"
#include "kept.h"
#include "keys.h"
#include "last_page.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "machine.h"
#include "memory_map.h"
#include "memory_proof.h"
#include "menu.h"
#include "options_efi.h"
#include "quiet.h"
#include "registers.h"
#include "results.h"
#include "runner_options.h"
#include "screen.h"
#include "this_cpu.h"

/*
 * One run, from the firmware's call to the return to it. What the inside reads (options, result)
 * lies in the image, which both worlds see; the firmware's stack is not there.
 */

static struct options options;
static struct runner_result result;
static struct registers registers_at_start;
static char *next_words; /* of the run that comes, as the menu left them; "": from outside */

enum { NEXT_WORDS_MAX = 4096 };

static void log_option_line(void *unused, const char *line)
{
	(void)unused;
	log_note("%s", line);
}

static void choose_seed(void)
{
	char sources[96] = "seed=", digest[QUIET_DIGEST_MAX];

	if (!options.seed_given)
		options.seed = entropy_seed(sources, sizeof(sources));
	if (options.quiet_addresses)
		log_note("seed with digest %s (from %s)", quiet_digest(options.seed, digest),
			 sources);
	else
		log_note("seed 0x%016llx (from %s)", (unsigned long long)options.seed, sources);
}

static void add_word(void *line, const char *word)
{
	size_t used = strlen(line);

	scnprintf((char *)line + used, PLATFORM_LINE_MAX - used, " %s", word);
}

static void log_options(void)
{
	char line[PLATFORM_LINE_MAX] = "";

	options_words(&options, add_word, line);
	log_note("options:%s", line[0] ? line : " none given");
}

static void log_header(void)
{
	log_note("vmlab");
	machine_log();
}

/* Whether this processor, and what was asked for, can be served at all. */
static EFI_STATUS check_demands(void)
{
	const char *refusal = gate_refuses();

	if (!refusal && options.paging == PAGING_5 && !platform_cpu_features()->la57)
		refusal = "paging=5, this processor has no 5-level paging (LA57)";
	if (!refusal && options.quiet_addresses && (options.dump || options.stop[0]))
		refusal = "quiet-addresses=on with dump or stop=, which print addresses";
	if (refusal)
		log_note("not possible here: %s", refusal);
	return refusal ? EFI_UNSUPPORTED : EFI_SUCCESS;
}

/* Our own number of levels, and the way to it where the firmware's is another. */
static EFI_STATUS choose_levels(void)
{
	unsigned int levels = options.paging == PAGING_4   ? 4
			      : options.paging == PAGING_5 ? 5
							   : cpu_firmware_levels();

	cpu_choose_levels(levels);
	if (levels == cpu_firmware_levels())
		return EFI_SUCCESS;
	log_note("paging inside: %u levels", levels);
	return gate_levels_take() ? EFI_SUCCESS : EFI_OUT_OF_RESOURCES;
}

/* From the firmware's memory to tables that are ready to be entered. */
static EFI_STATUS prepare(void)
{
	EFI_STATUS status = check_demands();
	int error;

	if (!EFI_ERROR(status)) {
		status = firmware_map_read();
		if (EFI_ERROR(status))
			log_note("the firmware's memory map cannot be read: %s",
				 firmware_status_name(status));
	}
	if (EFI_ERROR(status))
		return status;
	cpus_find(options.cpus);
	memory_proof_begin();
	firmware_ram_tell();
	status = memory_take(options.mem);
	memory_log();
	if (!EFI_ERROR(status))
		status = choose_levels();
	if (EFI_ERROR(status))
		return status;
	error = inside_build(&options);
	if (error)
		return error == -ENOSPC ? EFI_INVALID_PARAMETER : EFI_OUT_OF_RESOURCES;
	inside_log();
	fault_add_describer(image_describe);
	fault_add_describer(memory_proof_describe);
	return EFI_SUCCESS;
}

static const char *check_registers(void)
{
	static char problem[96];
	struct registers now;

	registers_read(&now);
	if (crew_problem())
		return crew_problem();
	return registers_compare(&registers_at_start, &now, problem, sizeof(problem));
}

/* Every page that was taken; NULL, or what went wrong. */
static const char *free_all(void)
{
	const char *ranges = memory_give_back(), *trampoline = gate_levels_give_back();

	return ranges ? ranges : trampoline;
}

/* Everything back to the firmware, and the proof of it in the results. */
static void give_back(void)
{
	const char *cleared, *freed, *map;

	cpus_end();
	cleared = inside_clear();
	kept_end();
	screen_end_of_tests();
	/* Firmware that fills what it gets back takes seconds a GiB. */
	log_note("giving %llu MiB back", (unsigned long long)memory_taken_bytes() >> 20);
	console_flush();
	freed = free_all();
	map = memory_proof_end();

	firmware_map_free();
	runner_report(&result, "efi.memory_cleared", cleared);
	runner_report(&result, "efi.memory_given_back", freed);
	runner_report(&result, "efi.memory_map_as_before", map);
	runner_report(&result, "efi.registers_as_before", check_registers());
}

static void add_next_word(void *unused, const char *word)
{
	size_t used = strlen(next_words);

	(void)unused;
	scnprintf(next_words + used, NEXT_WORDS_MAX - used, "%s ", word);
}

/* What the person wants: false when that is not to run on here. What it is after a run that has
 * ended is a life of its own: see efi_main(). */
static bool ask_in_menu(void)
{
	enum menu_choice choice = menu_run(&options);

	if (choice == MENU_REBOOT || choice == MENU_POWEROFF)
		finish_reboot(choice == MENU_POWEROFF);
	options.exit = EXIT_MENU;
	return choice == MENU_START;
}

static EFI_STATUS finish_run(enum outcome outcome, EFI_STATUS status)
{
	results_end(finish_word(outcome));
	if (options.exit == EXIT_MENU) {
		screen_status(" any key: menu ");
		key_wait((unsigned int)options.wait);
		if (ask_in_menu())
			options_words(&options, add_next_word, NULL);
	}
	kept_stop();
	finish(options.exit, (unsigned int)options.wait, outcome);
	return status;
}

static bool is_good(const char *problem)
{
	if (problem)
		log_note("%s", problem);
	return !problem;
}

/* No test has run, and what was taken goes back: whether all is as it was. */
static bool end_unused(void)
{
	bool good;

	cpus_end();
	good = is_good(inside_clear());
	kept_end();
	good &= is_good(free_all());
	good &= is_good(memory_proof_end());
	firmware_map_free();
	return is_good(check_registers()) && good;
}

/* The reason was logged. */
static EFI_STATUS refuse(EFI_STATUS status)
{
	end_unused();
	log_note("nothing was run: %s", firmware_status_name(status));
	return finish_run(OUTCOME_FAILED, status);
}

static EFI_STATUS stop_after_layout(void)
{
	bool good = end_unused();
	enum outcome outcome = good ? OUTCOME_PASSED : OUTCOME_FAILED;

	runner_nothing(good);
	return finish_run(outcome, finish_status(outcome));
}

static enum outcome outcome_of(enum inside_end end, bool all_skipped)
{
	if (end == INSIDE_CRASHED || result.cut_short)
		return OUTCOME_CRASHED;
	if (result.failed || result.stopped || !result.matched)
		return OUTCOME_FAILED;
	return all_skipped ? OUTCOME_SKIPPED : OUTCOME_PASSED;
}

static EFI_STATUS run(void)
{
	enum inside_end end = inside_run(&options, &result);
	bool all_skipped = result.skipped && !result.passed && !result.failed;
	enum outcome outcome;

	console_flush();
	if (end == INSIDE_NO_MM)
		return refuse(EFI_OUT_OF_RESOURCES);
	if (end == INSIDE_CRASHED)
		result.cut_short = true;
	log_note("gate closed %llu times", (unsigned long long)gate_crossings());
	give_back();
	runner_close(&result);
	outcome = outcome_of(end, all_skipped);
	last_page(outcome, &options);
	return finish_run(outcome, finish_status(outcome));
}

void run_crashed(void)
{
	static bool again;

	if (!again) {
		again = true;
		result.cut_short = true;
		give_back();
		runner_close(&result);
		results_end(finish_word(OUTCOME_CRASHED));
		kept_stop();
	}
	finish(options.exit, (unsigned int)options.wait, OUTCOME_CRASHED);
	this_cpu_end(); /* and nobody can be asked about the gate any more */
	firmware.boot->Exit(firmware.image, finish_status(OUTCOME_CRASHED), 0, NULL);
	for (;;)
		firmware.boot->Stall(1000000);
}

/* Nothing is run: the list of options, or that of tests. */
static EFI_STATUS print_list(void)
{
	const struct runner_options runner = runner_options_of(&options);
	bool good = options.help || runner_list(&runner);
	enum outcome outcome = good ? OUTCOME_PASSED : OUTCOME_FAILED;

	if (options.help)
		options_help(log_option_line, NULL);
	runner_nothing(good);
	return finish_run(outcome, finish_status(outcome));
}

/* Whether a person may sit there and was not asked yet: no script, no make run started it. */
static bool is_attended(void)
{
	enum exit_way way = finish_way(options.exit);

	return (way == EXIT_WAIT || way == EXIT_MENU) && options.countdown && !options.help &&
	       !options.list && firmware.loaded && !firmware.loaded->LoadOptionsSize;
}

/* From the firmware's call, or from the menu, to the end of a run. */
static EFI_STATUS live(void)
{
	EFI_STATUS status;

	registers_read(&registers_at_start);
	cpu_features_init();
	console_init(platform_cpu_features()->hypervisor);
	clock_init();
	machine_init();
	frame_buffer_init();
	log_header();
	if (next_words[0])
		options_reread(&options, next_words);
	else
		options_read(&options);
	if (!next_words[0] && is_attended() && menu_countdown((unsigned int)options.countdown) &&
	    !ask_in_menu()) {
		kept_stop();
		return EFI_SUCCESS;
	}
	next_words[0] = '\0';
	if (options.quiet_addresses)
		console_hide_addresses();
	log_note("image base 0x%llx", (unsigned long long)image_base());
	screen_set_verbosity(options.bench || options.dump ? VERBOSITY_DETAILS : options.verbosity);
	if (options.help || options.list)
		return print_list();
	log_options();
	results_open(&options);
	choose_seed();
	results_begin(&options);
	status = prepare();
	if (EFI_ERROR(status))
		return refuse(status);
	return options.layout ? stop_after_layout() : run();
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

/*
 * Every life begins with the image's data as it was loaded. What passes from one to the next, the
 * options that the menu left, lies on this stack.
 */
EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	char words[NEXT_WORDS_MAX] = "";
	struct image_copy copy;
	EFI_STATUS status;

	this_cpu_become(0);
	firmware_init(image, system);
	image_keep(&copy);
	do {
		next_words = words;
		status = live();
	} while (words[0] && image_restore(&copy));
	image_forget(&copy);
	this_cpu_end();
	return status;
}
