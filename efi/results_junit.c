/* SPDX-License-Identifier: BSD-2-Clause */
#include "ktap.h"
#include "results_text.h"

/* The form that JUnit has made common, as build servers read it: one suite, a case a test. */

/* Text of XML 1.0 (section 2.2 and 2.4): control characters and what is not ASCII become '?'. */
static void put_escaped(struct text_out *out, struct word text)
{
	for (size_t i = 0; i < text.length; i++) {
		char c = text.text[i];

		if (c == '<')
			text_put_string(out, "&lt;");
		else if (c == '>')
			text_put_string(out, "&gt;");
		else if (c == '&')
			text_put_string(out, "&amp;");
		else if (c == '"')
			text_put_string(out, "&quot;");
		else
			text_put(out, (c < ' ' && c != '\n') || c > '~' ? "?" : &c, 1);
	}
}

static void put_attribute(struct text_out *out, const char *name, struct word value)
{
	text_put_string(out, " ");
	text_put_string(out, name);
	text_put_string(out, "=\"");
	put_escaped(out, value);
	text_put_string(out, "\"");
}

static void put_number(struct text_out *out, const char *name, uint64_t value)
{
	text_put_string(out, " ");
	text_put_string(out, name);
	text_put_string(out, "=\"");
	text_put_number(out, value);
	text_put_string(out, "\"");
}

/* In seconds; what is given is microseconds. */
static void put_time(struct text_out *out, uint64_t us)
{
	text_put_string(out, " time=\"");
	text_put_fraction(out, us, 6);
	text_put_string(out, "\"");
}

static void put_property(struct text_out *out, struct word log, const char *name,
			 const char *header)
{
	struct word value = results_header(log, header);

	if (!value.length)
		return;
	text_put_string(out, "   <property name=\"");
	text_put_string(out, name);
	text_put_string(out, "\"");
	put_attribute(out, "value", value);
	text_put_string(out, "/>\n");
}

static void put_properties(struct text_out *out, struct word log)
{
	text_put_string(out, "  <properties>\n");
	put_property(out, log, "machine", "machine: ");
	put_property(out, log, "firmware", "firmware: ");
	put_property(out, log, "processor", "processor: ");
	put_property(out, log, "seed", "seed ");
	put_property(out, log, "options", "options: ");
	text_put_string(out, "  </properties>\n");
}

/* A failure's message is its first note; all of them are its text. */
static void put_failure(struct text_out *out, struct word notes)
{
	struct word rest = notes;
	struct ktap_line first;

	if (!ktap_next(&rest, &first))
		first.text = (struct word){NULL, 0};
	text_put_string(out, "   <failure");
	put_attribute(out, "message", first.text);
	text_put_string(out, ">");
	put_escaped(out, notes);
	text_put_string(out, "</failure>\n");
}

static void put_case(struct text_out *out, const struct ktap_line *line, struct word notes)
{
	struct word module = line->name, name;

	word_split(&module, '.', &name);
	text_put_string(out, "  <testcase");
	put_attribute(out, "classname", module);
	put_attribute(out, "name", name.length ? name : module);
	put_time(out, line->us);
	if (line->outcome == KTAP_PASSED) {
		text_put_string(out, "/>\n");
		return;
	}
	text_put_string(out, ">\n");
	if (line->outcome == KTAP_SKIPPED) {
		text_put_string(out, "   <skipped");
		put_attribute(out, "message", line->comment);
		text_put_string(out, "/>\n");
	} else {
		put_failure(out, notes);
	}
	text_put_string(out, "  </testcase>\n");
}

static uint64_t total_us(struct word log)
{
	struct ktap_line line;
	uint64_t us = 0;

	while (ktap_next(&log, &line))
		us += line.us;
	return us;
}

static void put_cases(struct text_out *out, struct word log)
{
	const char *notes = log.text;
	struct ktap_line line;

	while (ktap_next(&log, &line)) {
		if (line.kind == KTAP_RESULT)
			put_case(out, &line,
				 (struct word){notes, (size_t)(line.text.text - notes)});
		if (line.kind == KTAP_RESULT || line.kind == KTAP_PLAN)
			notes = log.text;
	}
}

void results_put_junit(struct text_out *out, const struct results_run *run)
{
	struct ktap_summary summary = ktap_summarize(run->log);
	uint64_t tests = 0;

	for (unsigned int i = 0; i < KTAP_OUTCOMES; i++)
		tests += summary.count[i];
	text_put_string(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
			     " <testsuite name=\"vmlab\"");
	put_number(out, "tests", tests);
	put_number(out, "failures", summary.count[KTAP_FAILED]);
	put_number(out, "skipped", summary.count[KTAP_SKIPPED]);
	put_time(out, total_us(run->log));
	text_put_string(out, ">\n");
	put_properties(out, run->log);
	put_cases(out, run->log);
	text_put_string(out, "  <system-out>outcome: ");
	put_escaped(out, run->verdict);
	text_put_string(out, "</system-out>\n </testsuite>\n</testsuites>\n");
}
