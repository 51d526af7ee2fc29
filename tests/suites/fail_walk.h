/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "levels.h"
#include "page_alloc.h"
#include "space.h"

/*
 * Every public call of mm/ and pagetables/ that allocates, as fail_walk.c makes them: `run` makes
 * the call and undoes it; whether it succeeded. What a failed call must not have changed it looks
 * at itself.
 */
struct fail_call {
	const char *name;
	bool (*run)(void);
	bool survives; /* one failure need not fail it: there may be another way */
};

/* Defines `run` of a call with one result: `p`, which is not NULL or 0, is undone by `undo`. */
#define TRY(name, make, undo)                                                                      \
	static bool try_##name(void)                                                               \
	{                                                                                          \
		__typeof__(make) p = (make);                                                       \
                                                                                                   \
		if (!p)                                                                            \
			return false;                                                              \
		undo;                                                                              \
		return true;                                                                       \
	}
#define CALL(name_)                                                                                \
	{                                                                                          \
		.name = #name_, .run = try_##name_                                                 \
	}
#define CALL_SURVIVES(name_)                                                                       \
	{                                                                                          \
		.name = #name_, .run = try_##name_, .survives = true                               \
	}

extern const struct fail_call fail_calls_frames[], fail_calls_objects[], fail_calls_vmalloc[],
	fail_calls_mapping[], fail_calls_special[], fail_calls_tables[];
extern const size_t nr_fail_calls_frames, nr_fail_calls_objects, nr_fail_calls_vmalloc,
	nr_fail_calls_mapping, nr_fail_calls_special, nr_fail_calls_tables;

/* What the calls find there: frames to map, a cache, a second space. */
enum { FAIL_PAGES = 700 };
extern struct page *fail_pages[FAIL_PAGES];
extern struct kmem_cache *fail_cache;
extern void *fail_user; /* vmalloc_user() of 4 pages */
extern struct space fail_space;

/* A call of GFP_KERNEL that says nothing when it fails. */
#define GFP_QUIET (GFP_KERNEL | __GFP_NOWARN)
