/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "lines.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "lib/format.h"
#include "page.h"

enum { ENTRIES_LOG = 23, PLACES = 4096, PLACES_SHOWN = 12 };

/* Of one line: who has it, one bit a CPU, and whether it was written since others read it. */
struct entry {
	uintptr_t line; /* address / LINE_BYTES; 0: unused */
	uint64_t holders;
	uint64_t written;
};

/* An instruction, and how often it took a line that others had, or read one from another CPU. */
static struct place {
	uintptr_t from;
	uint64_t times;
} places[PLACES];

static struct entry *entries;
static struct sharing counts;

static void give_up(const char *what)
{
	fprintf(stderr, "counting lines: %s\n", what);
	abort();
}

static void make_entries(void)
{
	entries = mmap(NULL, sizeof(*entries) << ENTRIES_LOG, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (entries == MAP_FAILED)
		give_up("no memory for the directory");
}

static uint64_t hash(uint64_t value, unsigned int bits)
{
	return value * 0x9e3779b97f4a7c15 >> (64 - bits);
}

static struct entry *entry_of(uintptr_t line)
{
	uint64_t at = hash(line, ENTRIES_LOG), end = at + (1 << 12);

	for (; at < end; at++) {
		struct entry *entry = &entries[at & ((1 << ENTRIES_LOG) - 1)];

		if (entry->line == line)
			return entry;
		if (!entry->line) {
			entry->line = line;
			return entry;
		}
	}
	give_up("the directory is full");
	return NULL;
}

static void note_place(uintptr_t from)
{
	for (uint64_t at = hash(from, 12), i = 0; i < PLACES; i++) {
		struct place *place = &places[(at + i) % PLACES];

		if (place->from && place->from != from)
			continue;
		place->from = from;
		place->times++;
		return;
	}
}

/* Whether `address` lies in a page table, as the direct map has it. */
static bool is_table(uintptr_t address)
{
	uint64_t pfn = (address - layout.page_offset) >> PAGE_SHIFT;

	return address >= layout.page_offset && address < layout.page_offset_end &&
	       pfn_valid(pfn) && pfn_to_page(pfn)->kind == PAGE_TABLE;
}

static void access_line(uint64_t self, uintptr_t line, bool write, uintptr_t from)
{
	struct entry *entry = entry_of(line);
	bool others = entry->holders & ~self;

	if (!others || (!write && (!entry->written || entry->holders & self)))
		others = false;
	else if (is_table(line * LINE_BYTES))
		counts.tables++;
	else if (write)
		counts.lines_written++;
	else
		counts.lines_read++;
	if (others)
		note_place(from);
	entry->holders = write ? self : entry->holders | self;
	entry->written = write || (entry->written && !others);
}

void lines_access(unsigned int cpu, uintptr_t address, size_t size, bool write, uintptr_t from)
{
	if (!entries)
		make_entries();
	for (uintptr_t line = address / LINE_BYTES; line <= (address + size - 1) / LINE_BYTES;
	     line++)
		access_line((uint64_t)1 << cpu, line, write, from);
}

void lines_get(struct sharing *now)
{
	*now = counts;
}

static int more_often(const void *a, const void *b)
{
	uint64_t times[2] = {((const struct place *)a)->times, ((const struct place *)b)->times};

	return times[0] < times[1] ? 1 : -(times[0] > times[1]);
}

/* Its offset in the program's file, for addr2line. */
static void log_place(const struct place *place)
{
	Dl_info info;

	if (place->from && dladdr((void *)place->from, &info))
		log_line("place times=%lu at=0x%lx", place->times,
			 (unsigned long)(place->from - (uintptr_t)info.dli_fbase));
}

void lines_log_places(void)
{
	qsort(places, PLACES, sizeof(places[0]), more_often);
	for (unsigned int i = 0; i < PLACES_SHOWN && places[i].times; i++)
		log_place(&places[i]);
	lines_forget_places();
}

void lines_forget_places(void)
{
	memset(places, 0, sizeof(places));
}
