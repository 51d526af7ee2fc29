/* SPDX-License-Identifier: BSD-2-Clause */
#include "json.h"
#include "ktap.h"
#include "options.h"
#include "quiet.h"
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

static void keep_line(void *first, const char *line)
{
	if (!*(char *)first)
		memcpy(first, line, strlen(line) + 1);
}

static const char *complaint_of(const char *text)
{
	static char first[256];
	struct options options;

	first[0] = '\0';
	options_default(&options);
	options_parse(&options, text, strlen(text), keep_line, first);
	return first;
}

TEST(options, complaints, "what is wrong is named, with what is near, or what would be right")
{
	expect_string(complaint_of("sed=7"), "unknown option \"sed\" (nearest: seed), skipped");
	expect_string(complaint_of("quiet_addresses=on"),
		      "unknown option \"quiet_addresses\" (nearest: quiet-addresses), skipped");
	expect_string(complaint_of("repeat=0"),
		      "malformed \"repeat=0\", skipped: takes NUMBER|TIME");
	expect_string(complaint_of("repeat=3k"),
		      "malformed \"repeat=3k\", skipped: takes NUMBER|TIME");
	expect_string(complaint_of("list=1"), "option \"list\" takes no value, skipped");
	expect_string(complaint_of("keep"), "malformed \"keep=\", skipped: takes 1..9999");
	expect_string(complaint_of("wait=2m repeat=1h mem=4G vmalloc=1T order=shuffled"), "");
}

TEST(options, rounds, "repeat= takes a number of rounds, or a time; the last one counts")
{
	struct options options;
	unsigned int complaints = 0;

	options_default(&options);
	options_parse(&options, "repeat=7 repeat=2m", 18, complain, &complaints);
	expect_equal(options.repeat, 0);
	expect_equal(options.repeat_seconds, 120);
	options_parse(&options, "repeat=7", 8, complain, &complaints);
	expect_equal(options.repeat, 7);
	expect_equal(options.repeat_seconds, 0);
	expect_equal(complaints, 0);
}

static const char *quiet(const char *line)
{
	static char text[256];

	memcpy(text, line, strlen(line) + 1);
	quiet_line(text);
	return text;
}

TEST(quiet, line, "addresses and the seed are taken out of a line, and nothing else is")
{
	expect_string(quiet("# PAGE_OFFSET 0xffff888000000000, 25.4 bits"),
		      "# PAGE_OFFSET 0x..., 25.4 bits");
	expect_string(quiet("rip 000000003db787e3 cs 38"), "rip ... cs 38");
	expect_string(quiet("test+0x53/0x60 flags 0x1fff"), "test+0x53/0x60 flags 0x1fff");
	expect_string(quiet("to repeat: seed=0x17 test=walk.one"),
		      "to repeat: seed=0x.. test=walk.one");
	expect_string(quiet("0x00100000-0x00806000"), "0x...-0x...");
	expect_string(quiet("deadbeef"), "...");
	expect_string(quiet("seed=9"), "seed=.");
	expect_string(quiet("ok 7 vmap_area.defaced # 1.592 ms"),
		      "ok 7 vmap_area.defaced # 1.592 ms");
	expect_string(quiet(""), "");
}

/* By coreutils: printf '\1\0\0\0\0\0\0\0' | sha256sum. */
TEST(quiet, digest, "the digest of a seed is SHA-256's")
{
	char digest[QUIET_DIGEST_MAX];

	expect_string(quiet_digest(1, digest), "7c9f-a136-d441-3fa6");
	expect_string(quiet_digest(0x0123456789abcdef, digest), "a85b-a2b3-6261-d0dc");
}
