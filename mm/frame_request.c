/* SPDX-License-Identifier: BSD-2-Clause */
#include "fail.h"
#include "fault.h"
#include "frames.h"
#include "lib/format.h"
#include "tlb.h"

/*
 * A request for frames that the short cut did not serve: which zones may serve it, in which order,
 * and what is tried when none can. A zone is asked through this CPU's stack for it; blocks and
 * requests in exception handlers go to the lists at once.
 */

enum { RETRIES = 16 }; /* while reclaiming makes progress */

uint64_t frames_fallbacks, frames_failed;

static struct reclaim_hook *reclaim_hooks;

static enum zone_type highest_zone(gfp_t gfp)
{
	if (gfp & __GFP_DMA)
		return ZONE_DMA;
	return gfp & __GFP_DMA32 ? ZONE_DMA32 : ZONE_NORMAL;
}

static size_t take_from_lists(const struct frame_request *request, struct zone *zone, uint64_t *pfn)
{
	unsigned int order = request->block ? request->order : 0;
	size_t nr = (size_t)1 << order;

	if (!zone_lock(zone))
		return 0;
	if (!zone_watermark_ok(zone, nr, request->gfp, highest_zone(request->gfp)) ||
	    !zone_take_block(zone, order, pfn))
		nr = 0;
	zone_unlock(zone);
	return nr;
}

/* What served a request that may have any zone serves the short cut from here on. */
static void prefer(struct pcp *pcp, struct run_stack *stack, gfp_t gfp)
{
	if (highest_zone(gfp) == ZONE_NORMAL && stack->zone->node == pcp->node)
		pcp->preferred = stack;
}

static size_t take_from_stack(const struct frame_request *request, unsigned int zone, uint64_t *pfn)
{
	unsigned int cpu = this_cpu();
	struct pcp *pcp = pcps[cpu];
	struct run_stack *stack = pcp->stacks[zone];
	size_t nr = 0;

	local_lock_wait(&pcp->lock, cpu);
	if (!run_stack_raise(stack, request->wanted)) {
		pcp->refills++;
		run_stack_refill(stack, request->wanted, request->gfp, highest_zone(request->gfp));
	}
	if (!run_stack_is_empty(stack)) {
		nr = run_stack_take(stack, request->wanted, pfn);
		prefer(pcp, stack, request->gfp);
	}
	local_unlock(&pcp->lock);
	return nr;
}

static size_t take_from_node(const struct frame_request *request, unsigned int node, bool handler,
			     uint64_t *pfn)
{
	for (int type = (int)highest_zone(request->gfp); type >= 0; type--) {
		unsigned int zone = node * MAX_NR_ZONES + (unsigned int)type;
		size_t nr;

		if (!zones[zone].managed)
			continue;
		nr = request->block || handler ? take_from_lists(request, &zones[zone], pfn)
					       : take_from_stack(request, zone, pfn);
		if (nr != 0)
			return nr;
	}
	return 0;
}

static size_t take_from_any(const struct frame_request *request, uint64_t *pfn)
{
	unsigned int local = (unsigned int)(request->nid < 0 ? numa_node_id() : request->nid);
	bool handler = fault_in_handler();

	for (unsigned int i = 0; i < nr_nodes; i++) {
		size_t nr = take_from_node(request, (local + i) % nr_nodes, handler, pfn);

		if (nr != 0) {
			if (i != 0)
				frames_count(&frames_fallbacks);
			return nr;
		}
		if (request->gfp & __GFP_THISNODE)
			break;
	}
	return 0;
}

static unsigned long reclaim(void)
{
	unsigned long frames = 0;

	for (struct reclaim_hook *hook = __atomic_load_n(&reclaim_hooks, __ATOMIC_ACQUIRE); hook;
	     hook = hook->next)
		frames += hook->reclaim();
	drain_all_pages();
	return frames;
}

/* A request that must not fail, and did: lets the others go on, or ends the run. */
static void wait_for_others(const struct frame_request *request)
{
	if (wait_for_another_cpu())
		return;
	warn_alloc(request->gfp & ~__GFP_NOWARN, request->caller,
		   "page_alloc: __GFP_NOFAIL, and nobody is left who could free anything");
	platform_abort("out of memory under __GFP_NOFAIL");
}

