/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/string.h"
#include "fault.h"
#include "page_alloc.h"
#include "pcp.h"

/*
 * What the parts of the page allocator tell each other, and its short cuts; nobody else includes
 * this, but slab for the frames it types, and vmalloc and vfree for the short cuts.
 */

/* Flags that the short cut does not serve. */
#define SLOW_GFP (__GFP_DMA | __GFP_DMA32 | __GFP_THISNODE | __GFP_COMP | ~__GFP_BITS_MASK)

struct frame_request {
	gfp_t gfp;
	int nid;
	bool block; /* 2^order frames, aligned; else a run of up to `wanted` */
	unsigned int order;
	size_t wanted;
	uintptr_t caller;
};

/* Everything that the short cut is not for. How many frames, 0: none. They are marked and ready. */
size_t frames_alloc_slow(const struct frame_request *request, uint64_t *pfn);
/* The same without the FAIL_FRAME count, retries or a line: for page tables. */
size_t frames_alloc_quiet(const struct frame_request *request, uint64_t *pfn);

/* What frames_give() is not for: several zones, another zone, a stack that cannot be had, a full
 * one. */
__slow void frames_give_slow(uint64_t pfn, uint64_t nr);
__slow void frames_trim(struct pcp *pcp, struct run_stack *stack);

static inline bool frames_in_zone_of(const struct run_stack *stack, uint64_t pfn)
{
	return (uint32_t)pfn - stack->first < stack->span;
}

/* Frames whose words say that they are free: to this CPU's stack, or as close to it as can be had.
 */
static inline void frames_give(uint64_t pfn, uint64_t nr)
{
	unsigned int cpu = this_cpu();
	struct pcp *pcp = pcps[cpu];
	struct run_stack *stack = pcp->preferred;

	if (unlikely(!frames_in_zone_of(stack, pfn)) ||
	    unlikely(!frames_in_zone_of(stack, pfn + nr - 1)) ||
	    unlikely(!local_trylock(&pcp->lock, cpu))) {
		frames_give_slow(pfn, nr);
		return;
	}
	if (unlikely(!run_stack_put(stack, pfn, nr)))
		frames_trim(pcp, stack);
	local_unlock(&pcp->lock);
}

/* Given in an exception handler that found every lock taken; back to the lists with the next drain.
 */
uint64_t frames_deferred(void);
void frames_drain_deferred(void);

/* Eight words, as four pairs. */
static inline void frames_set_8(frame_pair_t *pairs, uint64_t pair)
{
	pairs[0].words = pair;
	pairs[1].words = pair;
	pairs[2].words = pair;
	pairs[3].words = pair;
}

static inline bool frames_are_8(const frame_pair_t *pairs, uint64_t pair)
{
	return pairs[0].words == pair && pairs[1].words == pair && pairs[2].words == pair &&
	       pairs[3].words == pair;
}

/* All words of a run get one value. */
static inline void frames_mark(uint64_t pfn, uint64_t nr, frame_word_t word)
{
	frame_word_t *at = &frame_words[pfn];
	uint64_t pair = FRAME_PAIR(word);

	for (; nr >= 16; nr -= 16, at += 16) {
		frames_set_8((frame_pair_t *)at, pair);
		frames_set_8((frame_pair_t *)at + 4, pair);
	}
	if (nr & 8) {
		frames_set_8((frame_pair_t *)at, pair);
		at += 8;
	}
	for (; nr & 6; nr -= 2, at += 2)
		((frame_pair_t *)at)->words = pair;
	if (nr & 1)
		*at = word;
}

/* alloc_frame_run() where the short cut does not go; it is the slow reasons' too. */
__slow size_t frames_alloc_long_way(gfp_t gfp, int nid, size_t wanted, uint64_t *pfn,
				    uintptr_t caller);
/* free_frame_run() for several frames, or with reasons not to take the short cut. */
bool frames_free_run(uint64_t pfn, size_t nr, uintptr_t caller);
/* Its end where frames_release() did not get on: the first `done` are marked. */
__slow bool frames_free_rest(uint64_t pfn, uint64_t nr, uint64_t done, uintptr_t caller);

/* Whether one reference and nobody's type stand on the frame: releasing it is one store. */
static inline bool frame_is_plain(uint64_t pfn)
{
	return (frame_words[pfn] & FRAME_STATE_MASK) == FRAME_PLAIN;
}

