/* SPDX-License-Identifier: BSD-2-Clause */
#include "broken.h"
#include "memblock.h"
#include "page_alloc.h"
#include "pcp.h"
#include "slab.h"
#include "slabs.h"
#include "test.h"
#include "zone.h"

/*
 * That the checks of frames and slabs find what they are for: each structure is broken in one place
 * by hand, the check must name just that, and then the place is as it was.
 */

enum { SIZE = 96, NR_OBJECTS = 3 };

static void *objects[NR_OBJECTS];

static void end_cache(void *cache)
{
	for (unsigned int i = 0; i < NR_OBJECTS; i++)
		if (objects[i])
			kmem_cache_free(cache, objects[i]);
	kmem_cache_destroy(cache);
}

/* A cache with some objects out and more on this CPU's list. */
static struct kmem_cache *make_cache(void)
{
	static struct test_end end = {.function = end_cache};
	struct kmem_cache *cache = kmem_cache_create("check", SIZE, 0, 0, NULL);

	require(cache);
	memset(objects, 0, sizeof(objects));
	end.context = cache;
	test_at_end(&end);
	for (unsigned int i = 0; i < NR_OBJECTS; i++)
		require((objects[i] = kmem_cache_alloc(cache, GFP_KERNEL)) != NULL);
	return cache;
}

TEST(check, slab_list, "a CPU's list of free objects: its count, and where it leads")
{
	struct kmem_cache *cache = make_cache();
	struct slab_cpu *cpu = &cache->cpu[this_cpu()];
	const char *elsewhere = "slab: a list of free objects leads elsewhere";
	void *other = kmalloc(SIZE, GFP_KERNEL);

	require(cpu->nr > 1 && other);
	expect_broken(slab_check(), cpu->nr, cpu->nr + 1,
		      "slab: a list of free objects is shorter than its count");
	expect_broken(slab_check(), cpu->nr, cpu->nr - 1,
		      "slab: a list of free objects is longer than its count");
	expect_broken(slab_check(), cpu->free, other, elsewhere);
	expect_broken(slab_check(), cpu->free, (void *)&cache, elsewhere);
	expect_broken(slab_check(), cpu->free, (char *)cpu->free + 8,
		      "slab: a list of free objects leads into an object");
	expect_broken(slab_check(), object_link(cache, cpu->free)[1],
		      object_key(cache, cpu->free) ^ 1,
		      "slab: an object was written while it was free");
	kfree(other);
}

TEST(check, slab, "a slab: its cache, its frames, its list, the counts of its objects")
{
	struct slab *slab;
	const char *strange = "slab: a slab and its frames do not know each other";
	void *other = kmalloc(SIZE, GFP_KERNEL);

	make_cache();
	slab = slab_of(objects[0]);
	require(other && slab && slab->nr_out > 1 && slab->nr_out < slab->nr_objects);
	expect_broken(slab_check(), slab->cache, slab_of(other)->cache, strange);
	expect_broken(slab_check(), slab->first, other, strange);
	expect_broken(slab_check(), slab->free, other,
		      "slab: a list of free objects leads elsewhere");
	expect_broken(slab_check(), slab->nr_out, 0, "slab: a slab is on the wrong list");
	expect_broken(slab_check(), slab->free, NULL, "slab: a slab is on the wrong list");
	expect_broken(slab_check(), slab->nr_out, slab->nr_out - 1,
		      "slab: a list of free objects is shorter than its count");
	expect_broken(slab_check(), slab->nr_out, slab->nr_out + 1,
		      "slab: a list of free objects is longer than its count");
	kfree(other);
}

TEST(check, slab_cache, "a cache: how many slabs it has, how many of them are empty")
{
	struct kmem_cache *cache = make_cache();
	const char *text = "slab: a count of slabs is wrong";

	expect_broken(slab_check(), cache->nr_slabs, cache->nr_slabs + 1, text);
	expect_broken(slab_check(), cache->nr_slabs, cache->nr_slabs - 1, text);
	expect_broken(slab_check(), cache->nr_empty, cache->nr_empty + 1, text);
}

TEST(check, slab_twice, "objects on the lists of two CPUs")
{
	struct kmem_cache *cache = make_cache();
	struct slab_cpu *mine = &cache->cpu[this_cpu()];
	struct slab_cpu *other = &cache->cpu[platform_nr_cpus() - 1];

	if (mine == other)
		test_skip("one CPU");
	require(other->nr == 0 && mine->nr > NR_OBJECTS);
	other->free = mine->free;
	other->nr = mine->nr;
	expect_string(said(slab_check()), "slab: more objects are on CPUs' lists than are out");
	other->free = NULL;
	other->nr = 0;
	expect(!slab_check());
}

