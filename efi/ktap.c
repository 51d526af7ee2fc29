/* SPDX-License-Identifier: BSD-2-Clause */
#include "ktap.h"
#include "lib/string.h"

static void skip(struct word *word, size_t nr)
{
	word->text += nr;
	word->length -= nr;
}

bool ktap_cut(struct word *word, const char *text)
{
	size_t length = strlen(text);

	if (word->length < length || memcmp(word->text, text, length))
		return false;
	skip(word, length);
	return true;
}

/* Up to the first `separator`, which is passed over; all of it when there is none. */
static struct word take(struct word *rest, const char *separator)
{
	size_t length = strlen(separator), i = 0;
	struct word head = *rest;

	while (i + length <= rest->length && memcmp(rest->text + i, separator, length))
		i++;
	if (i + length > rest->length) {
		skip(rest, rest->length);
		return head;
	}
	head.length = i;
	skip(rest, i + length);
	return head;
}

static bool take_number(struct word *rest, uint64_t *number)
{
	struct word digits = {rest->text, 0};

	while (digits.length < rest->length && digits.text[digits.length] >= '0' &&
	       digits.text[digits.length] <= '9')
		digits.length++;
	if (!word_number(digits, "", number))
		return false;
	skip(rest, digits.length);
	return true;
}

static bool is_blank(struct word word)
{
	for (size_t i = 0; i < word.length; i++)
		if (word.text[i] != ' ' && word.text[i] != '\r' && word.text[i])
			return false;
	return true;
}

/* "1.592 ms" */
static uint64_t duration(struct word comment)
{
	uint64_t ms, us;

	if (!take_number(&comment, &ms) || !ktap_cut(&comment, ".") ||
	    !take_number(&comment, &us) || !word_equals(comment, " ms"))
		return 0;
	return ms * 1000 + us;
}

static void read_result(struct ktap_line *line, struct word rest, bool passed)
{
	uint64_t number;

	if (!take_number(&rest, &number) || !ktap_cut(&rest, " "))
		return;
	line->kind = KTAP_RESULT;
	line->name = take(&rest, " # ");
	line->outcome = passed ? KTAP_PASSED : KTAP_FAILED;
	if (passed && ktap_cut(&rest, "SKIP "))
		line->outcome = KTAP_SKIPPED;
	line->comment = rest;
	line->us = duration(rest);
}

/* "7 passed, 0 failed, 1 skipped: passed" */
static bool read_closing(struct ktap_line *line, struct word rest)
{
	static const char *const words[] = {" passed, ", " failed, ", " skipped: "};
	uint64_t number;

	for (unsigned int i = 0; i < KTAP_OUTCOMES; i++)
		if (!take_number(&rest, &number) || !ktap_cut(&rest, words[i]))
			return false;
	line->kind = KTAP_CLOSING;
	line->verdict = rest;
	return true;
}

static void read_line(struct ktap_line *line)
{
	struct word rest = line->text;

	if (ktap_cut(&rest, "ok ")) {
		read_result(line, rest, true);
	} else if (ktap_cut(&rest, "not ok ")) {
		read_result(line, rest, false);
	} else if (ktap_cut(&rest, "1..")) {
		if (take_number(&rest, &line->planned))
			line->kind = KTAP_PLAN;
	} else if (ktap_cut(&rest, "# ")) {
		line->text = rest;
		read_closing(line, rest);
	}
}

bool ktap_next(struct word *rest, struct ktap_line *line)
{
	do {
		if (!rest->length)
			return false;
		*line = (struct ktap_line){.kind = KTAP_NOTE, .text = take(rest, "\n")};
	} while (is_blank(line->text));
	read_line(line);
	return true;
}

static bool is_running(struct ktap_line *line)
{
	return line->kind == KTAP_NOTE && ktap_cut(&line->text, KTAP_RUNNING);
}

/* A line that is not ended by a newline was torn, or is not yet all there: it does not count. */
static bool is_whole(struct word log, struct word rest)
{
	const char *end = rest.length ? rest.text : log.text + log.length;

	return end > log.text && end[-1] == '\n';
}

struct ktap_summary ktap_summarize(struct word log)
{
	struct ktap_summary summary = {.end = 0};
	struct word rest = log;
	struct ktap_line line;

	while (ktap_next(&rest, &line) && is_whole(log, rest)) {
		if (is_running(&line)) {
			summary.running = line.text;
			continue;
		}
		summary.end = (size_t)(rest.text - log.text);
		if (line.kind == KTAP_PLAN) {
			summary.has_plan = true;
			summary.planned = line.planned;
		} else if (line.kind == KTAP_RESULT) {
			summary.count[line.outcome]++;
			summary.running = (struct word){NULL, 0};
		} else if (line.kind == KTAP_CLOSING) {
			summary.closed = true;
			summary.verdict = line.verdict;
		}
	}
	return summary;
}

static void put_crashed_test(struct text_out *out, const struct ktap_summary *summary,
			     uint64_t told)
{
	text_put_string(out, "# the machine stopped, or was switched off, in this test\nnot ok ");
	text_put_number(out, told);
	text_put_string(out, " ");
	text_put_word(out, summary->running);
	text_put_string(out, " # CRASH\n");
}

void ktap_put_crash(struct text_out *out, const struct ktap_summary *summary)
{
	static const char *const words[] = {" passed, ", " failed, ", " skipped: crashed\n"};
	uint64_t count[KTAP_OUTCOMES], told = 0;

	for (unsigned int i = 0; i < KTAP_OUTCOMES; i++)
		told += count[i] = summary->count[i];
	if (summary->running.length) {
		count[KTAP_FAILED]++;
		put_crashed_test(out, summary, ++told);
	} else {
		text_put_string(out,
				"# the machine stopped, or was switched off, outside any test\n");
	}
	if (summary->planned > told) {
		text_put_string(out, "# cut short: ");
		text_put_number(out, summary->planned - told);
		text_put_string(out, " of ");
		text_put_number(out, summary->planned);
		text_put_string(out, " not run\n");
	}
	text_put_string(out, "# ");
	for (unsigned int i = 0; i < KTAP_OUTCOMES; i++) {
		text_put_number(out, count[i]);
		text_put_string(out, words[i]);
	}
}
