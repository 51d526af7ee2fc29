/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "../suites/words.h"

/* Page frames: seen through the direct map, where the model keeps them as ranges. */

/* A block or a run of frames, in the model from now on. */
static void take_in(struct page *page, size_t nr, unsigned int order, gfp_t gfp)
{
	struct held *slot = slot_for(nr);
	struct held what = {.kind = FRAMES,
			    .start = (uintptr_t)page_address(page),
			    .bytes = nr * PAGE_SIZE,
			    .nr_pages = nr,
			    .order = order};

	for (size_t i = 0; i < nr; i++)
		same(page_count(page + i), 1);
	if (order != NO_ORDER)
		same(page_to_pfn(page) & (nr - 1), 0);
	if (gfp & __GFP_ZERO)
		holds(all_zero((void *)what.start, 64) &&
		      all_zero((void *)(what.start + what.bytes - 64), 64));
	if (gfp & GFP_DMA32)
		holds(page_to_phys(page) < (phys_addr_t)4 << 30);
	model_add(slot, &what);
	contents_fill(slot);
}

struct ask {
	gfp_t gfp;
	unsigned int order;
	int node;
	size_t nr;
};

static gfp_t some_gfp(void)
{
	static const gfp_t gfps[] = {GFP_KERNEL, GFP_KERNEL | __GFP_ZERO, GFP_ATOMIC, GFP_NOWAIT,
				     GFP_KERNEL | GFP_DMA32};

	return gfps[pick(sizeof(gfps) / sizeof(gfps[0]))];
}

/* Which arguments a call has, and what it gives: `block`: 2^order frames. */
enum trait { HAS_ORDER = 1, HAS_NODE = 2, HAS_NR = 4, CLEARED = 8 };

static void allocate(const char *name, struct page *(*call)(const struct ask *ask),
		     unsigned int traits)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(NO_MEMORY) | MAY(REFUSED));
	struct ask ask = {.gfp = some_gfp(), .node = NUMA_NO_NODE, .nr = 1};
	struct page *page;

	if (traits & HAS_ORDER)
		ask.order = (unsigned int)pick(one_in(10) ? 8 : 4);
	if (traits & HAS_NODE && one_in(2))
		ask.node = (int)pick(nr_online_nodes());
	if (traits & HAS_NR)
		ask.nr = 1 + pick(90);
	slot_for(ask.nr << ask.order);
	if (aim == REFUSED)
		ask.gfp |= 1u << __GFP_BITS_SHIFT;
	if (aim == REFUSED && traits & HAS_ORDER && one_in(2))
		ask.order = MAX_PAGE_ORDER + 1 + (unsigned int)pick(20);
	saying("%s(gfp 0x%x, order %u, %zu frames, node %d)%s", name, ask.gfp, ask.order, ask.nr,
	       ask.node, aim == NO_MEMORY ? ", starved" : "");
	call_begin(aim, 1);
	page = call(&ask);
	call_end();
	same(page != NULL, aim == DONE);
	if (page)
		take_in(page, ask.nr << ask.order, traits & HAS_NR ? NO_ORDER : ask.order,
			ask.gfp | (traits & CLEARED ? __GFP_ZERO : 0));
	came(aim);
}

static struct page *at(unsigned long address)
{
	return address ? virt_to_page((void *)(uintptr_t)address) : NULL;
}

#define ALLOCATION(function, traits, ...)                                                          \
	static struct page *do_##function(const struct ask *a)                                     \
	{                                                                                          \
		return __VA_ARGS__;                                                                \
	}                                                                                          \
	static void step_##function(void)                                                          \
	{                                                                                          \
		allocate(#function, do_##function, traits);                                        \
	}
ALLOCATION(alloc_pages, HAS_ORDER, alloc_pages(a->gfp, a->order))
ALLOCATION(alloc_pages_node, HAS_ORDER | HAS_NODE, alloc_pages_node(a->node, a->gfp, a->order))
ALLOCATION(alloc_page, 0, alloc_page(a->gfp))
ALLOCATION(__get_free_pages, HAS_ORDER, at(__get_free_pages(a->gfp, a->order)))
ALLOCATION(__get_free_page, 0, at(__get_free_page(a->gfp)))
ALLOCATION(get_zeroed_page, CLEARED, at(get_zeroed_page(a->gfp)))
ALLOCATION(alloc_pages_exact, HAS_NR,
	   at((unsigned long)(uintptr_t)alloc_pages_exact(a->nr *PAGE_SIZE - 5, a->gfp)))
ALLOCATION(alloc_contig_pages, HAS_NR | HAS_NODE, alloc_contig_pages(a->nr, a->gfp, a->node, NULL))
ALLOCATION(alloc_contig_pages_aligned, HAS_NR | HAS_NODE,
	   alloc_contig_pages_aligned(a->nr, 8, a->gfp, a->node, NULL))

/* Single frames by the array, some slots of which are full already. */
static void fill_array(const char *name,
		       unsigned long (*call)(gfp_t gfp, unsigned long nr, struct page **pages))
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(NO_MEMORY) | MAY(REFUSED));
	unsigned long nr = 1 + pick(12), full, filled = pick(nr);
	gfp_t gfp = some_gfp() | (aim == REFUSED ? 1u << __GFP_BITS_SHIFT : 0);
	struct page *there = driver.pool[0];

	for (unsigned long i = 0; i < nr; i++)
		driver.list[i] = i == filled && nr > 1 ? there : NULL;
	slot_for(nr);
	saying("%s(gfp 0x%x, %lu)%s", name, gfp, nr, aim == NO_MEMORY ? ", starved" : "");
	call_begin(aim, 1);
	full = call(gfp, nr, driver.list);
	call_end();
	holds(aim == DONE ? full == nr : full == (filled == 0 && nr > 1));
	for (unsigned long i = 0; i < nr; i++) {
		if (i == filled && nr > 1)
			same((uintptr_t)driver.list[i], (uintptr_t)there);
		else if (i < full)
			take_in(driver.list[i], 1, NO_ORDER, gfp);
		else
			holds(!driver.list[i]);
	}
	came(aim);
}

static unsigned long any_node(gfp_t gfp, unsigned long nr, struct page **pages)
{
	return alloc_pages_bulk_array_node(gfp, (int)nr_online_nodes() - 1, nr, pages);
}

static void step_alloc_pages_bulk_array(void)
{
	fill_array("alloc_pages_bulk_array", alloc_pages_bulk_array);
}

static void step_alloc_pages_bulk_array_node(void)
{
	fill_array("alloc_pages_bulk_array_node", any_node);
}

static void step_alloc_pages_bulk(void)
{
	fill_array("alloc_pages_bulk", alloc_pages_bulk);
}

#define GOT(function) CALLS_NAMED(function, MAY(DONE) | MAY(NO_MEMORY) | MAY(REFUSED))
static const struct call calls[] = {
	GOT(alloc_pages),
	GOT(alloc_pages_node),
	GOT(alloc_page),
	GOT(alloc_pages_bulk_array),
	GOT(alloc_pages_bulk_array_node),
	GOT(alloc_pages_bulk),
	GOT(__get_free_pages),
	GOT(__get_free_page),
	GOT(get_zeroed_page),
	GOT(alloc_pages_exact),
	GOT(alloc_contig_pages),
	GOT(alloc_contig_pages_aligned),
};
CALL_TABLE(frame_table, calls);
