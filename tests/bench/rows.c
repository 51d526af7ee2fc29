/* SPDX-License-Identifier: BSD-2-Clause */
#include "rows.h"
#include "lib/format.h"
#include "state.h"
#include "test.h"
#include "workers.h"

enum { ROWS_MAX = 32, NAME_BYTES = 32, LINUX_CLEARING = 704 };

#ifdef __clang__
#define COMPILER "clang"
#else
#define COMPILER "gcc"
#endif

struct result {
	char name[NAME_BYTES];
	uint64_t loops;
	struct cost cost; /* of all loops */
	unsigned int linux_instructions;
};

static struct result results[ROWS_MAX];
static unsigned int nr_results;
static uint64_t clearing;

/* A quotient in hundredths, rounded; what is negative (of ticks that vary) counts as nothing. */
static uint64_t hundredths(int64_t sum, uint64_t loops)
{
	return sum <= 0 ? 0 : ((uint64_t)sum * 100 + loops / 2) / loops;
}

static const char *format_hundredths(char text[24], uint64_t value)
{
	scnprintf(text, 24, "%llu.%02u", (unsigned long long)(value / 100),
		  (unsigned int)(value % 100));
	return text;
}

/* pages= and huge= make another row of one that takes them; the other rows of its load are left
 * out.
 */
static void apply_options(const struct row *row, struct load_parameters *parameters,
			  char name[NAME_BYTES])
{
	const struct bench_options *bench = &runner_options.bench;
	bool first = row->pages == 1 && !row->huge;

	scnprintf(name, NAME_BYTES, "%s", row->name);
	if (bench->loops)
		parameters->loops = bench->loops;
	if (!row->load->takes_pages || (!bench->pages && !bench->huge))
		return;
	if (!first)
		test_skip("pages= or huge= is given, and the first row of this load has it");
	parameters->pages = bench->pages ? bench->pages : 1;
	parameters->huge = bench->huge && row->load->takes_huge;
	scnprintf(name, NAME_BYTES, "%.*s%llu%s", (int)strlen(row->name) - 1, row->name,
		  (unsigned long long)parameters->pages, parameters->huge ? "_huge" : "");
}

static void print_row(const struct row *row, const struct result *result, bool good)
{
	const struct cost *cost = &result->cost;
	char text[24];

	log_line("row name=%s id=%u loops=%llu %s=%s linux=%u clearing=%llu good=%u", result->name,
		 row->load->id, (unsigned long long)result->loops, measure_unit(),
		 format_hundredths(text, hundredths(cost->ticks, result->loops)),
		 result->linux_instructions, (unsigned long long)clearing, good);
	log_line("row-counts name=%s loops=%llu invlpg=%lld cr3=%lld pge=%lld invpcid=%lld "
		 "tables=%lld cleared=%lld",
		 result->name, (unsigned long long)result->loops,
		 (long long)cost->flushes[TLB_INVLPG], (long long)cost->flushes[TLB_CR3],
		 (long long)cost->flushes[TLB_PGE], (long long)cost->flushes[TLB_INVPCID],
		 (long long)cost->tables, (long long)cost->cleared);
}

/* On no more CPUs than there are. */
static bool run_workers(const struct load *load, const struct load_parameters *parameters,
			const char *name)
{
	uint64_t workers = runner_options.bench.workers;

	if (workers > test_nr_cpus()) {
		log_line("workers=%llu: there are %u CPUs", (unsigned long long)workers,
			 test_nr_cpus());
		workers = test_nr_cpus();
	}
	return workers == 1 || workers_compare(load, parameters, name, (unsigned int)workers);
}

void row_run(const struct row *row)
{
	struct load_parameters parameters = {
		.loops = row->loops, .seed = test_random(), .pages = row->pages, .huge = row->huge};
	struct result *result = &results[nr_results % ROWS_MAX];
	uint64_t microseconds;
	bool passed;

	apply_options(row, &parameters, result->name);
	measure_init();
	clearing = measure_clearing();
	passed = measure_load(row->load, &parameters, &result->cost, &microseconds);
	measure_exit();
	result->loops = parameters.loops;
	result->linux_instructions = strcmp(result->name, row->name) ? 0 : row->linux_instructions;
	nr_results++;
	log_line("Summary: %s passed: %u failed: %u repeat: 1 loops: %llu avg: %llu usec",
		 row->load->name, passed, !passed, (unsigned long long)parameters.loops,
		 (unsigned long long)microseconds);
	print_row(row, result, passed);
	if (runner_options.bench.workers > 1)
		passed &= run_workers(row->load, &parameters, result->name);
	expect_equal(passed, !row->load->meant_to_fail);
}

static const char *format_share(char text[24], uint64_t ours, unsigned int theirs)
{
	if (!theirs || !measure_is_exact())
		return "-";
	scnprintf(text, 24, "1/%s",
		  format_hundredths((char[24]){0}, ours ? theirs * 10000ul / ours : 0));
	return text;
}

/* Without what clearing costs, on both sides. */
static const char *format_net(char text[24], const struct result *result)
{
	uint64_t cleared = hundredths(result->cost.cleared, result->loops);
	uint64_t ours = hundredths(result->cost.ticks, result->loops);
	uint64_t theirs = result->linux_instructions * 100ul;

	if (!theirs)
		return "-";
	ours -= cleared * clearing < ours ? cleared * clearing : ours;
	theirs -= cleared * LINUX_CLEARING < theirs ? cleared * LINUX_CLEARING : theirs;
	return format_share(text, ours, (unsigned int)(theirs / 100));
}

static void print_table_line(const struct result *result)
{
	char ours[24], share[24], net[24], flushes[4][24], tables[24], cleared[24];
	uint64_t cost = hundredths(result->cost.ticks, result->loops);

	for (unsigned int i = 0; i < NR_TLB_METHODS; i++)
		format_hundredths(flushes[i],
				  hundredths(result->cost.flushes[i] * 100, 2 * result->loops));
	log_line("%-20s %11s %8u %8s %8s %7s %7s %7s %7s %7s %6s", result->name,
		 format_hundredths(ours, cost), result->linux_instructions,
		 format_share(share, cost, result->linux_instructions), format_net(net, result),
		 flushes[TLB_INVLPG], flushes[TLB_CR3], flushes[TLB_PGE], flushes[TLB_INVPCID],
		 format_hundredths(tables, hundredths(result->cost.tables * 100, result->loops)),
		 format_hundredths(cleared, hundredths(result->cost.cleared, result->loops)));
}

unsigned int rows_print_table(void)
{
	unsigned int nr = nr_results < ROWS_MAX ? nr_results : ROWS_MAX;

	log_line("compiler %s %s", COMPILER, __VERSION__);
	log_line("One loop, in %s; Linux 6.12 in instructions. Net: without clearing pages, %llu "
		 "here,",
		 measure_unit(), (unsigned long long)clearing);
	log_line("%u there, each. Flushes by kind and page tables made: for 100 loops.",
		 LINUX_CLEARING);
	log_line("%-20s %11s %8s %8s %8s %7s %7s %7s %7s %7s %6s", "", measure_unit(), "Linux",
		 "share", "net", "INVLPG", "CR3", "PGE", "INVPCID", "tables", "clear");
	for (unsigned int i = 0; i < nr; i++)
		print_table_line(&results[i]);
	return nr;
}
