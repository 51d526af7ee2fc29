/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"
#include "lib/format.h"
#include "lib/string.h"
#include "option_value.h"

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
static const char *const exit_words[] = {[EXIT_AUTO] = "auto",
					 [EXIT_QEMU] = "qemu",
					 [EXIT_SHELL] = "shell",
					 [EXIT_WAIT] = "wait",
					 [EXIT_REBOOT] = "reboot",
					 [EXIT_POWEROFF] = "poweroff",
					 NULL};

static const char *const results_words[] = {
	[RESULTS_AUTO] = "auto", [RESULTS_ON] = "on", [RESULTS_OFF] = "off", NULL};

enum kind { NUMBER, SIZE, DURATION, CHOICE, SWITCH, LIST, FLAG };

struct option {
	const char *name, *values, *standard, *sentence;
	const char *most; /* NUMBER, SIZE, DURATION: a word for the largest; may be NULL */
	size_t field;	  /* offset in struct options */
	const char *const *choices; /* CHOICE */
	uint64_t max;		    /* NUMBER, SIZE, DURATION */
	enum kind kind;
	uint8_t min;
};

#define FIELD(name_) .name = #name_, .field = offsetof(struct options, name_)
#define ANY (~(uint64_t)0)
#define PAGES_MAX ((uint64_t)1 << 40)

static const struct option table[] = {
	{FIELD(seed), .kind = NUMBER, .max = ANY, .values = "NUMBER", .standard = "drawn",
	 .sentence = "where everything random starts: layout, placement, test order and data"},
	{FIELD(test), .kind = LIST, .values = "NAME,...", .standard = "all",
	 .sentence = "tests to run, by name or with * and ?"},
	{FIELD(limit), .kind = DURATION, .max = 1000000, .values = "TIME", .standard = "none",
	 .sentence = "how long a test may take: then an NMI, which make run sends, ends it"},
	{FIELD(mem), .kind = SIZE, .min = 1, .max = ANY, .values = "SIZE|all", .most = "all",
	 .standard = "all, 256M where firmware fills what it gets back",
	 .sentence = "take at most this much memory from the firmware"},
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
	 .values = "auto|qemu|shell|wait|reboot|poweroff", .standard = "auto",
	 .sentence = "what to do at the end; auto: qemu under QEMU, else wait"},
	{FIELD(wait), .kind = DURATION, .min = 1, .max = 86400, .values = "TIME", .standard = "5m",
	 .sentence = "how long exit=wait waits for a key"},
	{FIELD(bench), .kind = FLAG, .values = "", .standard = "",
	 .sentence = "run the benchmarks (test= selects) instead of the tests"},
	{FIELD(loops), .kind = NUMBER, .max = (uint64_t)1 << 32, .values = "NUMBER",
	 .standard = "as Linux", .sentence = "loops of each benchmark"},
	{FIELD(pages), .kind = NUMBER, .max = (uint64_t)1 << 20, .values = "NUMBER",
	 .standard = "as Linux", .sentence = "pages of fix_size and vm_map_ram benchmarks"},
	{FIELD(huge), .kind = SWITCH, .values = "on|off", .standard = "off",
	 .sentence = "fix_size benchmarks by vmalloc_huge()"},
	{FIELD(stop), .kind = LIST, .values = "MOMENT,...", .standard = "never",
	 .sentence = "stop QEMU (device pvpanic) at: start, areas, freed, end"},
	{FIELD(dump), .kind = FLAG, .values = "", .standard = "",
	 .sentence = "print all areas and page tables before the tests and after them"},
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
enum { NR_OPTIONS = sizeof(table) / sizeof(table[0]), WORD_SHOWN_MAX = 60 };

struct parser {
	struct options *options;
	options_line_t complain;
	void *context;
	unsigned int complaints;
};

static bool is_seed(const struct option *option)
{
	return option->field == offsetof(struct options, seed);
}

void options_default(struct options *options)
{
	*options = (struct options){.kaslr = KASLR_FINE,
				    .guard = 1,
				    .cache = true,
				    .wait = 300,
				    .keep = 20,
				    .resume = true};
}

