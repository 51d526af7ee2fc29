/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "percpu.h"
#include "vmap_area.h"

/*
 * Lazily freed ranges: when all TLBs are flushed for them, and where they go then. At most one
 * flush for lazy_max pages freed, unless somebody asks for one. A range of no class goes back to
 * the free tree at the purge, by way of the quarantine when there is one; the tables that became
 * empty are freed with it, and the flush that this takes is the purge's.
 *
 * Lock: LOCK_RANK_PURGE, one purge at a time.
 */

struct purge_state {
	/* What every call looks at and a purge alone writes. */
	uint64_t begun, done; /* flushes: numbers of the last one begun, and of the last complete */
	uint64_t lazy_max;    /* pages */
	uint64_t quarantine_max;
	uint64_t report; /* the most pages that a CPU keeps to itself */
	uint64_t purges, flushes;
	/* Freed since the last purge, as far as the CPUs have told; on a line of its own for that.
	 */
	uint64_t lazy_pages __cacheline_aligned;
} __cacheline_aligned;

extern __hot struct purge_state purge_state;

/* Number of flushes begun: what a range that is freed now is stamped with. */
static inline uint64_t purge_stamp(void)
{
	return __atomic_load_n(&purge_state.begun, __ATOMIC_RELAXED);
}

/* Whether a range with that stamp is in no TLB any more. */
static inline bool purge_is_clean(uint64_t stamp)
{
	return __atomic_load_n(&purge_state.done, __ATOMIC_ACQUIRE) > stamp;
}

void purge_init(uint64_t lazy_max, uint64_t quarantine);
void purge_set_lazy_max(uint64_t pages);
/* This CPU has freed `pages` pages: purges when it is time. No locks held, not in a handler. */
void purge_account(uint64_t pages);
/*
 * When it returns, no TLB knows anything that was freed before. Ready ranges stay in the caches.
 * Returns whether there was anything to do.
 */
bool purge_lazy(void);
/*
 * The same, and everything that waits in caches goes back to the free tree; `quarantine`: what is
 * in it too. That may free the page lists of areas, which may be areas themselves: what is not to
 * be left behind, is asked for again until there was nothing.
 */
bool purge_all(bool quarantine);
/* Asks everybody who registered (vmalloc.h) to give address space back. Whether there was anybody.
 */
bool vmap_purge_notify(void);
