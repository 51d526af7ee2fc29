/* SPDX-License-Identifier: BSD-2-Clause */
#include "menu.h"
#include "kept.h"
#include "keys.h"
#include "ktap.h"
#include "lib/format.h"
#include "lib/string.h"
#include "menu_list.h"
#include "options_edit.h"
#include "plan.h"
#include "results_past.h"
#include "screen.h"
#include "volume.h"

enum { MODULES_MAX = 128, RUNS_MAX = 200, MESSAGE_MAX = 128 };

bool menu_countdown(unsigned int seconds)
{
	char text[64];
	bool key = false;

	for (; seconds && !key; seconds--) {
		scnprintf(text, sizeof(text), " any key: menu   (the run starts in %u s) ",
			  seconds);
		screen_status(text);
		key = key_wait(1) != KEY_NONE;
	}
	screen_status(NULL);
	return key;
}

/* Tests: modules, to be marked. What test= has besides these is let be until one is marked. */

static struct {
	const char *names[MODULES_MAX];
	bool marked[MODULES_MAX];
	unsigned int nr;
} modules;

static void find_modules(const char *test)
{
	const struct test *tests = plan_tests();

	modules.nr = 0;
	plan_order(0);
	for (unsigned int i = 0; i < plan_registered() && modules.nr < MODULES_MAX; i++) {
		const char *name = tests[i].module;

		if ((tests[i].flags & (TEST_BENCH | TEST_NAMED)) ||
		    (modules.nr && !strcmp(modules.names[modules.nr - 1], name)))
			continue;
		modules.names[modules.nr] = name;
		modules.marked[modules.nr++] = test[0] && select_names(test, name);
	}
}

static void module_line(void *unused, unsigned int number, char *text, size_t size)
{
	(void)unused;
	scnprintf(text, size, "[%s] %s", modules.marked[number] ? "x" : " ", modules.names[number]);
}

static const char *module_about(void *unused, unsigned int number)
{
	(void)unused;
	(void)number;
	return "Enter marks a module; with none marked, all are run.";
}

static void marks_to_option(char test[OPTION_LIST_MAX])
{
	size_t used = 0;

	test[0] = '\0';
	for (unsigned int i = 0; i < modules.nr; i++)
		if (modules.marked[i])
			used += (size_t)scnprintf(test + used, OPTION_LIST_MAX - used, "%s%s",
						  used ? "," : "", modules.names[i]);
}

static void choose_tests(struct options *options)
{
	struct menu_list list = {.title = "tests", .line = module_line, .about = module_about};

	find_modules(options->test);
	list.nr = modules.nr;
	while (menu_list_choose(&list)) {
		modules.marked[list.at] = !modules.marked[list.at];
		marks_to_option(options->test);
	}
}

/* Options: all of the table. */

static char message[MESSAGE_MAX]; /* what was wrong with the last value that was typed */

static void option_line(void *options, unsigned int number, char *text, size_t size)
{
	option_show(number, options, text, size);
}

static const char *option_about(void *unused, unsigned int number)
{
	(void)unused;
	return message[0] ? message : option_sentence(number);
}

static void keep_message(void *unused, const char *line)
{
	(void)unused;
	scnprintf(message, sizeof(message), "%s", line);
}

static void type_option(struct options *options, unsigned int number)
{
	char prompt[96], value[PLATFORM_LINE_MAX - 64], word[PLATFORM_LINE_MAX];

	scnprintf(prompt, sizeof(prompt), "%s (%s) = ", option_name(number), option_values(number));
	if (!menu_type(prompt, value, sizeof(value)))
		return;
	scnprintf(word, sizeof(word), "%s=%s", option_name(number), value);
	options_parse(options, word, strlen(word), keep_message, NULL);
}

static void choose_options(struct options *options)
{
	struct menu_list list = {.title = "options",
				 .nr = options_nr(),
				 .line = option_line,
				 .about = option_about,
				 .context = options};

	message[0] = '\0';
	while (menu_list_choose(&list)) {
		message[0] = '\0';
		if (!option_cycle(list.at, options))
			type_option(options, list.at);
	}
}

/* Earlier runs, the last one first. */

static struct {
	uint64_t numbers[RUNS_MAX];
	unsigned int nr;
} runs;

static void add_run(void *unused, const char *name)
{
	unsigned int at = runs.nr;
	uint64_t number;

	(void)unused;
	if (runs.nr == RUNS_MAX || !past_number(name, &number))
		return;
	for (; at && runs.numbers[at - 1] < number; at--)
		runs.numbers[at] = runs.numbers[at - 1];
	runs.numbers[at] = number;
	runs.nr++;
}

