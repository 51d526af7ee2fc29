/* SPDX-License-Identifier: BSD-2-Clause */
#include "json.h"
#include "ktap.h"
#include "options.h"
#include "results_text.h"
#include "test.h"

/* What is made of a log for the files of a run: efi/ktap.c, json.c, results_*.c, options.c. */

static char made[16384];

static struct word word(const char *text)
{
	return (struct word){text, strlen(text)};
}

static const char whole_log[] = "# vmlab\n"
				"# machine: a \"real\" one\n"
				"# seed 0x7 (from seed=)\n"
				"# VMALLOC_START 0xffffc90000000000, 25.4 bits\n"
				"KTAP version 1\n"
				"1..4\n"
				"ok 1 a.one # 1.592 ms\n"
				"# report a.two: loops = 12 calls (about)\n"
				"ok 2 a.two # SKIP no <device>\n"
				"# CPU 0: page fault reading 0x18\n"
				"# a & b\n"
				"not ok 3 b.three # 0.001 ms\n"
				"# row name=fix loops=10 share=0.5 id=0x1\n"
				"ok 4 b.four\n"
				"# 2 passed, 1 failed, 1 skipped: failed\n";

static const char *all_of(struct text_out *out)
{
	require(out->used < sizeof(made));
	made[out->used] = '\0';
	return made;
}

static bool has(const char *text, const char *part)
{
	for (; *text; text++)
		if (!strncmp(text, part, strlen(part)))
			return true;
	return false;
}

TEST(ktap, summary, "a log's plan, results and closing line are counted")
{
	struct ktap_summary summary = ktap_summarize(word(whole_log));

	expect_equal(summary.planned, 4);
	expect_equal(summary.count[KTAP_PASSED], 2);
	expect_equal(summary.count[KTAP_FAILED], 1);
	expect_equal(summary.count[KTAP_SKIPPED], 1);
	expect(summary.closed && word_equals(summary.verdict, "failed"));
	expect_equal(summary.running.length, 0);
	expect_equal(summary.end, sizeof(whole_log) - 1);
}

TEST(ktap, lines, "a result has its name, its duration, and what a skip says")
{
	struct word rest = word("ok 1 a.one # 1.592 ms\nok 2 b # SKIP why not\nnot ok 3 c # CRASH");
	struct ktap_line line;

	require(ktap_next(&rest, &line));
	expect(line.kind == KTAP_RESULT && word_equals(line.name, "a.one"));
	expect_equal(line.us, 1592);
	require(ktap_next(&rest, &line));
	expect_equal(line.outcome, KTAP_SKIPPED);
	expect(word_equals(line.comment, "why not"));
	require(ktap_next(&rest, &line));
	expect(line.outcome == KTAP_FAILED && word_equals(line.comment, "CRASH"));
	expect(!ktap_next(&rest, &line));
}

/* A torn log: cut anywhere, it is closed in the test that was running, behind its last whole line.
 */
TEST(ktap, crash, "a log that was cut off anywhere is closed so that its numbers agree")
{
	char log[sizeof(whole_log) + 400];
	size_t closing = sizeof("# 2 passed, 1 failed, 1 skipped: failed\n") - 1;

	for (size_t cut = 0; cut < sizeof(whole_log) - closing; cut++) {
		struct text_out out = {.bytes = log, .size = sizeof(log)};
		struct ktap_summary summary, closed;

		text_put(&out, whole_log, cut);
		text_put_string(&out,
				cut && whole_log[cut - 1] == '\n' ? "# running: b.next\n  " : "");
		summary = ktap_summarize((struct word){log, out.used});
		expect_equal(summary.closed, false);
		out.used = summary.end;
		ktap_put_crash(&out, &summary);
		require(out.used <= out.size);
		closed = ktap_summarize((struct word){log, out.used});
		expect(closed.closed && word_equals(closed.verdict, "crashed"));
		expect_equal(closed.count[KTAP_FAILED],
			     summary.count[KTAP_FAILED] + !!summary.running.length);
		expect_equal(closed.end, out.used);
	}
}

