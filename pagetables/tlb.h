/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "fault.h"
#include "platform.h"
#include "space.h"

/*
 * What to flush, how, and on which CPU (Intel SDM vol. 3A, 4.10). When a flush returns, no CPU that
 * is inside the gate uses a translation of the range from before the call, global ones included,
 * nor a paging-structure cache entry of it. A CPU outside the gate needs none: closing flushes.
 *
 * A request has a generation, a number that only grows. Each CPU looks at it where it waits, and,
 * since who asks puts it on a detour (fault.h), when it calls the allocator next; and says how far
 * it has come. Who asked waits for that. The caller holds no lock that another CPU might wait for
 * without looking.
 */

enum tlb_method { TLB_INVLPG, TLB_CR3, TLB_PGE, TLB_INVPCID, NR_TLB_METHODS };
extern const char *const tlb_method_names[NR_TLB_METHODS];

struct tlb_stats {
	uint64_t flushes[NR_TLB_METHODS]; /* instructions of that kind executed */
	uint64_t ranges, alls;		  /* requests */
	uint64_t shootdowns;		  /* requests that had to wait for another CPU */
	uint64_t answered;		  /* requests of other CPUs, carried out */
};

/*
 * Measures the methods on this CPU and chooses the one for everything, and up to how many pages
 * INVLPG is the cheaper one. Inside the gate, kernel_space in CR3.
 */
void tlb_init(void);
void tlb_flush_range(uintptr_t start, uintptr_t end);
void tlb_flush_all(void);
/* This CPU alone. */
void tlb_flush_all_local(void);
void tlb_flush_range_local(uintptr_t start, uintptr_t end);
/* Executes what other CPUs have asked of this one; called wherever a CPU waits. */
void tlb_poll(void);
/* The same if another CPU waits for this one: at the beginning of calls. */
static inline void tlb_answer(void)
{
	if (__builtin_expect(fault_detour(platform_cpu()) & DETOUR_FLUSH, 0))
		tlb_poll();
}
/*
 * This CPU takes part from here on (closing the gate: as soon as our tables are in CR3), or leaves
 * (opening: just before they are not). Entering flushes this CPU.
 */
void tlb_cpu_enter(void);
void tlb_cpu_leave(void);
/* `cpu` was reset by the firmware while it took part; nobody waits for it any more. */
void tlb_cpu_lost(unsigned int cpu);
/* A CPU does not answer: called after every second of waiting; true: wait no longer for it. */
void tlb_set_late_handler(bool (*handler)(unsigned int cpu, unsigned int seconds));
/* Pages up to which INVLPG is used, and the measured ticks per method (0: not to be had here). */
unsigned int tlb_range_limit(void);
uint64_t tlb_method_ticks(enum tlb_method method);
/* Of all CPUs together, or of one. */
void tlb_get_stats(struct tlb_stats *stats);
void tlb_get_cpu_stats(unsigned int cpu, struct tlb_stats *stats);
/*
 * The same as log lines, with what each method was measured to cost. Where there are several CPUs,
 * each has a line: flushes asked for, flushes that it carried out for others, pages that it flushed
 * one by one, how often it flushed everything, and how often it had to wait for others.
 */
void tlb_log_stats(void);
