/* SPDX-License-Identifier: BSD-2-Clause */
#include "page_alloc.h"
#include "test.h"
#include "words.h"

/* Mixed calls against a plain list of what is held; every held range is marked with a pattern. */

enum { HELD_MAX = 200, FRAMES_MAX = 4000, STEPS = 4000, CHECK_EVERY = 512 };

static struct held {
	uint64_t pfn;
	size_t nr;
	uint64_t seed;
} held[HELD_MAX];
static size_t nr_held, frames_held;

static void hold(uint64_t pfn, size_t nr)
{
	struct held *range = &held[nr_held++];

	*range = (struct held){.pfn = pfn, .nr = nr, .seed = test_random()};
	for (size_t i = 0; i < nr; i++) {
		expect_equal(page_count(pfn_to_page(pfn + i)), 1);
		pattern_fill(pfn_to_kaddr(pfn + i), 16, range->seed + i);
	}
	for (size_t i = 0; i + 1 < nr_held; i++)
		expect(held[i].pfn + held[i].nr <= pfn || pfn + nr <= held[i].pfn);
	frames_held += nr;
}

static void let_go(size_t index)
{
	struct held range = held[index];

	for (size_t i = 0; i < range.nr; i++)
		expect(pattern_holds(pfn_to_kaddr(range.pfn + i), 16, range.seed + i));
	held[index] = held[--nr_held];
	frames_held -= range.nr;
	expect(free_frame_run(range.pfn, range.nr, 0));
}

static void take_something(void)
{
	size_t wanted = 1 + test_random_below(NULL, 60);
	uint64_t pfn;
	size_t nr = 0;

	switch (test_random_below(NULL, 3)) {
	case 0:
		nr = alloc_frame_run(GFP_KERNEL, NUMA_NO_NODE, wanted, &pfn, 0);
		break;
	case 1: {
		unsigned int order = (unsigned int)test_random_below(NULL, 7);
		struct page *page = alloc_pages(GFP_KERNEL, order);

		nr = page ? (size_t)1 << order : 0;
		pfn = page ? page_to_pfn(page) : 0;
		break;
	}
	default: {
		struct page *page = alloc_contig_pages(wanted, GFP_KERNEL, NUMA_NO_NODE, NULL);

		nr = page ? wanted : 0;
		pfn = page ? page_to_pfn(page) : 0;
	}
	}
	if (expect(nr != 0))
		hold(pfn, nr);
}

/* A held range becomes two. */
static void cut(size_t index)
{
	struct held *range = &held[index];
	size_t front = range->nr / 2;

	if (front == 0 || nr_held == HELD_MAX)
		return;
	held[nr_held++] = (struct held){
		.pfn = range->pfn + front, .nr = range->nr - front, .seed = range->seed + front};
	range->nr = front;
}

TEST(page_random, mixed, "thousands of mixed calls never overlap, lose or damage a frame")
{
	uint64_t before = nr_free_pages();

	test_need_frames(8192);
	nr_held = frames_held = 0;
	for (unsigned int step = 0; step < STEPS; step++) {
		bool full = nr_held == HELD_MAX || frames_held > FRAMES_MAX;
		uint64_t what = test_random_below(NULL, 8);

		if (nr_held == 0 || (!full && what < 4))
			take_something();
		else if (what == 7)
			cut(test_random_below(NULL, nr_held));
		else
			let_go(test_random_below(NULL, nr_held));
		expect_equal(nr_free_pages() + frames_held, before);
		if (step % CHECK_EVERY == 0) {
			expect(!page_alloc_check());
			test_relax();
		}
	}
	while (nr_held)
		let_go(0);
	drain_all_pages();
	expect(!page_alloc_check());
}