static size_t retry(const struct frame_request *request, uint64_t *pfn)
{
	bool nofail = request->gfp & __GFP_NOFAIL;
	size_t nr;

	if (drain_all_pages() != 0 && (nr = take_from_any(request, pfn)) != 0)
		return nr;
	for (unsigned int i = 0; i < RETRIES || nofail; i++) {
		unsigned long progress = locks_held() == 0 ? reclaim() : 0;

		nr = take_from_any(request, pfn);
		if (nr != 0)
			return nr;
		if (nofail && progress == 0)
			wait_for_others(request);
		else if (!nofail && (progress == 0 || request->gfp & __GFP_NORETRY))
			break;
	}
	return 0;
}

/* What is wrong with the request itself, NULL: nothing. */
static const char *request_problem(const struct frame_request *request)
{
	if (!gfp_known(request->gfp))
		return "an unknown gfp flag";
	if (request->nid != NUMA_NO_NODE && (unsigned int)request->nid >= nr_nodes)
		return "no such node";
	if (request->block && request->order > MAX_PAGE_ORDER)
		return "an order above the largest";
	return NULL;
}

static void make_compound(uint64_t pfn, unsigned int order)
{
	struct page *head = pfn_to_page(pfn);

	frames_set_typed(pfn, (uint64_t)1 << order);
	for (uint64_t i = 1; i < (uint64_t)1 << order; i++) {
		head[i].head = head;
		page_set_kind(&head[i], PAGE_TAIL);
	}
	head->order = (uint8_t)order;
	page_set_kind(head, PAGE_HEAD);
}

static void make_ready(const struct frame_request *request, uint64_t pfn, size_t nr)
{
	if (mm_slow_reasons)
		frames_debug_alloc(pfn, nr);
	frames_mark(pfn, nr, FRAME_PLAIN | frame_owner_encode(request->caller));
	if (request->gfp & __GFP_ZERO)
		frames_clear(pfn, nr);
	if (request->gfp & __GFP_COMP && request->block)
		make_compound(pfn, request->order);
}

size_t frames_alloc_quiet(const struct frame_request *request, uint64_t *pfn)
{
	size_t nr = 0;

	if (!(mm_slow_reasons & SLOW_NOT_STARTED))
		nr = take_from_any(request, pfn);
	if (nr != 0)
		make_ready(request, *pfn, nr);
	return nr;
}

static bool may_retry(gfp_t gfp)
{
	return gfpflags_allow_blocking(gfp) && !fault_in_handler();
}

size_t frames_alloc_slow(const struct frame_request *request, uint64_t *pfn)
{
	const char *problem = request_problem(request);
	size_t nr = 0;

	tlb_answer();
	if (problem) {
		warn_alloc(request->gfp, request->caller, "page_alloc: refused: %s", problem);
		return 0;
	}
	if (mm_slow_reasons & SLOW_NOT_STARTED || (!request->block && request->wanted == 0))
		return 0;
	if (!should_fail(FAIL_FRAME) || request->gfp & __GFP_NOFAIL) {
		nr = take_from_any(request, pfn);
		if (nr == 0 && may_retry(request->gfp))
			nr = retry(request, pfn);
	}
	if (nr == 0) {
		frames_count(&frames_failed);
		warn_alloc(request->gfp, request->caller, "page_alloc: no %s of order %u",
			   request->block ? "block" : "frame", request->order);
		return 0;
	}
	make_ready(request, *pfn, nr);
	return nr;
}

void register_reclaim_hook(struct reclaim_hook *hook)
{
	struct reclaim_hook *first = __atomic_load_n(&reclaim_hooks, __ATOMIC_ACQUIRE);

	for (struct reclaim_hook *other = first; other; other = other->next)
		if (other == hook)
			return;
	hook->next = first;
	while (!__atomic_compare_exchange_n(&reclaim_hooks, &hook->next, hook, false,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}
