/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/types.h>

/* Nanoseconds from an arbitrary start, by the time stamp. */

#define NSEC_PER_SEC 1000000000L
#define NSEC_PER_MSEC 1000000L
#define NSEC_PER_USEC 1000L
#define USEC_PER_SEC 1000000L
#define USEC_PER_MSEC 1000L
#define MSEC_PER_SEC 1000L

ktime_t ktime_get(void);
#define ktime_get_ns() ((u64)ktime_get())
#define ktime_get_raw() ktime_get()
#define ktime_get_raw_ns() ktime_get_ns()
#define ktime_get_boottime() ktime_get()
#define ktime_get_real() ktime_get()
#define ktime_get_mono_fast_ns() ktime_get_ns()
#define local_clock() ktime_get_ns()
#define sched_clock() ktime_get_ns()

#define ktime_add(a, b) ((a) + (b))
#define ktime_sub(a, b) ((a) - (b))
#define ktime_add_ns(time, ns) ((time) + (s64)(ns))
#define ktime_add_us(time, us) ((time) + (s64)(us)*NSEC_PER_USEC)
#define ktime_add_ms(time, ms) ((time) + (s64)(ms)*NSEC_PER_MSEC)
#define ktime_compare(a, b) (((a) > (b)) - ((a) < (b)))
#define ktime_after(a, b) ((a) > (b))
#define ktime_before(a, b) ((a) < (b))
#define ktime_to_ns(time) (time)
#define ktime_to_us(time) ((time) / NSEC_PER_USEC)
#define ktime_to_ms(time) ((time) / NSEC_PER_MSEC)
#define ktime_us_delta(later, earlier) ktime_to_us(ktime_sub(later, earlier))
#define ktime_ms_delta(later, earlier) ktime_to_ms(ktime_sub(later, earlier))
#define ns_to_ktime(ns) ((ktime_t)(ns))
#define ms_to_ktime(ms) ((ktime_t)(ms)*NSEC_PER_MSEC)