/* The zone and the order of a free block with more behind it in its list. */
static struct zone *find_list(unsigned int *order)
{
	for_each_populated_zone(zone)
	{
		for (*order = 1; *order < NR_PAGE_ORDERS; ++*order)
			if (zone->free_area[*order].nr_free > 1)
				return zone;
	}
	test_skip("no list of two free blocks");
}

/* The first block of another zone's list of the same order; NO_FRAME: there is none. */
static uint32_t other_zone_block(const struct zone *mine, unsigned int order)
{
	for_each_populated_zone(zone)
	{
		if (zone != mine && zone->free_area[order].nr_free)
			return zone->free_area[order].first;
	}
	return NO_FRAME;
}

TEST(check, buddy_counts, "the counts of a zone and of its lists")
{
	unsigned int order;
	struct zone *zone = find_list(&order);
	struct free_area *area = &zone->free_area[order];

	expect_broken(page_alloc_check(), zone->free, zone->free + 1,
		      "buddy: the count of free frames is not what the lists hold");
	expect_broken(page_alloc_check(), area->nr_free, area->nr_free + 1,
		      "buddy: a list is longer or shorter than its count");
	expect_broken(page_alloc_check(), area->nr_free, area->nr_free - 1,
		      "buddy: a list is longer or shorter than its count");
	expect_broken(page_alloc_check(), zone->nonempty, zone->nonempty & ~(1u << order),
		      "buddy: the bit of a list that is not empty is wrong");
}

TEST(check, buddy_list,
     "a list of free blocks leads to free blocks of its order and zone, and back")
{
	unsigned int order;
	struct zone *zone = find_list(&order);
	struct free_area *area = &zone->free_area[order];
	struct page *first = pfn_to_page(area->first), *second = pfn_to_page(first->next);
	const char *unlike = "buddy: a listed block does not say that it is free and of that order";
	uint32_t other = other_zone_block(zone, order);

	expect_broken(page_alloc_check(), area->first, (uint32_t)frame_end,
		      "buddy: a list leads out of our frames");
	expect_broken(page_alloc_check(), area->first, area->first + 1,
		      "buddy: a free block is not aligned to its size");
	expect_broken(page_alloc_check(), first->kind, PAGE_PLAIN, unlike);
	expect_broken(page_alloc_check(), first->order, (uint8_t)(order - 1), unlike);
	expect_broken(page_alloc_check(), second->prev, NO_FRAME,
		      "buddy: a list's links back are wrong");
	if (other != NO_FRAME)
		expect_broken(page_alloc_check(), area->first, other,
			      "buddy: a free block lies in another zone");
}

TEST(check, buddy_block, "a free block: each of its frames is free, and its buddy is not")
{
	unsigned int order;
	struct zone *zone = find_list(&order);
	uint32_t pfn = zone->free_area[order].first, last = pfn + (1u << order) - 1;
	struct page *page = pfn_to_page(pfn), *half = pfn_to_page(pfn + (1u << (order - 1)));
	const char *used = "buddy: a free block holds a frame that is in use or not ours";
	struct page first_was = *page, half_was = *half;
	uint32_t list_was = zone->free_area[order - 1].first;

	expect_broken(page_alloc_check(), frame_words[last], frame_words[last] | FRAME_ALLOCATED,
		      used);
	expect_broken(page_alloc_check(), frame_words[last], frame_words[last] | FRAME_FOREIGN,
		      used);
	page->order = half->order = (uint8_t)(order - 1);
	page_set_kind(half, PAGE_BUDDY);
	zone->free_area[order - 1].first = pfn;
	expect_string(said(page_alloc_check()), "buddy: two free buddies were not joined");
	zone->free_area[order - 1].first = list_was;
	*page = first_was;
	*half = half_was;
	expect(!page_alloc_check());
}

TEST(check, frames, "a frame is either free or in use")
{
	struct page *page = alloc_page(GFP_KERNEL);
	const char *text = "page_alloc: frames are neither free nor allocated, or both";
	uint64_t pfn;

	require(page);
	pfn = page_to_pfn(page);
	expect_broken(page_alloc_check(), frame_words[pfn], frame_words[pfn] & ~FRAME_ALLOCATED,
		      text);
	__free_page(page);
}

