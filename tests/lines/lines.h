/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Cache lines that CPUs take from each other, counted: each access that instrumented code makes
 * (instrument.c) is looked up in a directory of all lines, as that of a machine with caches that
 * never run out of room. A line can be read by every CPU that has read it since it was written
 * last; a write takes it from all others.
 *
 * Accesses come from one CPU at a time (turns.c), so there is no lock.
 */

enum { LINE_BYTES = 64 };

/* What CPUs took from each other, and what they locked. */
struct sharing {
	uint64_t lines_written; /* writes to a line that another CPU had */
	uint64_t lines_read;	/* reads of a line that another CPU wrote last */
	uint64_t tables;	/* either, of page tables; not among those two */
	uint64_t own_locks;	/* taken of those over what one CPU has */
	uint64_t locks;		/* taken of all others */
	uint64_t contended;	/* locks that were not free */
	uint64_t atomics;	/* locked instructions, those of the locks among them */
};

/* An access by CPU `cpu` from the instruction at `from`; it may lie across lines. */
void lines_access(unsigned int cpu, uintptr_t address, size_t size, bool write, uintptr_t from);
/* The first two. */
void lines_get(struct sharing *counts);
/* Everything so far, of all CPUs. */
void sharing_get(struct sharing *counts);
/* The places in the code that moved most lines since they were forgotten, a line of the log each;
 * then forgets them. */
void lines_log_places(void);
void lines_forget_places(void);
