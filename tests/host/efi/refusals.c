/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../../efi/firmware.h"
#include "firmware.h"
#include "firmware_map.h"
#include "memory_map.h"
#include "memory_proof.h"
#include "options_efi.h"

/*
 * A start and an end against firmware that refuses: options read, memory taken and given back, each
 * time in a process of its own. Every call is refused once with every status: all pages come back
 * but those whose FreePages was refused, no file stays open, and nothing is tried for ever. Then
 * memory maps of every strange kind: one line says that there is too little, or it works.
 */

static const EFI_STATUS statuses[] = {
	EFI_INVALID_PARAMETER, EFI_UNSUPPORTED,	     EFI_BUFFER_TOO_SMALL, EFI_DEVICE_ERROR,
	EFI_OUT_OF_RESOURCES,  EFI_VOLUME_CORRUPTED, EFI_NOT_FOUND,	   EFI_ACCESS_DENIED,
};
enum { NR_STATUSES = sizeof(statuses) / sizeof(statuses[0]), CALLS_MAX = 100000 };
#define CONVENTIONAL 7
#define WB 8

static unsigned int number, failed;

#define CHECK(condition) ((condition) ? (void)0 : played_broken(#condition))

static void take_and_give(uint64_t limit, bool too_little_expected)
{
	unsigned int lines = played.lines;
	EFI_STATUS status = memory_take(limit);
	const char *problem;

	if (!played.fail_at) {
		CHECK(status == (too_little_expected ? EFI_OUT_OF_RESOURCES : EFI_SUCCESS));
		CHECK(played.lines - lines == too_little_expected);
	}
	memory_log();
	played.giving_back = true;
	problem = memory_give_back();
	played.giving_back = false;
	CHECK((problem != NULL) == played.failed_giving_back);
	CHECK(!memory_give_back() == !problem);
}

static void one_run(uint64_t limit, bool too_little_expected)
{
	struct options options;
	EFI_STATUS status;

	firmware_init(played_image(), played_system());
	options_read(&options);
	status = firmware_map_read();
	if (!played.fail_at)
		CHECK(status == EFI_SUCCESS);
	if (!EFI_ERROR(status)) {
		memory_proof_begin();
		take_and_give(limit, too_little_expected);
		memory_proof_end();
	}
	firmware_map_free();
	CHECK(played.calls < CALLS_MAX);
	CHECK(played.pages_out == played.failed_pages);
	CHECK(played.files_open == 0);
}

/* In a process of its own; returns how many calls there were, 0 when it went wrong. */
static unsigned int run_case(uint64_t limit, bool too_little_expected)
{
	unsigned int *calls = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				   -1, 0),
		     result;
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		one_run(limit, too_little_expected);
		*calls = played.calls;
		_exit(0);
	}
	waitpid(child, &status, 0);
	result = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? *calls : 0;
	munmap(calls, 4096);
	return result;
}

static void report(bool good, const char *name, const char *more)
{
	printf("%sok %u firmware.%s # %s\n", good ? "" : "not ", ++number, name, more);
	failed += !good;
}

static const struct played_entry usual[] = {
	{CONVENTIONAL, ARENA_START, 8192, WB},
	{4, ARENA_START + 8192 * 4096, 100, WB},
	{CONVENTIONAL, ARENA_START + 8292 * 4096, ARENA_PAGES - 8292, WB},
};
#define USUAL_CONFIG "seed=7 mem=16M bogus=1 test=vmalloc.*"

static void play(const struct played_entry *map, size_t nr, size_t descriptor_bytes)
{
	played = (struct played){.map = map,
				 .map_nr = nr,
				 .descriptor_bytes = descriptor_bytes,
				 .config = USUAL_CONFIG,
				 .config_bytes = sizeof(USUAL_CONFIG) - 1};
}

static void refuse_all(uint64_t limit, bool fills, const char *name)
{
	unsigned int calls, cases = 0, bad = 0;
	char more[64];

	play(usual, 3, 48);
	played.fills = fills;
	calls = run_case(limit, false);
	bad += !calls;
	for (unsigned int at = 1; at <= calls; at++)
		for (unsigned int i = 0; i < NR_STATUSES; i++, cases++) {
			played.fail_at = at;
			played.fail_with = statuses[i];
			if (run_case(limit, false))
				continue;
			bad++;
			printf("# call %u of %u refused with %llx\n", at, calls,
			       (unsigned long long)statuses[i]);
		}
	snprintf(more, sizeof(more), "%u calls, %u refusals", calls, cases);
	report(!bad, name, more);
}

static void try_map(const char *name, const struct played_entry *map, size_t nr,
		    bool too_little_expected)
{
	static const size_t sizes[] = {40, 48, 56, 64, 104, 512, 4096};
	unsigned int bad = 0;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		play(map, nr, sizes[i]);
		if (run_case(0, too_little_expected))
			continue;
		bad++;
		printf("# descriptors of %zu bytes\n", sizes[i]);
	}
	report(!bad, name, "descriptors of 40 to 4096 bytes");
}

#define PAGES(first) (ARENA_START + (uint64_t)(first)*4096)

static const struct played_entry unsorted[] = {
	{CONVENTIONAL, PAGES(8292), ARENA_PAGES - 8292, WB},
	{4, PAGES(8192), 100, WB},
	{CONVENTIONAL, PAGES(0), 8192, WB},
};
static const struct played_entry overlapping[] = {
	{CONVENTIONAL, PAGES(0), 8192, WB},
	{CONVENTIONAL, PAGES(4096), 8192, WB},
	{4, PAGES(1000), 50, WB},
	{CONVENTIONAL, PAGES(0), 8192, WB},
};
static const struct played_entry strange[] = {
	{CONVENTIONAL, PAGES(0), 0, WB},
	{CONVENTIONAL, ~(uint64_t)0xfff, 2, WB},
	{CONVENTIONAL, PAGES(0), ~(uint64_t)0, WB},
	{CONVENTIONAL, PAGES(7) + 5, 100, WB},
	{CONVENTIONAL, PAGES(0), 8192, WB},
	{0x80000001, PAGES(8192), 10, 0},
	{CONVENTIONAL, (uint64_t)1 << 62, (uint64_t)1 << 40, WB},
};
static const struct played_entry unusable[] = {
	{4, PAGES(0), 8192, WB},
	{CONVENTIONAL, PAGES(8192), 4096, WB | 0x8000},
};
static const struct played_entry too_small[] = {{CONVENTIONAL, PAGES(0), 2047, WB}};

static void try_maps(void)
{
	static struct played_entry many[MAP_ENTRIES_MAX];

	for (unsigned int i = 0; i < MAP_ENTRIES_MAX; i++)
		many[i] = (struct played_entry){i % 2 ? 4 : CONVENTIONAL, PAGES(i), 1, WB};
	many[0].pages = 8192;
	try_map("map_usual", usual, 3, false);
	try_map("map_unsorted", unsorted, 3, false);
	try_map("map_overlapping", overlapping, 4, false);
	try_map("map_strange", strange, 7, false);
	try_map("map_unusable", unusable, 2, true);
	try_map("map_too_small", too_small, 1, true);
	try_map("map_long", many, MAP_ENTRIES_MAX, false);
}

int main(void)
{
	played_start();
	printf("KTAP version 1\n1..10\n");
	refuse_all(0, false, "refuses");
	refuse_all(0, true, "refuses_and_fills");
	refuse_all((uint64_t)10 << 20, false, "refuses_within_mem");
	try_maps();
	printf("# %u passed, %u failed, 0 skipped: %s\n", number - failed, failed,
	       failed ? "failed" : "passed");
	return failed != 0;
}
