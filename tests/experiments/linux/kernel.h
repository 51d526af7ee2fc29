/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/printk.h>
#include <linux/types.h>

/* The small change of Linux: arithmetic, bits, errors in pointers, complaints. */

#define BITS_PER_LONG 64
#define BITS_PER_BYTE 8
#define BIT(nr) (1UL << (nr))
#define BIT_ULL(nr) (1ULL << (nr))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define __stringify_1(...) #__VA_ARGS__
#define __stringify(...) __stringify_1(__VA_ARGS__)
#define typeof_member(type, member) typeof(((type *)0)->member)
#define sizeof_field(type, member) sizeof(((type *)0)->member)

/* The two sides may have different types; each is looked at once. */
#define min(a, b)                                                                                  \
	({                                                                                         \
		__auto_type min_a_ = (a);                                                          \
		__auto_type min_b_ = (b);                                                          \
		min_a_ < min_b_ ? min_a_ : min_b_;                                                 \
	})
#define max(a, b)                                                                                  \
	({                                                                                         \
		__auto_type max_a_ = (a);                                                          \
		__auto_type max_b_ = (b);                                                          \
		max_a_ > max_b_ ? max_a_ : max_b_;                                                 \
	})
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define min3(a, b, c) min(min(a, b), c)
#define max3(a, b, c) max(max(a, b), c)
#define clamp(value, low, high) min(max(value, low), high)
#define clamp_t(type, value, low, high) clamp((type)(value), (type)(low), (type)(high))
#define clamp_val(value, low, high) clamp_t(typeof(value), value, low, high)
#define swap(a, b)                                                                                 \
	do {                                                                                       \
		__auto_type swap_ = (a);                                                           \
		(a) = (b);                                                                         \
		(b) = swap_;                                                                       \
	} while (0)
#define abs(value)                                                                                 \
	({                                                                                         \
		__auto_type abs_ = (value);                                                        \
		abs_ < 0 ? -abs_ : abs_;                                                           \
	})

#define DIV_ROUND_UP(a, b) (((a) + (b)-1) / (b))
#define ALIGN(value, to) (((value) + (typeof(value))(to)-1) & ~((typeof(value))(to)-1))
#define ALIGN_DOWN(value, to) ((value) & ~((typeof(value))(to)-1))
#define IS_ALIGNED(value, to) (!((value) & ((typeof(value))(to)-1)))
#define round_up(value, to) ALIGN(value, to)
#define round_down(value, to) ALIGN_DOWN(value, to)
#define roundup(value, to) (DIV_ROUND_UP(value, to) * (to))
#define rounddown(value, to) ((value) - (value) % (to))
#define PAGE_ALIGN(size) ALIGN((size), PAGE_SIZE)
#define offset_in_page(address) ((unsigned long)(address) & ~PAGE_MASK)

/* Divides `n` in place; the value is the remainder. */
#define do_div(n, base)                                                                            \
	({                                                                                         \
		u32 div_base_ = (u32)(base);                                                       \
		u32 div_rest_ = (u32)((n) % div_base_);                                            \
		(n) = (n) / div_base_;                                                             \
		div_rest_;                                                                         \
	})
static inline u64 div_u64(u64 n, u32 base)
{
	return n / base;
}

static inline u64 div64_u64(u64 n, u64 base)
{
	return n / base;
}

/* The number of the highest bit that is set, from 1; 0: none is. */
static inline int fls(unsigned int value)
{
	return value ? 32 - __builtin_clz(value) : 0;
}

static inline int fls64(u64 value)
{
	return value ? 64 - __builtin_clzll(value) : 0;
}

static inline int fls_long(unsigned long value)
{
	return fls64(value);
}

static inline unsigned long __fls(unsigned long value)
{
	return (unsigned long)fls64(value) - 1;
}

static inline unsigned long __ffs(unsigned long value)
{
	return (unsigned long)__builtin_ctzl(value);
}

#define ffs(value) __builtin_ffs(value)
#define ilog2(value) (fls64(value) - 1)
#define hweight32(value) ((unsigned int)__builtin_popcount(value))
#define hweight64(value) ((unsigned long)__builtin_popcountll(value))
#define is_power_of_2(value) ((value) && !((value) & ((value)-1)))
#define roundup_pow_of_two(value) (1UL << fls64((u64)(value)-1))

/* An error number instead of a pointer: in the last page of the address space. */
#define MAX_ERRNO 4095
#define IS_ERR_VALUE(value) ((unsigned long)(value) >= (unsigned long)-MAX_ERRNO)

static inline void *ERR_PTR(long error)
{
	return (void *)error;
}

static inline long PTR_ERR(const void *pointer)
{
	return (long)pointer;
}

static inline bool IS_ERR(const void *pointer)
{
	return IS_ERR_VALUE(pointer);
}

static inline bool IS_ERR_OR_NULL(const void *pointer)
{
	return !pointer || IS_ERR(pointer);
}

static inline int PTR_ERR_OR_ZERO(const void *pointer)
{
	return IS_ERR(pointer) ? (int)PTR_ERR(pointer) : 0;
}

#define READ_ONCE(value) (*(const volatile typeof(value) *)&(value))
#define WRITE_ONCE(value, new_value) (*(volatile typeof(value) *)&(value) = (new_value))
#define barrier() __asm__ volatile("" ::: "memory")
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)

/* A configuration option that is defined as 1; no other is there. */
#define LINUX_COMMA_IF_1 0,
#define LINUX_SECOND(first, second, ...) second
#define LINUX_IS_ONE_2(comma) LINUX_SECOND(comma 1, 0, 0)
#define LINUX_IS_ONE_1(value) LINUX_IS_ONE_2(LINUX_COMMA_IF_##value)
#define LINUX_IS_ONE(value) LINUX_IS_ONE_1(value)
#define IS_ENABLED(option) LINUX_IS_ONE(option)
#define IS_BUILTIN(option) LINUX_IS_ONE(option)
#define IS_MODULE(option) 0
#define IS_REACHABLE(option) LINUX_IS_ONE(option)

/* A complaint fails the experiment; a bug ends it. Both return the condition. */
bool linux_complain(const char *what, const char *file, int line);
_Noreturn void linux_bug(const char *what, const char *file, int line);
#define WARN_ON(condition) ((condition) ? linux_complain(#condition, __FILE__, __LINE__) : false)
#define WARN_ON_ONCE(condition) WARN_ON(condition)
#define WARN(condition, ...)                                                                       \
	({                                                                                         \
		bool warn_ = (condition);                                                          \
		if (warn_) {                                                                       \
			printk(__VA_ARGS__);                                                       \
			linux_complain(#condition, __FILE__, __LINE__);                            \
		}                                                                                  \
		warn_;                                                                             \
	})
#define WARN_ONCE(condition, ...) WARN(condition, __VA_ARGS__)
#define BUG_ON(condition)                                                                          \
	do {                                                                                       \
		if (condition)                                                                     \
			linux_bug(#condition, __FILE__, __LINE__);                                 \
	} while (0)
#define BUG() linux_bug("BUG()", __FILE__, __LINE__)
#define BUILD_BUG_ON(condition) _Static_assert(!(condition), #condition)
#define might_sleep() barrier()
