/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "mmu.h"

/*
 * The TLB of the simulated machine: the translations that are mapped into this process right now,
 * each a shared mapping of the memory file with the leaf's permissions. What is here and no longer
 * in the page tables is a stale entry, and is used as hardware would use it, until it is flushed or
 * makes room for another one (vm.max_map_count limits how many mappings a process may have).
 *
 * There is one for all CPUs: threads share their address space. So a flush on one CPU hides that
 * another one forgot its own; shootdowns themselves are proved on machines (QEMU).
 *
 * Callers in a signal handler and outside it exclude each other by a lock here; nothing here
 * touches the window, so a fault cannot come while it is held.
 */

/* Where leaves may lie; [start, end) is reserved without access. False: the range is not free. */
bool translations_reserve(uint64_t start, uint64_t end);
/* Whether `address` lies in a reserved range. */
bool translations_covers(uint64_t address);
/* The memory file, whose offsets are physical addresses. */
void translations_set_memory(int fd);

/*
 * One TLB miss: walks for `address` and maps the leaf, or drops what is cached for it and returns
 * false with the error code, as mmu_translate().
 */
bool translations_fill(const struct mmu *mmu, uint64_t address, enum mmu_access access,
		       unsigned int *error);

void translations_flush_page(uint64_t address); /* whatever the leaf's size, global too */
void translations_flush(bool globals_too);

/* Whether some CPU is changing it: an asynchronous handler must not unwind then. */
bool translations_busy(void);

struct translations_stats {
	uint64_t fills, evictions;
	unsigned int used, used_most, room;
};
void translations_get_stats(struct translations_stats *stats);