static inline void frame_release_plain(uint64_t pfn, uintptr_t caller)
{
	frame_words[pfn] = FRAME_EVER | frame_owner_encode(caller);
}

/*
 * Marks plain frames free, from the first on to one that has another word than the first; returns
 * how many. Frames are looked at and marked two an instruction.
 */
static inline uint64_t frames_release(uint64_t pfn, uint64_t nr, uintptr_t caller)
{
	frame_word_t *at = &frame_words[pfn], word = *at;
	frame_word_t freed = FRAME_EVER | frame_owner_encode(caller);
	uint64_t before = FRAME_PAIR(word), after = FRAME_PAIR(freed), left = nr;

	if (unlikely((word & FRAME_STATE_MASK) != FRAME_PLAIN))
		return 0;
	for (; left >= 16 && likely(frames_are_8((frame_pair_t *)at, before)) &&
	       likely(frames_are_8((frame_pair_t *)at + 4, before));
	     left -= 16, at += 16) {
		frames_set_8((frame_pair_t *)at, after);
		frames_set_8((frame_pair_t *)at + 4, after);
	}
	for (; left >= 2 && likely(((frame_pair_t *)at)->words == before); left -= 2, at += 2)
		((frame_pair_t *)at)->words = after;
	if (left == 1 && likely(*at == word)) {
		*at = freed;
		left = 0;
	}
	return nr - left;
}

/* alloc_frame_run(), in place. */
static inline size_t frames_alloc(gfp_t gfp, int nid, size_t wanted, uint64_t *pfn,
				  uintptr_t caller)
{
	frame_word_t word = FRAME_PLAIN | frame_owner_encode(caller);
	unsigned int cpu = this_cpu();
	struct pcp *pcp = pcps[cpu];
	struct run_stack *stack;
	size_t nr = 0;

	if (unlikely((gfp & (SLOW_GFP | __GFP_ZERO)) | fault_detour(cpu)) ||
	    unlikely(nid != NUMA_NO_NODE && nid != pcp->node) ||
	    unlikely(!local_trylock(&pcp->lock, cpu)))
		return frames_alloc_long_way(gfp, nid, wanted, pfn, caller);
	stack = pcp->preferred;
	if (likely(stack->top->nr >= wanted) || run_stack_raise(stack, wanted))
		nr = run_stack_take(stack, wanted, pfn);
	local_unlock(&pcp->lock);
	if (likely(nr == 1))
		frame_words[*pfn] = word;
	else if (likely(nr != 0))
		frames_mark(*pfn, nr, word);
	else
		return frames_alloc_long_way(gfp, nid, wanted, pfn, caller);
	return nr;
}

/* free_frame_run(), in place. */
static inline bool frames_free(uint64_t pfn, size_t nr, uintptr_t caller)
{
	if (nr != 1 || unlikely(mm_slow_reasons) || unlikely(!frame_is_plain(pfn)))
		return frames_free_run(pfn, nr, caller);
	frame_release_plain(pfn, caller);
	frames_give(pfn, 1);
	return true;
}

/* What __GFP_ZERO asks for. */
static inline void frames_clear(uint64_t pfn, uint64_t nr)
{
	uint64_t *cleared = &pcps[this_cpu()]->cleared;

	__atomic_store_n(cleared, __atomic_load_n(cleared, __ATOMIC_RELAXED) + nr,
			 __ATOMIC_RELAXED);
	memset(pfn_to_kaddr(pfn), 0, nr << PAGE_SHIFT);
}

/* free_frame_run() for numbers that somebody names: refused as a whole where the page array does
 * not reach. */
void frames_free_named(uint64_t pfn, uint64_t nr, uintptr_t caller);

/* Makes allocated frames ones that only their user's own call frees, or plain again. */
void frames_set_typed(uint64_t pfn, uint64_t nr);
void frames_clear_typed(uint64_t pfn, uint64_t nr);

/* Poison, and presence in the direct map: when frames are handed out, and when they come back. */
void frames_debug_alloc(uint64_t pfn, uint64_t nr);
void frames_debug_free(uint64_t pfn, uint64_t nr);
uint64_t frames_poison_broken(void);

/* Calls `visit` for each run of frames whose state, of FRAME_PLAIN's two bits, is `state`. */
void frames_visit(frame_word_t state, void (*visit)(uint64_t pfn, uint64_t nr));

/* Counted in page_alloc_stats. */
extern uint64_t frames_fallbacks, frames_refused, frames_failed, frames_warned;
static inline void frames_count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}