static struct run_stack *own_stack(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct run_stack *stack;

	require(page);
	stack = pcps[this_cpu()]->stacks[pfn_zone_index(page_to_pfn(page))];
	__free_page(page);
	require(stack && !run_stack_is_empty(stack));
	return stack;
}

TEST(check, runs, "a CPU's runs of frames: theirs, free, of one zone, as many as counted")
{
	struct run_stack *stack = own_stack();
	struct frame_run *run = stack->top;
	uint32_t last = run->pfn + run->nr - 1, end = (uint32_t)frame_end;
	const char *empty = "pcp: a run is empty or not ours";

	expect_broken(page_alloc_check(), stack->frames, stack->frames + 1,
		      "pcp: the count of frames is not what the runs hold");
	expect_broken(page_alloc_check(), run->nr, 0, empty);
	expect_broken(page_alloc_check(), run->nr, (uint32_t)frame_end - run->pfn + 1, empty);
	expect_broken(page_alloc_check(), run->pfn, (uint32_t)frame_end, empty);
	/* up to the very last frame: some are in use, or there is a hole with frames that have no
	 * word */
	while (!pfn_valid(end - 1))
		end--;
	run->nr = end - run->pfn;
	expect(page_alloc_check() != NULL);
	run->nr = last + 1 - run->pfn;
	expect_broken(page_alloc_check(), frame_words[last], frame_words[last] | FRAME_ALLOCATED,
		      "pcp: a run holds a frame that is in use");
	expect_broken(page_alloc_check(), stack->zone, stack->zone + 1,
		      "pcp: a run lies in another zone");
}

TEST(check, runs_of_zones, "a CPU's runs of every zone are looked at")
{
	struct pcp *pcp = pcps[this_cpu()];
	unsigned int nr = 0;

	for (unsigned int i = 0; i < NR_ZONES; i++) {
		struct run_stack *stack = pcp->stacks[i];

		if (!stack)
			continue;
		nr++;
		expect_broken(page_alloc_check(), stack->frames, stack->frames + 1,
			      "pcp: the count of frames is not what the runs hold");
	}
	expect(nr > 0);
}

TEST(check, slab_other_list, "a slab's free objects are its own, and one broken slab is enough")
{
	enum { MANY = 400 };
	static void *many[MANY];
	struct kmem_cache *cache = make_cache();
	struct slab *first, *second;

	require(kmem_cache_alloc_bulk(cache, GFP_KERNEL, MANY, many) == MANY);
	for (unsigned int i = 1; i < MANY; i += 2) /* some of each slab */
		kmem_cache_free(cache, many[i]);
	kmem_cache_shrink(cache); /* nothing is on the CPUs' lists now */
	first = list_entry(cache->partial.next, struct slab, node);
	second = list_entry(first->node.next, struct slab, node);
	require(cache->nr_slabs > 2 && first->free && second->free);
	expect_broken(slab_check(), first->free, second->free,
		      "slab: a list of free objects leads elsewhere");
	for (unsigned int i = 0; i < MANY; i += 2)
		kmem_cache_free(cache, many[i]);
}

TEST(check, runs_end, "a run that ends in another zone")
{
	struct run_stack *stack = own_stack();
	struct frame_run *run = stack->top, was = *run;
	size_t nr;
	const struct memory_range *ranges = memblock_ranges(&nr);

	for (size_t i = 0; i + 1 < nr; i++) {
		uint64_t next = ranges[i + 1].start >> PAGE_SHIFT;

		if (ranges[i].end != ranges[i + 1].start ||
		    pfn_zone_index(next - 1) == pfn_zone_index(next))
			continue;
		stack->zone = &zones[pfn_zone_index(next - 1)];
		*run = (struct frame_run){.pfn = (uint32_t)next - 1, .nr = 2};
		expect(page_alloc_check() != NULL);
		stack->zone = &zones[pfn_zone_index(was.pfn)];
		*run = was;
	}
	expect(!page_alloc_check());
}

TEST(check, slab_first_cache, "whichever cache is broken is found, others behind it or not")
{
	void *object = kmalloc(64, GFP_KERNEL);
	struct kmem_cache *cache;

	require(object);
	cache = slab_of(object)->cache;
	expect_broken(slab_check(), cache->nr_slabs, cache->nr_slabs + 1,
		      "slab: a count of slabs is wrong");
	kfree(object);
}
