/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The areas that were freed last: what a stale pointer once pointed to. Each CPU remembers its own
 * last HISTORY_LENGTH; written by that CPU under its lock (area_cache.h), a few stores a vfree.
 */

enum { HISTORY_LENGTH = 1024 };

struct freed_area {
	uintptr_t start;
	uint32_t pages;
	uint32_t stamp;		       /* flushes begun by then (purge.h) */
	const void *allocated, *freed; /* by whom: return addresses */
};

struct history {
	struct freed_area *ring; /* HISTORY_LENGTH of them */
	uint64_t nr;		 /* ever written */
};

/* The entry for the next area that is freed on this CPU, to be filled in. */
static inline struct freed_area *history_next(struct history *history)
{
	return &history->ring[history->nr++ % HISTORY_LENGTH];
}

/*
 * The area that `address` lay in and that was freed last. Of two CPUs' entries the later one is
 * told by its stamp, since between them the address was used again, so a flush has been. false:
 * none is remembered, or, in an exception handler, it cannot be looked up now.
 */
bool history_find(uintptr_t address, struct freed_area *found);
