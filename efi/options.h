/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "layout.h"

/*
 * What a run is asked for. One table in options.c feeds the parser, `help`, and whatever prints it
 * elsewhere. Plain text in, no firmware: it is also built and fuzzed on the host.
 *
 * Grammar: words of name=value between white space; # at the start of a word: the rest of the line
 * is a comment. Numbers are decimal or 0x hexadecimal; sizes take K M G T (powers of 1024) behind
 * them, durations s m h (seconds without). Later words win.
 */

enum paging { PAGING_AUTO, PAGING_4, PAGING_5 };
enum exit_way {
	EXIT_AUTO,
	EXIT_QEMU,
	EXIT_SHELL,
	EXIT_WAIT,
	EXIT_REBOOT,
	EXIT_POWEROFF,
	EXIT_MENU
};
enum placement { PLACEMENT_LOWEST, PLACEMENT_RANDOM, PLACEMENT_BEST, PLACEMENT_TOP };
enum debug { DEBUG_OFF, DEBUG_PAGEALLOC };
enum group { GROUP_ALL, GROUP_SMOKE };
enum order { ORDER_FIXED, ORDER_SHUFFLED };
enum verbosity { VERBOSITY_QUIET, VERBOSITY_NORMAL, VERBOSITY_DETAILS };
enum results { RESULTS_AUTO, RESULTS_ON, RESULTS_OFF };
enum { OPTION_LIST_MAX = 1024, OPTION_TEST_NAME_MAX = 96 };

struct options {
	uint64_t seed;
	bool seed_given;
	char test[OPTION_LIST_MAX]; /* empty: all */
	enum group group;
	bool list;
	bool layout;
	uint64_t repeat, repeat_seconds; /* rounds; with a unit of time that long. 0: not given */
	enum order order;
	bool failfast;
	char own[OPTION_LIST_MAX]; /* single tests' own: words NAME.option=value, a blank each */
	uint64_t limit;		   /* seconds a test may take; 0: any */
	uint64_t mem;		   /* bytes; 0: not given, all bits set: all */
	uint64_t cpus;		   /* 0: auto, all bits set: all */
	enum kaslr kaslr;
	uint64_t vmalloc; /* bytes; 0: the default of the paging mode */
	uint64_t padding; /* TiB */
	enum paging paging;
	bool poison;
	uint64_t guard;	     /* pages */
	uint64_t quarantine; /* pages */
	uint64_t lazy_max;   /* pages; 0: the default */
	enum placement place;
	bool cache;
	enum debug debug;
	uint64_t fail; /* the number of the allocation that fails; 0: none */
	enum exit_way exit;
	uint64_t wait; /* seconds */
	uint64_t soak; /* seconds; 0: none */
	bool bench;
	uint64_t loops, pages; /* of benchmarks; 0: as each has it */
	uint64_t workers;      /* CPUs that run each benchmark; 0: one */
	bool huge;
	char stop[OPTION_LIST_MAX];
	bool dump;
	enum verbosity verbosity;
	uint64_t countdown; /* seconds */
	bool quiet_addresses;
	enum results results;
	uint64_t keep; /* runs on the disk */
	bool resume;
	char after[OPTION_TEST_NAME_MAX]; /* no option: the test that this run begins behind */
	bool help;
};

typedef void (*options_line_t)(void *context, const char *line);

void options_default(struct options *options);

/*
 * Reads `length` bytes of text into `options`. A word that is unknown or malformed is skipped;
 * `complain` gets one line for each, without a newline, the first OPTIONS_COMPLAINTS_MAX of them
 * one by one and the others as a number.
 */
enum { OPTIONS_COMPLAINTS_MAX = 20 };
void options_parse(struct options *options, const char *text, size_t length,
		   options_line_t complain, void *context);

/* The words that make `options` out of the defaults: the values that differ, and the seed. */
void options_words(const struct options *options, options_line_t word, void *context);
/* Whether both ask for the same run: all but the seed is equal, and this too where both give it. */
bool options_same_run(const struct options *a, const struct options *b);

/*
 * Every option: name, values, default, and a sentence. For a screen, a line each; as rows of a
 * table in Markdown; and as \vmlab.cfg has them, commented out.
 */
void options_help(options_line_t line, void *context);
void options_markdown(options_line_t line, void *context);
void options_config(options_line_t line, void *context);