static void complain(struct parser *parser, const char *line)
{
	if (parser->complaints++ < OPTIONS_COMPLAINTS_MAX)
		parser->complain(parser->context, line);
}

/* A copy that can be printed: cut, and without what is no plain character. */
static void printable(struct word word, char shown[WORD_SHOWN_MAX + 4])
{
	size_t nr = word.length < WORD_SHOWN_MAX ? word.length : WORD_SHOWN_MAX;

	for (size_t i = 0; i < nr; i++)
		shown[i] = word.text[i] > ' ' && word.text[i] < 0x7f ? word.text[i] : '?';
	memcpy(shown + nr, nr < word.length ? "..." : "", nr < word.length ? 4 : 1);
}

static const struct option *find(struct word name)
{
	for (size_t i = 0; i < NR_OPTIONS; i++)
		if (word_equals(name, table[i].name))
			return &table[i];
	return NULL;
}

static void complain_unknown(struct parser *parser, struct word name)
{
	const struct option *nearest = &table[0];
	char line[160], shown[WORD_SHOWN_MAX + 4];

	for (size_t i = 1; i < NR_OPTIONS; i++)
		if (word_distance(name, table[i].name) < word_distance(name, nearest->name))
			nearest = &table[i];
	printable(name, shown);
	scnprintf(line, sizeof(line), "unknown option \"%s\" (nearest: %s), skipped", shown,
		  nearest->name);
	complain(parser, line);
}

static void complain_malformed(struct parser *parser, const struct option *option,
			       struct word value)
{
	char line[200], shown[WORD_SHOWN_MAX + 4];

	printable(value, shown);
	if (option->kind == FLAG)
		scnprintf(line, sizeof(line), "option \"%s\" takes no value, skipped",
			  option->name);
	else
		scnprintf(line, sizeof(line), "malformed \"%s=%s\", skipped: takes %s",
			  option->name, shown, option->values);
	complain(parser, line);
}

static bool set_number(const struct option *option, struct word value, uint64_t *field)
{
	uint64_t number = option->max;
	const char *units = option->kind == SIZE ? "KMGT" : option->kind == DURATION ? "smh" : "";

	if (!(option->most && word_equals(value, option->most)) &&
	    !word_number(value, units, &number))
		return false;
	if (number < option->min || number > option->max)
		return false;
	*field = number;
	return true;
}

static bool set_list(struct word value, char *field)
{
	if (value.length >= OPTION_LIST_MAX)
		return false;
	memcpy(field, value.text, value.length);
	field[value.length] = '\0';
	return true;
}

static bool set_choice(const char *const *choices, struct word value, unsigned int *field)
{
	for (unsigned int i = 0; choices[i]; i++) {
		if (word_equals(value, choices[i])) {
			*field = i;
			return true;
		}
	}
	return false;
}

static bool set_switch(struct word value, bool *field)
{
	if (!word_equals(value, "on") && !word_equals(value, "off"))
		return false;
	*field = word_equals(value, "on");
	return true;
}

static bool set(const struct option *option, struct word value, struct options *options)
{
	void *field = (char *)options + option->field;

	switch (option->kind) {
	case CHOICE:
		return set_choice(option->choices, value, field);
	case SWITCH:
		return set_switch(value, field);
	case LIST:
		return set_list(value, field);
	case FLAG:
		return false;
	default:
		return set_number(option, value, field);
	}
}

/* A single test's own option, which only that test understands. False: it is none, or too much. */
static bool keep_own(struct word name, struct word word, char *own)
{
	size_t used = strlen(own);
	struct word option;

	if (!word_split(&name, '.', &option) || !name.length || !option.length ||
	    used + word.length + 2 > OPTION_LIST_MAX)
		return false;
	memcpy(own + used, word.text, word.length);
	memcpy(own + used + word.length, " ", 2);
	return true;
}