TEST(ktap, junk, "no bytes keep the reader from coming to its end")
{
	char junk[256];

	for (unsigned int round = 0; round < 2000; round++) {
		static const char alphabet[] = "ok not1.. #\n:,SKIPpased0x\r\t";
		struct ktap_summary summary;

		for (size_t i = 0; i < sizeof(junk); i++)
			junk[i] = alphabet[test_random_below(NULL, sizeof(alphabet))];
		summary = ktap_summarize((struct word){junk, sizeof(junk)});
		expect(summary.end <= sizeof(junk));
		expect(summary.end == 0 || junk[summary.end - 1] == '\n');
	}
}

TEST(results, json, "JSON has the header, each test, its figures and its faults")
{
	struct text_out out = {.bytes = made, .size = sizeof(made)};
	const struct results_run run = {12, word(whole_log), word("failed")};
	const char *json;

	results_put_json(&out, &run);
	json = all_of(&out);
	expect(has(json, "\"run\": 12,"));
	expect(has(json, "\"machine\": \"a \\\"real\\\" one\""));
	expect(has(json, "\"vmalloc_start\": \"0xffffc90000000000\""));
	expect(has(json, "\"ms\": 1.592"));
	expect(has(json, "\"reason\": \"no <device>\""));
	expect(has(json, "\"log\": [\n    \"CPU 0: page fault reading 0x18\",\n    \"a & b\""));
	expect(has(json, "\"value\": 12,\n   \"unit\": \"calls\""));
	expect(has(json, "\"figure\": \"row\",\n   \"name\": \"fix\",\n   \"loops\": 10,"));
	expect(has(json, "\"share\": 0.5,\n   \"id\": \"0x1\""));
	expect(has(json, "\"faults\": [\n  \"CPU 0: page fault reading 0x18\"\n ]"));
}

TEST(results, junit, "JUnit's XML has a case a test, with the text escaped")
{
	struct text_out out = {.bytes = made, .size = sizeof(made)};
	const struct results_run run = {12, word(whole_log), word("failed")};
	const char *xml;

	results_put_junit(&out, &run);
	xml = all_of(&out);
	expect(has(xml, "tests=\"4\" failures=\"1\" skipped=\"1\" time=\"0.001593\""));
	expect(has(xml, "<testcase classname=\"a\" name=\"one\" time=\"0.001592\"/>"));
	expect(has(xml, "<skipped message=\"no &lt;device&gt;\"/>"));
	expect(has(xml, "# a &amp; b\n</failure>"));
	expect(has(xml, "value=\"a &quot;real&quot; one\""));
}

TEST(results, measured, "what does not fit is counted: a first pass without room tells the size")
{
	const struct results_run run = {1, word(whole_log), word("passed")};
	struct text_out none = {.bytes = NULL}, small = {.bytes = made, .size = 10}, all = small;

	all.size = sizeof(made);
	results_put_json(&none, &run);
	made[10] = 'x';
	results_put_json(&small, &run);
	expect_equal(made[10], 'x');
	results_put_json(&all, &run);
	expect_equal(none.used, all.used);
	expect_equal(small.used, all.used);
}

struct words {
	char text[1024];
};

static void add_word(void *context, const char *text)
{
	struct words *words = context;
	size_t used = strlen(words->text);

	memcpy(words->text + used, text, strlen(text) + 1);
	memcpy(words->text + used + strlen(text), " ", 2);
}

static void complain(void *context, const char *line)
{
	(void)line;
	++*(unsigned int *)context;
}

TEST(options, words, "options written as words and read again are the same")
{
	static const char given[] = "seed=0x1f test=a,b mem=64M vmalloc=1536M kaslr=linux wait=2m "
				    "poison=on dump fail=7 a_test.loops=3 mem=all keep=5 ";
	struct options options, again;
	struct words words = {""};
	unsigned int complaints = 0;

	options_default(&options);
	options_parse(&options, given, strlen(given), complain, &complaints);
	options_words(&options, add_word, &words);
	expect(has(words.text, "mem=all ") && has(words.text, "vmalloc=1536M "));
	expect(has(words.text, "seed=0x1f ") && has(words.text, "a_test.loops=3 "));
	options_default(&again);
	options_parse(&again, words.text, strlen(words.text), complain, &complaints);
	expect_equal(complaints, 0);
	expect(options_same_run(&options, &again));
	again.seed++;
	expect(!options_same_run(&options, &again));
	again.seed_given = false;
	expect(options_same_run(&options, &again));
	again.poison = false;
	expect(!options_same_run(&options, &again));
}
