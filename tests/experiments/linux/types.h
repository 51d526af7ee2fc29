/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In angle brackets because files here have the same names; all of it before any of Linux's macros,
 * since those are words like "current" and "min". */
#include <dma_alloc.h>
#include <entry.h>
#include <gfp.h>
#include <ioremap.h>
#include <lib/assert.h>
#include <lib/errno.h>
#include <lib/list.h>
#include <lib/lock.h>
#include <lib/string.h>
#include <page_alloc.h>
#include <pat.h>
#include <percpu.h>
#include <percpu_alloc.h>
#include <platform.h>
#include <set_memory.h>
#include <slab.h>
#include <test.h>
#include <vm_map_ram.h>
#include <vmalloc.h>

/* The names of <linux/types.h>. Annotations for tools that do not run here mean nothing. */

typedef uint8_t u8, __u8;
typedef uint16_t u16, __u16;
typedef uint32_t u32, __u32;
/* long long on every machine, so that %llu prints it. */
typedef unsigned long long u64, __u64;
typedef int8_t s8, __s8;
typedef int16_t s16, __s16;
typedef int32_t s32, __s32;
typedef long long s64, __s64;
typedef unsigned int uint;
typedef unsigned long ulong;
typedef unsigned short ushort;
typedef unsigned char uchar, unchar;
typedef long ssize_t;
typedef long long loff_t;
typedef uint64_t resource_size_t, dma_addr_t;

#define __percpu
#define __iomem
#define __user
#define __rcu
#define __force
#define __must_check __attribute__((warn_unused_result))
#define __init
#define __exit
#define __initdata
#define __exitdata
#define __read_mostly
#define __ro_after_init
#define __maybe_unused __attribute__((unused))
#define __always_unused __attribute__((unused))
#define __used __attribute__((used))
#define __packed __attribute__((packed))
#define __aligned(bytes) __attribute__((aligned(bytes)))
#define ____cacheline_aligned __attribute__((aligned(64)))
#define ____cacheline_aligned_in_smp ____cacheline_aligned
#define __printf(format_, first_) __attribute__((format(printf, format_, first_)))
#define __cold __attribute__((cold))
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define noinline __attribute__((noinline))

typedef struct {
	int counter;
} atomic_t;
typedef struct {
	s64 counter;
} atomic64_t;
typedef atomic64_t atomic_long_t;
typedef s64 ktime_t; /* nanoseconds */

#define USHRT_MAX 65535
#define SHRT_MAX 32767
#define INT_MAX __INT_MAX__
#define INT_MIN (-INT_MAX - 1)
#define UINT_MAX (INT_MAX * 2u + 1)
#define LONG_MAX __LONG_MAX__
#define LONG_MIN (-LONG_MAX - 1)
#define ULONG_MAX (LONG_MAX * 2ul + 1)
#define LLONG_MAX __LONG_LONG_MAX__
#define ULLONG_MAX (LLONG_MAX * 2ull + 1)
#define U8_MAX ((u8)~0U)
#define U16_MAX ((u16)~0U)
#define U32_MAX ((u32)~0U)
#define U64_MAX ((u64)~0ULL)
#ifndef SIZE_MAX
#define SIZE_MAX (~(size_t)0)
#endif
