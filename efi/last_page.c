/* SPDX-License-Identifier: BSD-2-Clause */
#include "last_page.h"
#include "kept.h"
#include "ktap.h"
#include "lib/string.h"
#include "machine.h"
#include "results.h"
#include "screen.h"

enum { FAILED_SHOWN_MAX = 4, REASONS_SHOWN_MAX = 2, INDENT = 8 };

static const struct verdict {
	const char *word, *sentence;
	enum screen_colour colour;
} verdicts[] = {
	[OUTCOME_PASSED] = {"PASSED", "all is as it should be", SCREEN_GOOD},
	[OUTCOME_FAILED] = {"FAILED", "something is not as it should be", SCREEN_BAD},
	[OUTCOME_SKIPPED] = {"SKIPPED", "nothing could be tried here", SCREEN_WARNING},
	[OUTCOME_CRASHED] = {"CRASHED", "the run could not go on", SCREEN_BAD},
};

/* As many rows as it takes. */
static void print_wrapped(struct word text)
{
	size_t width = screen_columns() - INDENT - 1;

	for (size_t at = 0; at < text.length; at += width) {
		size_t left = text.length - at;

		screen_print(SCREEN_PLAIN, "%*s%.*s", INDENT, "",
			     (int)(left < width ? left : width), text.text + at);
	}
}

/* The first notes of a failed test: expected and actual with file and line, or the fault. */
static void print_reasons(struct word notes)
{
	struct ktap_line line;

	for (unsigned int nr = 0; nr < REASONS_SHOWN_MAX && ktap_next(&notes, &line); nr++)
		print_wrapped(line.text);
}

static void print_failed(struct word log)
{
	const char *notes = log.text;
	struct ktap_line line;
	unsigned int nr = 0;

	while (ktap_next(&log, &line)) {
		bool failed = line.kind == KTAP_RESULT && line.outcome == KTAP_FAILED;

		if (failed && nr++ < FAILED_SHOWN_MAX) {
			screen_print(SCREEN_BAD, "    %.*s", (int)line.name.length, line.name.text);
			print_reasons((struct word){notes, (size_t)(line.text.text - notes)});
		}
		if (line.kind == KTAP_RESULT || line.kind == KTAP_PLAN)
			notes = log.text;
	}
	if (nr > FAILED_SHOWN_MAX)
		screen_print(SCREEN_BAD, "    and %u more", nr - FAILED_SHOWN_MAX);
	if (nr)
		screen_print(SCREEN_PLAIN, " ");
}

static void print_note(struct word log, const char *name, const char *shown)
{
	struct ktap_line line;

	while (ktap_next(&log, &line))
		if (line.kind == KTAP_NOTE && ktap_cut(&line.text, name)) {
			screen_print(SCREEN_PLAIN, "    %s%.*s", shown, (int)line.text.length,
				     line.text.text);
			return;
		}
}

static void print_next(enum outcome outcome, struct word log)
{
	screen_print(SCREEN_BRIGHT, "  What next");
	if (outcome == OUTCOME_PASSED) {
		screen_print(SCREEN_PLAIN, "    again, with another seed: start vmlab once more");
		screen_print(SCREEN_PLAIN, "    longer: repeat=1h in \\vmlab.cfg, or in the menu");
		return;
	}
	print_note(log, "to repeat: ", "the same again: ");
	screen_print(SCREEN_PLAIN, "    to tell others: take the files below, results.tap first");
}

void last_page(enum outcome outcome, const struct options *options)
{
	const struct verdict *verdict = &verdicts[outcome];
	struct word log = kept_text(KEPT_TAP);
	struct ktap_summary summary = ktap_summarize(log);

	screen_print(SCREEN_PLAIN, " ");
	screen_print(verdict->colour, "  %s: %s", verdict->word, verdict->sentence);
	screen_print(SCREEN_BRIGHT, "  %llu passed, %llu failed, %llu skipped",
		     (unsigned long long)summary.count[KTAP_PASSED],
		     (unsigned long long)summary.count[KTAP_FAILED],
		     (unsigned long long)summary.count[KTAP_SKIPPED]);
	screen_print(SCREEN_PLAIN, " ");
	print_failed(log);
	print_next(outcome, log);
	if (options->results != RESULTS_OFF)
		print_note(log, "results: ", "results: ");
}
