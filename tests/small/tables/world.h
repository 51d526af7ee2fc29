/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdint.h>
#include "entry.h"
#include "levels.h"
#include "space.h"

/*
 * Page tables alone, in a geometry of four entries a table, and nothing else of the machine: enough
 * frames for every table that the search can need, and copies of them all.
 */
enum { WORLD_FRAMES = 12, WORLD_TABLE_BYTES = ENTRIES_PER_TABLE * sizeof(entry_t) };

struct world {
	uint64_t used;			  /* one bit a frame: it is a table */
	unsigned int budget;		  /* tables that can still be had */
	uint64_t flushes, flushes_before; /* before the call that runs now */
};
extern struct world world;

struct snapshot {
	uint64_t used, nr_tables[LEVEL_PGD + 1];
	entry_t tables[WORLD_FRAMES][ENTRIES_PER_TABLE];
};

/* An empty root in kernel_space. */
void world_start(void);
void world_save(struct snapshot *snapshot);
void world_restore(const struct snapshot *snapshot);
entry_t *world_table(unsigned int frame);
_Noreturn void world_fail(const char *what);
