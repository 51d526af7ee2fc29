/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/types.h>

/* Counters that several CPUs change. Everything is fully ordered, which is more than Linux says. */

#define ATOMIC_INIT(value)                                                                         \
	{                                                                                          \
		(value)                                                                            \
	}
#define ATOMIC64_INIT(value)                                                                       \
	{                                                                                          \
		(value)                                                                            \
	}
#define ATOMIC_LONG_INIT(value)                                                                    \
	{                                                                                          \
		(value)                                                                            \
	}

#define LINUX_ATOMIC(prefix, type, number)                                                         \
	static inline number prefix##_read(const type *v)                                          \
	{                                                                                          \
		return __atomic_load_n(&v->counter, __ATOMIC_SEQ_CST);                             \
	}                                                                                          \
	static inline void prefix##_set(type *v, number value)                                     \
	{                                                                                          \
		__atomic_store_n(&v->counter, value, __ATOMIC_SEQ_CST);                            \
	}                                                                                          \
	static inline number prefix##_add_return(number value, type *v)                            \
	{                                                                                          \
		return __atomic_add_fetch(&v->counter, value, __ATOMIC_SEQ_CST);                   \
	}                                                                                          \
	static inline number prefix##_sub_return(number value, type *v)                            \
	{                                                                                          \
		return __atomic_sub_fetch(&v->counter, value, __ATOMIC_SEQ_CST);                   \
	}                                                                                          \
	static inline void prefix##_add(number value, type *v)                                     \
	{                                                                                          \
		prefix##_add_return(value, v);                                                     \
	}                                                                                          \
	static inline void prefix##_sub(number value, type *v)                                     \
	{                                                                                          \
		prefix##_sub_return(value, v);                                                     \
	}                                                                                          \
	static inline void prefix##_inc(type *v)                                                   \
	{                                                                                          \
		prefix##_add_return(1, v);                                                         \
	}                                                                                          \
	static inline void prefix##_dec(type *v)                                                   \
	{                                                                                          \
		prefix##_sub_return(1, v);                                                         \
	}                                                                                          \
	static inline number prefix##_inc_return(type *v)                                          \
	{                                                                                          \
		return prefix##_add_return(1, v);                                                  \
	}                                                                                          \
	static inline number prefix##_dec_return(type *v)                                          \
	{                                                                                          \
		return prefix##_sub_return(1, v);                                                  \
	}                                                                                          \
	static inline number prefix##_fetch_add(number value, type *v)                             \
	{                                                                                          \
		return __atomic_fetch_add(&v->counter, value, __ATOMIC_SEQ_CST);                   \
	}                                                                                          \
	static inline bool prefix##_dec_and_test(type *v)                                          \
	{                                                                                          \
		return !prefix##_sub_return(1, v);                                                 \
	}                                                                                          \
	static inline bool prefix##_inc_and_test(type *v)                                          \
	{                                                                                          \
		return !prefix##_add_return(1, v);                                                 \
	}                                                                                          \
	static inline number prefix##_xchg(type *v, number value)                                  \
	{                                                                                          \
		return __atomic_exchange_n(&v->counter, value, __ATOMIC_SEQ_CST);                  \
	}                                                                                          \
	static inline number prefix##_cmpxchg(type *v, number old, number value)                   \
	{                                                                                          \
		__atomic_compare_exchange_n(&v->counter, &old, value, false, __ATOMIC_SEQ_CST,     \
					    __ATOMIC_SEQ_CST);                                     \
		return old;                                                                        \
	}

LINUX_ATOMIC(atomic, atomic_t, int)
LINUX_ATOMIC(atomic64, atomic64_t, s64)
LINUX_ATOMIC(atomic_long, atomic_long_t, s64)
