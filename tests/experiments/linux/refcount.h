/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/atomic.h>

/* References: the last one to let go is told. */

typedef struct {
	atomic_t refs;
} refcount_t;

#define REFCOUNT_INIT(value)                                                                       \
	{                                                                                          \
		.refs = ATOMIC_INIT(value)                                                         \
	}
#define refcount_set(ref, value) atomic_set(&(ref)->refs, value)
#define refcount_read(ref) ((unsigned int)atomic_read(&(ref)->refs))
#define refcount_add(value, ref) atomic_add(value, &(ref)->refs)
#define refcount_inc(ref) ((void)WARN_ON(atomic_inc_return(&(ref)->refs) <= 1))
#define refcount_dec(ref) ((void)WARN_ON(atomic_dec_return(&(ref)->refs) <= 0))

/* False when there are none any more; then nothing is taken. */
static inline bool refcount_inc_not_zero(refcount_t *ref)
{
	int old = atomic_read(&ref->refs), seen;

	while (old) {
		seen = atomic_cmpxchg(&ref->refs, old, old + 1);
		if (seen == old)
			return true;
		old = seen;
	}
	return false;
}

static inline bool refcount_sub_and_test(int value, refcount_t *ref)
{
	int left = atomic_sub_return(value, &ref->refs);

	WARN_ON(left < 0);
	return !left;
}

static inline bool refcount_dec_and_test(refcount_t *ref)
{
	return refcount_sub_and_test(1, ref);
}
