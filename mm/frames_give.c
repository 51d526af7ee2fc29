/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault.h"
#include "frames.h"

/*
 * Where frames go that are free by their words: to this CPU's stack for their zone; to the zone's
 * lists when they are many, or the stack cannot be had; and to a list without a lock when an
 * exception handler finds the zone's lock taken too.
 */

/* Runs that wait: linked through their first frame's struct page (next; prev is the length). */
static uint32_t deferred = NO_FRAME;
static uint64_t deferred_frames;

static void defer(uint64_t pfn, uint64_t nr)
{
	struct page *page = pfn_to_page(pfn);

	page->prev = (uint32_t)nr;
	page->next = __atomic_load_n(&deferred, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&deferred, &page->next, (uint32_t)pfn, false,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	__atomic_fetch_add(&deferred_frames, nr, __ATOMIC_RELAXED);
}

uint64_t frames_deferred(void)
{
	return __atomic_load_n(&deferred_frames, __ATOMIC_RELAXED);
}

void frames_drain_deferred(void)
{
	uint32_t pfn = __atomic_exchange_n(&deferred, NO_FRAME, __ATOMIC_ACQUIRE);

	while (pfn != NO_FRAME) {
		struct page *page = pfn_to_page(pfn);
		uint32_t next = page->next, nr = page->prev;

		__atomic_fetch_sub(&deferred_frames, nr, __ATOMIC_RELAXED);
		frames_give(pfn, nr);
		pfn = next;
	}
}

/* How many frames from `pfn` on are of one zone. */
static uint64_t same_zone(uint64_t pfn, uint64_t nr)
{
	unsigned int zone = pfn_zone_index(pfn);
	uint64_t same = 1;

	if (pfn_zone_index(pfn + nr - 1) == zone && nr_nodes == 1)
		return nr;
	while (same < nr && pfn_zone_index(pfn + same) == zone)
		same++;
	return same;
}

static void give_to_lists(struct zone *zone, uint64_t pfn, uint64_t nr)
{
	if (!zone_lock(zone)) {
		defer(pfn, nr);
		return;
	}
	zone_give_run(zone, pfn, nr);
	zone_unlock(zone);
}

/* What cannot be trimmed, in an exception handler, is put off: the stack has room again. */
void frames_trim(struct pcp *pcp, struct run_stack *stack)
{
	uint64_t pfn;
	size_t nr;

	pcp->drains++;
	if (run_stack_trim(stack))
		return;
	nr = run_stack_take(stack, SIZE_MAX, &pfn);
	defer(pfn, nr);
}

/* Frames of a higher zone than the short cut's are there again. */
static void prefer_higher(struct pcp *pcp, struct run_stack *stack)
{
	if (stack->zone->node == pcp->node && stack->zone->type > pcp->preferred->zone->type)
		pcp->preferred = stack;
}

/* `nr` frames of one zone. */
static void give_to_zone(unsigned int zone, uint64_t pfn, uint64_t nr)
{
	unsigned int cpu = this_cpu();
	struct pcp *pcp = pcps[cpu];
	struct run_stack *stack = pcp->stacks[zone];

	if (nr > stack->most || fault_in_handler()) {
		give_to_lists(&zones[zone], pfn, nr);
		return;
	}
	local_lock_wait(&pcp->lock, cpu);
	if (!run_stack_put(stack, pfn, nr))
		frames_trim(pcp, stack);
	prefer_higher(pcp, stack);
	local_unlock(&pcp->lock);
}

void frames_give_slow(uint64_t pfn, uint64_t nr)
{
	while (nr != 0) {
		uint64_t same = same_zone(pfn, nr);

		give_to_zone(pfn_zone_index(pfn), pfn, same);
		pfn += same;
		nr -= same;
	}
}
