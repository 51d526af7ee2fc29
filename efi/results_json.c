/* SPDX-License-Identifier: BSD-2-Clause */
#include "json.h"
#include "ktap.h"
#include "lib/string.h"
#include "results_text.h"

enum { SCHEMA_VERSION = 1 };

struct member {
	const char *key, *name;
};

/* What the header says, word for word. */
static const struct member header_members[] = {
	{"machine", "machine: "},   {"firmware", "firmware: "}, {"processor", "processor: "},
	{"features", "features: "}, {"paging", "paging: "},	{"memory", "memory: "},
	{"seed", "seed "},	    {"options", "options: "},	{"continues", "continues: "},
};

static const struct member layout_members[] = {
	{"image_base", "image base "},
	{"page_offset", "PAGE_OFFSET "},
	{"vmalloc_start", "VMALLOC_START "},
	{"vmemmap_start", "VMEMMAP_START "},
};

struct word results_until(struct word word, char stop)
{
	struct word tail;

	word_split(&word, stop, &tail);
	return word;
}

struct word results_header(struct word log, const char *name)
{
	struct ktap_line line;

	while (ktap_next(&log, &line) && line.kind != KTAP_RESULT)
		if (line.kind == KTAP_NOTE && ktap_cut(&line.text, name))
			return line.text;
	return (struct word){NULL, 0};
}

static struct word string(const char *text)
{
	return (struct word){text, strlen(text)};
}

static void put_header(struct json *json, struct word log)
{
	for (size_t i = 0; i < sizeof(header_members) / sizeof(header_members[0]); i++) {
		struct word value = results_header(log, header_members[i].name);

		if (value.length)
			json_text(json, header_members[i].key, value);
	}
	json_open(json, "layout", '{');
	for (size_t i = 0; i < sizeof(layout_members) / sizeof(layout_members[0]); i++) {
		struct word value = results_header(log, layout_members[i].name);

		if (value.length)
			json_text(json, layout_members[i].key, results_until(value, ','));
	}
	json_close(json, '}');
}

static void put_counts(struct json *json, struct word log)
{
	struct ktap_summary summary = ktap_summarize(log);

	json_number(json, "planned", summary.planned);
	json_number(json, "passed", summary.count[KTAP_PASSED]);
	json_number(json, "failed", summary.count[KTAP_FAILED]);
	json_number(json, "skipped", summary.count[KTAP_SKIPPED]);
}

/* The notes before a result line are its test's. */
static void put_notes(struct json *json, struct word notes)
{
	struct ktap_line line;

	json_open(json, "log", '[');
	while (ktap_next(&notes, &line))
		json_text(json, NULL, line.text);
	json_close(json, ']');
}

static void put_test(struct json *json, const struct ktap_line *line, struct word notes)
{
	static const char *const outcomes[] = {"passed", "failed", "skipped"};

	json_open(json, NULL, '{');
	json_text(json, "name", line->name);
	json_text(json, "outcome", string(outcomes[line->outcome]));
	if (line->us)
		json_milli(json, "ms", line->us);
	else if (line->comment.length)
		json_text(json, "reason", line->comment);
	if (line->outcome == KTAP_FAILED)
		put_notes(json, notes);
	json_close(json, '}');
}

static struct word between(const char *start, const char *end)
{
	return (struct word){start, (size_t)(end - start)};
}

static void put_tests(struct json *json, struct word log)
{
	const char *notes = log.text;
	struct ktap_line line;

	json_open(json, "tests", '[');
	while (ktap_next(&log, &line)) {
		if (line.kind == KTAP_RESULT)
			put_test(json, &line, between(notes, line.text.text));
		if (line.kind == KTAP_RESULT || line.kind == KTAP_PLAN)
			notes = log.text;
	}
	json_close(json, ']');
}

/* "report module.test: what = value unit (more)" */
static bool put_report(struct json *json, struct word note)
{
	struct word rest, what, value, unit;

	if (!ktap_cut(&note, "report ") || !word_split(&note, ':', &rest) || !ktap_cut(&rest, " "))
		return false;
	what = rest;
	if (!word_split(&what, '=', &value) || !what.length || !ktap_cut(&value, " "))
		return false;
	what.length--;
	word_split(&value, ' ', &unit);
	json_open(json, NULL, '{');
	json_text(json, "test", note);
	json_text(json, "what", what);
	json_pair(json, string("value"), value);
	json_text(json, "unit", results_until(unit, ' '));
	json_close(json, '}');
	return true;
}

/* "row name=fix_size_1 loops=1000": a word that says what it is, then nothing but pairs. */
static bool is_figure(struct word note, struct word *kind)
{
	struct word pair, value;
	unsigned int pairs = 0;

	if (!word_next(&note, kind) ||
	    word_split(&(struct word){kind->text, kind->length}, '=', &value))
		return false;
	for (; word_next(&note, &pair); pairs++)
		if (!word_split(&pair, '=', &value) || !pair.length)
			return false;
	return pairs > 1;
}

static void put_figure(struct json *json, struct word note)
{
	struct word kind, pair, value;

	if (!is_figure(note, &kind))
		return;
	json_open(json, NULL, '{');
	json_text(json, "figure", kind);
	word_next(&note, &kind);
	while (word_next(&note, &pair)) {
		word_split(&pair, '=', &value);
		json_pair(json, pair, value);
	}
	json_close(json, '}');
}

/* Figures that tests report, and those of the benchmarks. */
static void put_figures(struct json *json, struct word log)
{
	struct ktap_line line;
	bool tests = false;

	json_open(json, "figures", '[');
	while (ktap_next(&log, &line)) {
		tests |= line.kind == KTAP_PLAN;
		if (tests && line.kind == KTAP_NOTE && !put_report(json, line.text))
			put_figure(json, line.text);
	}
	json_close(json, ']');
}

/* "CPU 0: page fault reading 0x18 ..." */
static bool is_fault(struct word note)
{
	return ktap_cut(&note, "CPU ") && note.length && note.text[0] >= '0' && note.text[0] <= '9';
}

static void put_faults(struct json *json, struct word log)
{
	struct ktap_line line;

	json_open(json, "faults", '[');
	while (ktap_next(&log, &line))
		if (line.kind == KTAP_NOTE && is_fault(line.text))
			json_text(json, NULL, line.text);
	json_close(json, ']');
}

void results_put_json(struct text_out *out, const struct results_run *run)
{
	struct json json = {.out = out};

	json_open(&json, NULL, '{');
	json_number(&json, "schema", SCHEMA_VERSION);
	json_number(&json, "run", run->number);
	json_text(&json, "outcome", run->verdict);
	put_counts(&json, run->log);
	put_header(&json, run->log);
	put_tests(&json, run->log);
	put_figures(&json, run->log);
	put_faults(&json, run->log);
	json_close(&json, '}');
}
