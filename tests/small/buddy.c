/* SPDX-License-Identifier: BSD-2-Clause */
#include "small.h"
#include "test.h"
#include "zone.h"

/*
 * The buddy lists of a zone of FRAMES frames, made of frames that this test has allocated: those
 * that follow are allocated too, so nothing is merged beyond. Free buddies are always merged, so
 * which frames are free says all about a state but the order of the lists. From each state a block
 * of every order is taken, every run that is out is given back, and every run that is free is
 * claimed.
 */
enum { FRAMES = 16, ORDER = 4, STATES = 1 << FRAMES, NO_BLOCK = 255 };

struct world {
	struct zone zone;
	struct page pages[FRAMES];
};

static struct world found[STATES], *from;
static uint32_t bits_of[STATES];
static uint64_t seen[STATES / 64];
static struct search search;
static struct zone zone;
static uint64_t first;

static void save(struct world *world)
{
	world->zone = zone;
	memcpy(world->pages, pfn_to_page(first), sizeof(world->pages));
}

static void restore(const struct world *world)
{
	zone = world->zone;
	memcpy(pfn_to_page(first), world->pages, sizeof(world->pages));
}

/* The order of the block that must begin at `frame` when the frames in `bits` are free. */
static unsigned int order_at(uint32_t bits, unsigned int frame)
{
	unsigned int order, found_order = NO_BLOCK;

	for (order = 0; order <= ORDER; order++) {
		unsigned int size = 1u << order, start = frame & ~(size - 1);
		uint32_t block = pages_of(start, start + size);

		if ((bits & block) != block)
			break;
		found_order = start == frame ? order : NO_BLOCK;
	}
	return found_order;
}

/* The lists, walked from their heads: each block where it must be, and no other. */
static void check_lists(uint32_t bits)
{
	uint32_t listed = 0;

	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		uint32_t before = NO_FRAME, pfn = zone.free_area[order].first;
		uint64_t nr = 0;

		for (; pfn != NO_FRAME; pfn = pfn_to_page(pfn)->next, nr++) {
			unsigned int frame = pfn - (uint32_t)first;

			require(frame < FRAMES && nr < FRAMES);
			expect_equal(order_at(bits, frame), order);
			expect_equal(pfn_to_page(pfn)->kind, PAGE_BUDDY);
			expect_equal(pfn_to_page(pfn)->order, order);
			expect_equal(pfn_to_page(pfn)->prev, before);
			listed |= pages_of(frame, frame + (1u << order));
			before = pfn;
		}
		expect_equal(zone.free_area[order].nr_free, nr);
		expect_equal(zone.nonempty >> order & 1, nr != 0);
	}
	expect_equal(listed, bits);
	expect_equal(zone.free, __builtin_popcount(bits));
}

static void note_state(uint32_t bits)
{
	check_lists(bits);
	for (unsigned int frame = 0; frame < FRAMES; frame++)
		if (order_at(bits, frame) == NO_BLOCK)
			expect_equal(pfn_to_page(first + frame)->kind, PAGE_PLAIN);
	search.calls++;
	if (!set_add(seen, bits))
		return;
	bits_of[search.states] = bits;
	save(&found[search.states++]);
}

/* The smallest order of a free block that is no smaller than `order`; NO_BLOCK. */
static unsigned int smallest_order(uint32_t bits, unsigned int order)
{
	unsigned int smallest = NO_BLOCK;

	for (unsigned int frame = 0; frame < FRAMES; frame++) {
		unsigned int here = order_at(bits, frame);

		if (here != NO_BLOCK && here >= order && here < smallest)
			smallest = here;
	}
	return smallest;
}

static void take(uint32_t bits, unsigned int order)
{
	unsigned int smallest = smallest_order(bits, order), frame;
	uint64_t pfn = 0;
	bool taken;

	restore(from);
	expect_equal(zone_best_order(&zone, order) >= (int)order, smallest != NO_BLOCK);
	taken = zone_take_block(&zone, order, &pfn);
	expect_equal(taken, smallest != NO_BLOCK);
	frame = (unsigned int)(pfn - first);
	if (taken) {
		require(frame < FRAMES);
		expect_equal(order_at(bits, frame), smallest);
		bits &= ~pages_of(frame, frame + (1u << order));
	}
	note_state(bits);
}

static void move_run(uint32_t bits, unsigned int start, unsigned int end)
{
	uint32_t run = pages_of(start, end);

	if ((bits & run) && (bits & run) != run)
		return;
	restore(from);
	if (bits & run)
		zone_claim_run(&zone, first + start, end - start);
	else
		zone_give_run(&zone, first + start, end - start);
	note_state(bits ^ run);
}

static void search_from(uint64_t number)
{
	uint32_t bits = bits_of[number];

	from = &found[number];
	for (unsigned int order = 0; order <= ORDER + 1; order++)
		take(bits, order);
	for (unsigned int start = 0; start < FRAMES; start++)
		for (unsigned int end = start + 1; end <= FRAMES; end++)
			move_run(bits, start, end);
	search.searched++;
}

/* Runs of equal frames: of each length at each place, both kinds, whatever the others are. */
static uint64_t calls_expected(void)
{
	uint64_t calls = (uint64_t)STATES * (ORDER + 2) + 1;

	for (unsigned int length = 1; length <= FRAMES; length++)
		calls += (FRAMES + 1 - length) * 2 * ((uint64_t)1 << (FRAMES - length));
	return calls;
}

static void start_zone(struct page *pages)
{
	first = page_to_pfn(pages);
	zone = (struct zone){.lock = SPINLOCK("small", LOCK_RANK_ZONE),
			     .type = pfn_zone_type(first),
			     .node = page_to_nid(pages),
			     .start_pfn = first,
			     .end_pfn = first + FRAMES,
			     .managed = FRAMES};
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		zone.free_area[order].first = NO_FRAME;
}

TEST_FLAGS(small, buddy, "buddy lists: every state of 16 frames, every block and run", TEST_NAMED)
{
	static struct world before;
	struct page *pages = alloc_pages(GFP_KERNEL, ORDER + 1);

	require(pages);
	start_zone(pages);
	save(&before);
	note_state(0);
	for (uint64_t i = 0; i < search.states; i++) {
		search_from(i);
		test_relax();
	}
	restore(&before);
	__free_pages(pages, ORDER + 1);
	small_report(&search, STATES);
	expect_equal(search.calls, calls_expected());
}
