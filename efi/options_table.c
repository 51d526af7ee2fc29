/* SPDX-License-Identifier: BSD-2-Clause */
#include "options_table.h"
#include "lib/string.h"

/* An array of words in the order of the enum that they stand for. */
static const char *const kaslr_words[] = {
	[KASLR_FINE] = "fine", [KASLR_LINUX] = "linux", [KASLR_OFF] = "off", NULL};
static const char *const paging_words[] = {
	[PAGING_AUTO] = "auto", [PAGING_4] = "4", [PAGING_5] = "5", NULL};
static const char *const place_words[] = {[PLACEMENT_LOWEST] = "lowest",
					  [PLACEMENT_RANDOM] = "random",
					  [PLACEMENT_BEST] = "best",
					  [PLACEMENT_TOP] = "top",
					  NULL};
static const char *const debug_words[] = {
	[DEBUG_OFF] = "off", [DEBUG_PAGEALLOC] = "pagealloc", NULL};
static const char *const exit_words[] = {[EXIT_AUTO] = "auto",	   [EXIT_QEMU] = "qemu",
					 [EXIT_SHELL] = "shell",   [EXIT_WAIT] = "wait",
					 [EXIT_REBOOT] = "reboot", [EXIT_POWEROFF] = "poweroff",
					 [EXIT_MENU] = "menu",	   NULL};

static const char *const group_words[] = {[GROUP_ALL] = "all", [GROUP_SMOKE] = "smoke", NULL};
static const char *const order_words[] = {
	[ORDER_FIXED] = "fixed", [ORDER_SHUFFLED] = "shuffled", NULL};
static const char *const verbosity_words[] = {[VERBOSITY_QUIET] = "quiet",
					      [VERBOSITY_NORMAL] = "normal",
					      [VERBOSITY_DETAILS] = "details",
					      NULL};
static const char *const results_words[] = {
	[RESULTS_AUTO] = "auto", [RESULTS_ON] = "on", [RESULTS_OFF] = "off", NULL};

#define FIELD(name_) .name = #name_, .field = offsetof(struct options, name_)
#define ANY (~(uint64_t)0)
#define PAGES_MAX ((uint64_t)1 << 40)

