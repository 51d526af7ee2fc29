/* SPDX-License-Identifier: BSD-2-Clause */
#include "count.h"
#include "lib/format.h"
#include "test.h"

/*
 * The rows of the table of many CPUs (tests/bench/cpus.py), and the check that none grows. Those of
 * kvfree_rcu are not among them: who waits for a grace period here, where CPUs take turns, takes
 * minutes of turns.
 */

static const struct shared_row {
	const char *name;
	const struct load *load;
	uint64_t loops, pages;
} rows[] = {
	{"fix_size_1", &load_fix_size, 10000, 1},      {"fix_size_16", &load_fix_size, 2000, 16},
	{"random_size", &load_random_size, 1000, 1},   {"vm_map_ram_1", &load_vm_map_ram, 10000, 1},
	{"vm_map_ram_32", &load_vm_map_ram, 1000, 32},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static struct counted count_row(const struct shared_row *row, unsigned int cpus)
{
	struct load_parameters parameters = {.loops = row->loops, .seed = 1, .pages = row->pages};

	return count_load(row->load, &parameters, cpus);
}

static void print(const struct shared_row *row, unsigned int cpus, const struct counted *counted)
{
	const struct sharing *sharing = &counted->sharing;

	log_line("cpus name=%s cpus=%u loops=%lu written=%lu read=%lu tables=%lu own_locks=%lu "
		 "locks=%lu contended=%lu",
		 row->name, cpus, row->loops, sharing->lines_written, sharing->lines_read,
		 sharing->tables, sharing->own_locks, sharing->locks, sharing->contended);
	log_line("cpus-more name=%s cpus=%u atomics=%lu flushes=%lu shootdowns=%lu purges=%lu",
		 row->name, cpus, sharing->atomics, counted->flushes, counted->shootdowns,
		 counted->purges);
	lines_log_places();
}

TEST_FLAGS(sharing, rows, "what CPUs share is counted, from one to all there are", TEST_BENCH)
{
	for (unsigned int i = 0; i < ROWS; i++)
		for (unsigned int cpus = 1; cpus <= test_nr_cpus(); cpus *= 2) {
			struct counted counted = count_row(&rows[i], cpus);

			expect(counted.good);
			print(&rows[i], cpus, &counted);
			test_relax();
		}
}

/* In a thousand loops: what CPUs tell each other of pages freed, and a purge now and then. */
enum { LOCKS_MAX = 10, CONTENDED_MAX = 2 };

static uint64_t for_thousand(uint64_t nr, const struct shared_row *row, unsigned int cpus)
{
	return nr * 1000 / (row->loops * cpus);
}

/*
 * At most `lines_max` lines moved in a thousand loops: one word that each call writes would be
 * hundreds. Lines of page tables are not among them: areas of several CPUs are neighbours.
 */
static void expect_private(const struct shared_row *row, unsigned int cpus, uint64_t lines_max)
{
	struct counted counted = count_row(row, cpus);
	const struct sharing *sharing = &counted.sharing;
	uint64_t lines = sharing->lines_written + sharing->lines_read;

	expect(counted.good);
	expect(sharing->own_locks >= row->loops * cpus); /* or nothing was counted */
	test_note("%s, CPUs: %u, lines moved: %lu (of tables: %lu), shared locks: %lu, contended: "
		  "%lu",
		  row->name, cpus, lines, sharing->tables, sharing->locks, sharing->contended);
	expect_below(for_thousand(sharing->locks, row, cpus), LOCKS_MAX);
	expect_below(for_thousand(sharing->contended, row, cpus), CONTENDED_MAX);
	if (!expect_below(for_thousand(lines, row, cpus), lines_max))
		lines_log_places();
}

TEST(sharing, vmalloc, "a page that comes and goes takes nothing from other CPUs")
{
	expect_private(&rows[0], 1, 1);
	expect_private(&rows[0], 4, 300);
}

TEST(sharing, vm_map_ram, "a page mapped and unmapped takes nothing from other CPUs")
{
	expect_private(&rows[3], 1, 1);
	expect_private(&rows[3], 4, 100);
}

static uint64_t word;

static void write_often(void *context)
{
	(void)context;
	for (unsigned int i = 0; i < 100; i++) {
		lines_access(platform_cpu(), (uintptr_t)&word, sizeof(word), true, 0);
		platform_pause(); /* the turn goes on to the next CPU */
	}
}

TEST(sharing, counter, "a word that CPUs write in turns moves at each write")
{
	struct sharing was, is;

	sharing_get(&was);
	require_equal(test_run_on_cpus(2, write_often, NULL), 2);
	sharing_get(&is);
	expect(is.lines_written - was.lines_written >= 199);
	expect_equal(is.lines_read, was.lines_read);
}
