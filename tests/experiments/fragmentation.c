/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmlab.h>

/*
 * Question: how does free address space fall to pieces when ranges of 1 to 64 pages come and go, by
 * where they are placed: lowest, best, at random?
 *
 * A window of 4,096 pages in the vmalloc region, kept about half full. At each turn one of 128
 * slots is freed, or filled; how much of the free space is then one block? That is what a large
 * request can have.
 *
 * Answer: lowest and best keep a large block whole. Placement at random, which makes addresses hard
 * to guess, pays for it with what is left for large requests.
 */

enum { PAGES = 4096, SLOTS = 128, LONGEST = 64 };

static struct area *slots[SLOTS];
static bool used[PAGES];
static uintptr_t window;

static void mark(const struct area *area, bool is_used)
{
	uintptr_t at = area_taken_start(&area->va);

	for (; at < area->va.va_end && at < window + PAGES * PAGE_SIZE; at += PAGE_SIZE)
		used[(at - window) / PAGE_SIZE] = is_used;
}

static bool fill(struct area **slot, enum vmap_place place)
{
	*slot = vmap_area_alloc(&(struct vmap_request){.nr_pages = draw(LONGEST) + 1,
						       .align = PAGE_SIZE,
						       .start = window,
						       .end = window + PAGES * PAGE_SIZE,
						       .place = place,
						       .gfp = GFP_KERNEL | __GFP_NOWARN});
	if (*slot)
		mark(*slot, true);
	return *slot;
}

static void empty(struct area **slot)
{
	if (*slot) {
		mark(*slot, false);
		vmap_area_free_unused(*slot);
	}
	*slot = NULL;
}

/* The largest free block, in thousandths of all that is free. */
static uint64_t largest_share(void)
{
	uint64_t all = 0, largest = 0, run = 0;

	for (unsigned int i = 0; i < PAGES; i++) {
		run = used[i] ? 0 : run + 1;
		all += !used[i];
		largest = run > largest ? run : largest;
	}
	return all ? largest * 1000 / all : 1000;
}

static uint64_t share_under(const char *name, enum vmap_place place)
{
	uint64_t turns = option_u64("turns", 4000), sum = 0, failed = 0;

	for (uint64_t i = 0; i < turns; i++) {
		struct area **slot = &slots[draw(SLOTS)];

		if (*slot)
			empty(slot);
		else
			failed += !fill(slot, place);
		sum += largest_share();
	}
	for (unsigned int i = 0; i < SLOTS; i++)
		empty(&slots[i]);
	test_note("%s: %llu of %llu turns found no place", name, (unsigned long long)failed,
		  (unsigned long long)turns);
	report(name, sum / turns, "thousandths of the free space in one block");
	return sum / turns;
}

EXPERIMENT(fragmentation, "lowest placement keeps a larger free block than random placement")
{
	struct vm_struct *room = get_vm_area(PAGES * PAGE_SIZE, VM_MAP);
	uint64_t lowest;

	require(room); /* where so much is free in one piece */
	window = (uintptr_t)room->addr;
	free_vm_area(room);
	vm_unmap_aliases();
	lowest = share_under("lowest", PLACE_LOWEST);
	share_under("best", PLACE_BEST);
	expect_below(share_under("random", PLACE_RANDOM), lowest);
}