const struct option options_table[] = {
	{FIELD(seed), .kind = NUMBER, .max = ANY, .values = "NUMBER", .standard = "drawn",
	 .sentence = "where everything random starts: layout, placement, test order and data"},
	{FIELD(test), .kind = LIST, .values = "NAME,...", .standard = "all",
	 .sentence = "tests to run: names, modules, or with * and ?; ! in front leaves out"},
	{FIELD(group), .kind = CHOICE, .choices = group_words, .values = "all|smoke",
	 .standard = "all", .sentence = "smoke: a chosen few, at most two seconds inside"},
	{FIELD(list), .kind = FLAG, .values = "", .standard = "",
	 .sentence = "print the tests that test= and group= select, run nothing"},
	{FIELD(layout), .kind = FLAG, .values = "", .standard = "",
	 .sentence = "draw the layout, build its tables, print where it lies, run nothing"},
	{FIELD(repeat), .kind = ROUNDS, .min = 1, .max = 1000000, .values = "NUMBER|TIME",
	 .standard = "1", .sentence = "so many rounds, each with other random data, or so long"},
	{FIELD(order), .kind = CHOICE, .choices = order_words, .values = "fixed|shuffled",
	 .standard = "fixed", .sentence = "of the tests; shuffled: by the seed, each round anew"},
	{FIELD(failfast), .kind = SWITCH, .values = "on|off", .standard = "off",
	 .sentence = "the first test that fails ends the run"},
	{FIELD(limit), .kind = DURATION, .max = 1000000, .values = "TIME", .standard = "none",
	 .sentence = "how long a test may take: then an NMI, which make run sends, ends it"},
	{FIELD(mem), .kind = SIZE, .min = 1, .max = ANY, .values = "SIZE|all", .most = "all",
	 .standard = "all, 256M where firmware fills what it gets back",
	 .sentence = "take at most this much memory from the firmware"},
	{FIELD(cpus), .kind = NUMBER, .min = 1, .max = ANY, .most = "all", .none = "auto",
	 .values = "NUMBER|all|auto", .standard = "auto: all under a hypervisor, else 1",
	 .sentence = "how many processors take part, up to 16"},
	{FIELD(kaslr), .kind = CHOICE, .choices = kaslr_words, .values = "off|linux|fine",
	 .standard = "fine", .sentence = "how the bases of the regions are drawn"},
	{FIELD(vmalloc), .kind = SIZE, .min = 1, .max = (uint64_t)1 << 56, .values = "SIZE",
	 .standard = "32T", .sentence = "size of the vmalloc region (5 levels: 12.5 PiB)"},
	{FIELD(padding), .kind = NUMBER, .max = 64, .values = "0..64", .standard = "0",
	 .sentence = "TiB behind the direct map, with kaslr=linux"},
	{FIELD(paging), .kind = CHOICE, .choices = paging_words, .values = "auto|4|5",
	 .standard = "auto", .sentence = "levels of the page tables; auto: as the firmware's"},
	{FIELD(poison), .kind = SWITCH, .values = "on|off", .standard = "off",
	 .sentence = "fill freed frames, and check them when they are handed out again"},
	{FIELD(guard), .kind = NUMBER, .min = 1, .max = 17, .values = "1..17", .standard = "1",
	 .sentence = "pages between two areas"},
	{FIELD(quarantine), .kind = NUMBER, .max = PAGES_MAX, .values = "PAGES", .standard = "0",
	 .sentence = "how many pages of freed addresses stay unused"},
	{FIELD(lazy_max), .kind = NUMBER, .max = PAGES_MAX, .values = "PAGES", .standard = "8192",
	 .sentence = "lazily freed pages before a purge (0: 8192 times the log of the CPUs)"},
	{FIELD(place), .kind = CHOICE, .choices = place_words, .values = "lowest|random|best|top",
	 .standard = "lowest", .sentence = "which of the free places an area gets"},
	{FIELD(cache), .kind = SWITCH, .values = "on|off", .standard = "on",
	 .sentence = "per-CPU caches of ready address ranges; off: lowest is exact"},
	{FIELD(debug), .kind = CHOICE, .choices = debug_words, .values = "off|pagealloc",
	 .standard = "off",
	 .sentence = "pagealloc: what is freed is unmapped at once, from the direct map too"},
	{FIELD(fail), .kind = NUMBER, .max = ANY, .values = "NUMBER", .standard = "none",
	 .sentence = "this internal allocation of the run, counted from 1, fails"},
	{FIELD(exit), .kind = CHOICE, .choices = exit_words,
	 .values = "auto|qemu|shell|wait|reboot|poweroff|menu", .standard = "auto",
	 .sentence = "what to do at the end; auto: qemu under QEMU, else wait"},
	{FIELD(wait), .kind = DURATION, .min = 1, .max = 86400, .values = "TIME", .standard = "5m",
	 .sentence = "how long exit=wait waits for a key"},
	{FIELD(soak), .kind = DURATION, .max = 1000000, .values = "TIME", .standard = "none",
	 .sentence = "make random calls against a model for so long, and run nothing else"},
	{FIELD(bench), .kind = FLAG, .values = "", .standard = "",
	 .sentence = "run the benchmarks (test= selects) instead of the tests"},
	{FIELD(loops), .kind = NUMBER, .max = (uint64_t)1 << 32, .values = "NUMBER",
	 .standard = "as Linux", .sentence = "loops of each benchmark"},
	{FIELD(pages), .kind = NUMBER, .max = (uint64_t)1 << 20, .values = "NUMBER",
	 .standard = "as Linux", .sentence = "pages of fix_size and vm_map_ram benchmarks"},
	{FIELD(workers), .kind = NUMBER, .min = 1, .max = 64, .values = "1..64", .standard = "1",
	 .sentence = "CPUs that run each benchmark at once, beside one that runs it alone"},
	{FIELD(huge), .kind = SWITCH, .values = "on|off", .standard = "off",
	 .sentence = "fix_size benchmarks by vmalloc_huge()"},
	{FIELD(stop), .kind = LIST, .values = "MOMENT,...", .standard = "never",
	 .sentence = "stop QEMU (device pvpanic) at: start, areas, set_memory, space, freed, "
		     "purged, end"},
	{FIELD(dump), .kind = FLAG, .values = "", .standard = "",
	 .sentence = "print all areas and page tables before the tests and after them"},
	{FIELD(verbosity), .kind = CHOICE, .choices = verbosity_words,
	 .values = "quiet|normal|details", .standard = "normal",
	 .sentence = "on the screen: failures, a line a test, or all; the log has all"},
	{FIELD(countdown), .kind = DURATION, .max = 3600, .values = "TIME", .standard = "5s",
	 .sentence = "how long a key opens the menu before a run on a screen; 0: not"},
	{.name = "quiet-addresses",
	 .field = offsetof(struct options, quiet_addresses),
	 .kind = SWITCH,
	 .values = "on|off",
	 .standard = "off",
	 .sentence = "print no address of the run, and of the seed a digest alone"},
	{FIELD(results), .kind = CHOICE, .choices = results_words, .values = "auto|on|off",
	 .standard = "auto",
	 .sentence = "keep them in \\vmlab on the boot disk; on: or on another with a vmlab.cfg"},
	{FIELD(keep), .kind = NUMBER, .min = 1, .max = 9999, .values = "1..9999", .standard = "20",
	 .sentence = "how many runs are kept there; older ones are deleted"},
	{FIELD(resume), .kind = SWITCH, .values = "on|off", .standard = "on",
	 .sentence = "go on behind the test in which the last run was killed or hung"},
	{FIELD(help), .kind = FLAG, .values = "", .standard = "",
	 .sentence = "print this list, run nothing"},
};
const size_t options_table_nr = sizeof(options_table) / sizeof(options_table[0]);

bool option_is_seed(const struct option *option)
{
	return option->field == offsetof(struct options, seed);
}

static const void *field_of(const struct options *options, const struct option *option)
{
	return (const char *)options + option->field;
}

bool option_equal(const struct option *option, const struct options *a, const struct options *b)
{
	const void *x = field_of(a, option), *y = field_of(b, option);

	switch (option->kind) {
	case CHOICE:
		return *(const unsigned int *)x == *(const unsigned int *)y;
	case SWITCH:
	case FLAG:
		return *(const bool *)x == *(const bool *)y;
	case LIST:
		return !strcmp(x, y);
	case ROUNDS:
		return a->repeat == b->repeat && a->repeat_seconds == b->repeat_seconds;
	default:
		return *(const uint64_t *)x == *(const uint64_t *)y;
	}
}
