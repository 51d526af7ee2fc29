/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/format.h"
#include "lib/random.h"
#include "test.h"
#include "vmalloc.h"

/*
 * How a small window of addresses looks after many allocations and frees of mixed sizes at half
 * load, under each placement policy. Addresses alone: no frames, no caches, no lazy freeing.
 */

enum { WINDOW_PAGES = 32768, SLOTS = 4096, CALLS = 1000000 };

static const char *const place_names[NR_PLACES] = {[PLACE_LOWEST] = "lowest",
						   [PLACE_RANDOM] = "random",
						   [PLACE_BEST] = "best",
						   [PLACE_TOP] = "top"};

struct addresses {
	uintptr_t start, end;
	struct area *areas[SLOTS];
	uint64_t calls, failed, pages; /* pages: of bodies and guards, now taken */
};

static uint64_t draw_pages(struct random *random)
{
	uint64_t kind = random_below(random, 100);

	return 1 + random_below(random, kind < 70 ? 4 : kind < 95 ? 16 : 64);
}

static void take(struct addresses *window, unsigned int slot, struct random *random,
		 enum vmap_place place)
{
	struct vmap_request request = {.nr_pages = draw_pages(random),
				       .align = PAGE_SIZE,
				       .start = window->start,
				       .end = window->end,
				       .place = place,
				       .gfp = GFP_KERNEL};
	struct area *area = vmap_area_alloc(&request);

	window->areas[slot] = area;
	if (area)
		window->pages += request.nr_pages + 1;
	else
		window->failed++;
}

static void give(struct addresses *window, unsigned int slot)
{
	window->pages -= area_body_pages(&window->areas[slot]->va) + 1;
	vmap_area_free_unused(window->areas[slot]);
	window->areas[slot] = NULL;
}

static void make_calls(struct addresses *window, struct random *random, enum vmap_place place,
		       uint64_t calls)
{
	for (window->calls = 0; window->calls < calls; window->calls++) {
		unsigned int slot = (unsigned int)random_below(random, SLOTS);

		if (window->areas[slot])
			give(window, slot);
		else if (window->pages < WINDOW_PAGES / 2)
			take(window, slot, random, place);
		if (window->calls % 4096 == 0)
			test_relax();
	}
}

/* The holes between the areas, by looking at every page once. */
struct holes {
	uint64_t nr, pages, largest;
};

static void count_hole(struct holes *holes, uint64_t pages)
{
	holes->nr += pages != 0;
	holes->pages += pages;
	holes->largest = pages > holes->largest ? pages : holes->largest;
}

static void count_holes(const struct addresses *window, uint8_t *taken, struct holes *holes)
{
	uint64_t hole = 0;

	for (unsigned int i = 0; i < SLOTS; i++)
		if (window->areas[i]) {
			uintptr_t start = area_taken_start(&window->areas[i]->va);

			memset(taken + ((start - window->start) >> PAGE_SHIFT), 1,
			       (area_body_end(&window->areas[i]->va) - start) >> PAGE_SHIFT);
		}
	for (uint64_t page = 0; page < WINDOW_PAGES; page++) {
		if (!taken[page]) {
			hole++;
			continue;
		}
		count_hole(holes, hole);
		hole = 0;
	}
	count_hole(holes, hole);
}

static void print_holes(const struct addresses *window, const struct holes *holes,
			enum vmap_place place)
{
	uint64_t promille = holes->pages ? 1000 - holes->largest * 1000 / holes->pages : 0;

	log_line("fragmentation place=%s calls=%llu failed=%llu free_pages=%llu holes=%llu "
		 "largest=%llu fragmentation=0.%03u",
		 place_names[place], (unsigned long long)window->calls,
		 (unsigned long long)window->failed, (unsigned long long)holes->pages,
		 (unsigned long long)holes->nr, (unsigned long long)holes->largest,
		 (unsigned int)promille);
}

static void fragment(enum vmap_place place)
{
	struct addresses *window = vzalloc(sizeof(*window));
	uint8_t *taken = vzalloc(WINDOW_PAGES);
	struct holes holes = {0};
	struct random random;

	require(window && taken);
	window->start = VMALLOC_END - 2 * WINDOW_PAGES * PAGE_SIZE;
	window->end = window->start + WINDOW_PAGES * PAGE_SIZE;
	random_seed(&random, test_random());
	make_calls(window, &random, place, CALLS);
	count_holes(window, taken, &holes);
	print_holes(window, &holes, place);
	expect(holes.pages > 0 && holes.largest > 0);
	for (unsigned int i = 0; i < SLOTS; i++)
		if (window->areas[i])
			give(window, i);
	vfree(taken);
	vfree(window);
}

TEST_FLAGS(fragmentation, lowest, "the lowest place that fits", TEST_BENCH)
{
	fragment(PLACE_LOWEST);
}

TEST_FLAGS(fragmentation, best, "the smallest hole that fits", TEST_BENCH)
{
	fragment(PLACE_BEST);
}

TEST_FLAGS(fragmentation, top, "the highest place that fits", TEST_BENCH)
{
	fragment(PLACE_TOP);
}

TEST_FLAGS(fragmentation, random, "any place that fits", TEST_BENCH)
{
	fragment(PLACE_RANDOM);
}