static void parse_word(struct parser *parser, struct word word)
{
	struct word name = word, value;
	bool has_value = word_split(&name, '=', &value);
	const struct option *option = find(name);

	if (!option && has_value && keep_own(name, word, parser->options->own))
		return;
	if (!option)
		complain_unknown(parser, name);
	else if (option->kind == FLAG && !has_value)
		*(bool *)((char *)parser->options + option->field) = true;
	else if (!has_value || !set(option, value, parser->options))
		complain_malformed(parser, option, value);
	else if (is_seed(option))
		parser->options->seed_given = true;
}

void options_parse(struct options *options, const char *text, size_t length,
		   options_line_t complain_line, void *context)
{
	struct parser parser = {.options = options, .complain = complain_line, .context = context};
	struct word rest = {text, length}, word;
	char line[80];

	while (word_next(&rest, &word))
		parse_word(&parser, word);
	if (parser.complaints <= OPTIONS_COMPLAINTS_MAX)
		return;
	scnprintf(line, sizeof(line), "%u more words unknown or malformed, skipped",
		  parser.complaints - OPTIONS_COMPLAINTS_MAX);
	complain_line(context, line);
}

static const void *field_of(const struct options *options, const struct option *option)
{
	return (const char *)options + option->field;
}

static bool equal(const struct option *option, const struct options *a, const struct options *b)
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
	default:
		return *(const uint64_t *)x == *(const uint64_t *)y;
	}
}

bool options_same_run(const struct options *a, const struct options *b)
{
	for (size_t i = 0; i < NR_OPTIONS; i++)
		if (!is_seed(&table[i]) && !equal(&table[i], a, b))
			return false;
	return !strcmp(a->own, b->own) && (!a->seed_given || !b->seed_given || a->seed == b->seed);
}

/* With the largest unit that leaves a whole number. */
static void format_number(const struct option *option, uint64_t number, char *text, size_t size)
{
	static const char units[] = "\0KMGT";
	unsigned int unit = 0;

	if (option->most && number == option->max) {
		scnprintf(text, size, "%s", option->most);
		return;
	}
	for (; option->kind == SIZE && unit < 4 && number && number % 1024 == 0; unit++)
		number /= 1024;
	scnprintf(text, size,
		  is_seed(option) ? "0x%llx"
		  : unit	  ? "%llu%c"
				  : "%llu",
		  (unsigned long long)number, units[unit]);
}

/* "name=value", as it can be read again. */
static void format_word(const struct option *option, const struct options *options, char *text,
			size_t size)
{
	const void *field = field_of(options, option);
	char number[24];
	const char *value = number;

	if (option->kind == CHOICE)
		value = option->choices[*(const unsigned int *)field];
	else if (option->kind == SWITCH)
		value = *(const bool *)field ? "on" : "off";
	else if (option->kind == LIST)
		value = field;
	else if (option->kind != FLAG)
		format_number(option, *(const uint64_t *)field, number, sizeof(number));
	scnprintf(text, size, "%s%s%s", option->name, option->kind == FLAG ? "" : "=",
		  option->kind == FLAG ? "" : value);
}

void options_words(const struct options *options, options_line_t word, void *context)
{
	struct word own = {options->own, strlen(options->own)}, one;
	static struct options standard;
	char text[OPTION_LIST_MAX + 32];

	options_default(&standard);
	for (size_t i = 0; i < NR_OPTIONS; i++) {
		bool given = is_seed(&table[i]) ? options->seed_given
						: !equal(&table[i], options, &standard);

		if (!given)
			continue;
		format_word(&table[i], options, text, sizeof(text));
		word(context, text);
	}
	while (word_next(&own, &one)) {
		scnprintf(text, sizeof(text), "%.*s", (int)one.length, one.text);
		word(context, text);
	}
}

void options_help(options_line_t line, void *context)
{
	char text[PLATFORM_LINE_MAX], left[64];

	for (size_t i = 0; i < NR_OPTIONS; i++) {
		const struct option *o = &table[i];

		scnprintf(left, sizeof(left), "%s%s%s", o->name, o->values[0] ? "=" : "",
			  o->values);
		scnprintf(text, sizeof(text), "%-42s %s%s%s%s", left, o->sentence,
			  o->standard[0] ? " (default: " : "", o->standard,
			  o->standard[0] ? ")" : "");
		line(context, text);
	}
}
