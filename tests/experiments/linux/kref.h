/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/refcount.h>

struct kref {
	refcount_t refcount;
};

#define kref_init(ref) refcount_set(&(ref)->refcount, 1)
#define kref_get(ref) refcount_inc(&(ref)->refcount)
#define kref_read(ref) refcount_read(&(ref)->refcount)
#define kref_get_unless_zero(ref) refcount_inc_not_zero(&(ref)->refcount)

/* 1 when that was the last one, and `release` has been called. */
static inline int kref_put(struct kref *ref, void (*release)(struct kref *ref))
{
	if (!refcount_dec_and_test(&ref->refcount))
		return 0;
	release(ref);
	return 1;
}