/* results.tap of a run; NULL when it cannot be read. */
static char *read_run(EFI_FILE_HANDLE vmlab, uint64_t number, struct word *log, size_t *nr_pages)
{
	char name[PAST_FOLDER_MAX + 16];
	EFI_FILE_HANDLE file;

	scnprintf(name, sizeof(name), "%04llu\\results.tap", (unsigned long long)number);
	if (EFI_ERROR(file_open(vmlab, name, false, &file)))
		return NULL;
	log->text = file_contents(file, RESULTS_BYTES_MAX, &log->length, nr_pages);
	file_close(file);
	return (char *)log->text;
}

static void run_line(void *vmlab, unsigned int number, char *text, size_t size)
{
	struct ktap_summary summary = {.closed = false};
	struct word log;
	size_t nr_pages;
	char *bytes = read_run(vmlab, runs.numbers[number], &log, &nr_pages);

	if (bytes)
		summary = ktap_summarize(log);
	scnprintf(text, size, "%04llu  %llu passed, %llu failed, %llu skipped: %.*s",
		  (unsigned long long)runs.numbers[number],
		  (unsigned long long)summary.count[KTAP_PASSED],
		  (unsigned long long)summary.count[KTAP_FAILED],
		  (unsigned long long)summary.count[KTAP_SKIPPED],
		  summary.closed ? (int)summary.verdict.length : 12,
		  summary.closed ? summary.verdict.text : "not finished");
	if (bytes)
		firmware_free_pages(bytes, nr_pages);
}

static void show_run(EFI_FILE_HANDLE vmlab, uint64_t number)
{
	struct word log;
	size_t nr_pages;
	char *bytes = read_run(vmlab, number, &log, &nr_pages);

	if (!bytes)
		return;
	menu_page_through("results.tap", log);
	firmware_free_pages(bytes, nr_pages);
}

static void show_runs(void)
{
	EFI_FILE_HANDLE root = volume_boot(), vmlab = NULL;
	struct menu_list list = {.title = "earlier runs", .line = run_line};

	runs.nr = 0;
	if (root && !EFI_ERROR(file_open(root, "vmlab", false, &vmlab)))
		folder_each(vmlab, add_run, NULL);
	list.nr = runs.nr;
	list.context = vmlab;
	while (menu_list_choose(&list))
		show_run(vmlab, runs.numbers[list.at]);
	if (root && !runs.nr)
		menu_page_through("earlier runs", (struct word){"  none are kept here", 20});
	file_close(vmlab);
	file_close(root);
}

/* The first page. */

enum item { START, TESTS, OPTIONS, RUNS, DUMP, LOG, LEAVE, REBOOT, POWEROFF, ITEMS };

static void item_line(void *context, unsigned int number, char *text, size_t size)
{
	static const char *const names[ITEMS] = {
		[START] = "start the run",
		[TESTS] = "tests:",
		[OPTIONS] = "options and seed",
		[RUNS] = "earlier runs on this disk",
		[DUMP] = "a short run that dumps vmallocinfo and all page tables",
		[LOG] = "the log, as far as there is one",
		[LEAVE] = "leave vmlab",
		[REBOOT] = "restart the machine",
		[POWEROFF] = "switch the machine off",
	};
	const struct options *options = context;
	const char *more = "";

	if (number == TESTS)
		more = options->test[0]		       ? options->test
		       : options->group == GROUP_SMOKE ? "the smoke group"
						       : "all";
	scnprintf(text, size, "%s %s", names[number], more);
}

static void ask_for_dump(struct options *options)
{
	options->dump = true;
	options->group = GROUP_SMOKE;
	options->test[0] = '\0';
}

enum menu_choice menu_run(struct options *options)
{
	struct menu_list list = {
		.title = "menu", .nr = ITEMS, .line = item_line, .context = options};

	for (;;) {
		if (!menu_list_choose(&list))
			return MENU_LEAVE;
		if (list.at == TESTS)
			choose_tests(options);
		else if (list.at == OPTIONS)
			choose_options(options);
		else if (list.at == RUNS)
			show_runs();
		else if (list.at == LOG)
			menu_page_through("log", kept_text(KEPT_TAP));
		else
			break;
	}
	if (list.at == DUMP)
		ask_for_dump(options);
	screen_clear();
	return list.at == LEAVE	     ? MENU_LEAVE
	       : list.at == REBOOT   ? MENU_REBOOT
	       : list.at == POWEROFF ? MENU_POWEROFF
				     : MENU_START;
}
