/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "percpu.h"

/*
 * Things of one size that go round at one CPU: ready for its next caller, in use, freed, and ready
 * again once a flush has been since (purge.h). A thing begins with the link to the next of its
 * list. All under the CPU's lock.
 */
struct lazy_class {
	void *ready, *lazy, *lazy_last;
	uint64_t stamp; /* of all in `lazy`; STAMP_NONE: that is empty */
	/* Freed before a flush that was not complete yet when the first one in `lazy` was freed. */
	void *older, *older_last;
	uint64_t older_stamp;
} __cacheline_aligned;
#define STAMP_NONE UINT64_MAX

static inline void lazy_push(void **list, void *thing)
{
	*(void **)thing = *list;
	*list = thing;
}

/* What was freed becomes ready when a flush has been since; whether there is anything. */
bool lazy_class_refresh(struct lazy_class *class);
/* The same, before the first thing with another stamp than the last is put there. */
__slow void lazy_class_turn(struct lazy_class *class, void *first, uint64_t stamp);
