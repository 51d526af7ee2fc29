/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "area_cache.h"
#include "areas.h"
#include "handler.h"
#include "host_log.h"
#include "lib/format.h"
#include "mm.h"
#include "page_alloc.h"
#include "pcp.h"
#include "slab.h"
#include "slabs.h"
#include "vm_area.h"
#include "vmalloc.h"
#include "vmallocinfo.h"
#include "zone.h"

/*
 * The same as handler_suite.c for what is asked rather than allocated, and for one lock at a time
 * where another one is free: each way that a handler can end up on.
 */

enum { QUIET = GFP_ATOMIC | __GFP_NOWARN, NR_HEADS = 1200 };

static char said[1024];

static void hold_zones(void)
{
	for_each_populated_zone(zone)
	{
		hold(&zone->lock);
	}
}

static void release_zones(void)
{
	for_each_populated_zone(zone)
	{
		release(&zone->lock);
	}
}

TEST(handler_locks, zones_alone, "a CPU's list that is too full and cannot be trimmed is put off")
{
	static struct page *pages[5000];
	struct run_stack *stack = pcps[this_cpu()]->preferred;
	uint64_t free_frames = nr_free_pages();
	unsigned int nr = 0;

	while (nr < stack->most + 2 && nr < 5000 && (pages[nr] = alloc_page(QUIET)))
		nr++;
	require(nr > stack->most);
	drain_all_pages();
	enter();
	hold_zones();
	for (unsigned int i = 0; i < nr; i++)
		__free_page(pages[i]);
	expect(stack->frames <= stack->most);
	release_zones();
	leave();
	expect_equal(nr_free_pages(), free_frames);
	drain_all_pages();
	expect_equal(nr_free_pages(), free_frames);
	expect(!page_alloc_check());
}

static unsigned int lines;

static void count_line(void *context, const char *text)
{
	(void)context;
	(void)text;
	lines++;
}

static struct vmap_request page_anywhere(void)
{
	return (struct vmap_request){.nr_pages = 1,
				     .align = PAGE_SIZE,
				     .start = VMALLOC_START,
				     .end = VMALLOC_END,
				     .gfp = QUIET};
}

TEST(handler_locks, questions, "with the region's trees locked questions find nothing, and say so")
{
	struct vmap_request anywhere = page_anywhere();
	char *area = vmalloc(3 * PAGE_SIZE), bytes[8] = "unread";

	require(area);
	memset(area, 'x', PAGE_SIZE);
	lines = 0;
	enter();
	hold(&areas.lock);
	expect_equal(vread(bytes, area, sizeof(bytes)), 0);
	expect_equal(vmap_area_slots(&anywhere), 0);
	expect(!vmap_area_alloc(&anywhere));
	anywhere.gfp = GFP_KERNEL; /* nor is anything purged for it there */
	expect(!vmap_area_alloc(&anywhere));
	vmallocinfo(count_line, NULL);
	expect_equal(lines, 0);
	release(&areas.lock);
	leave();
	expect_equal(vread(bytes, area, sizeof(bytes)), sizeof(bytes));
	expect_equal(bytes[7], 'x');
	expect_not_equal(vmap_area_slots(&anywhere), 0);
	vfree(area);
}

TEST(handler_locks, spare, "a handler takes no descriptor that the interrupted code may be taking")
{
	struct vmap_request request = page_anywhere();
	struct area_cpu *cpu = this_area_cpu();
	struct area *area, *spare;

	area_node_free(area_node_alloc(GFP_KERNEL));
	spare = cpu->spare;
	require(spare);
	enter();
	hold(&cpu->pcp->lock);
	area = vmap_area_alloc(&request);
	expect(cpu->spare == spare);
	release(&cpu->pcp->lock);
	leave();
	require(area);
	vmap_area_free_unused(area);
}

TEST(handler_locks, cpu, "with what a CPU keeps locked its history is not searched, nor checked")
{
	struct area_cpu *cpu = this_area_cpu();
	void *area = vmalloc(3 * PAGE_SIZE);
	struct page_alloc_stats before, inside;
	struct freed_area freed, other; /* may be known to another CPU, from earlier */

	require(area);
	vfree(area);
	expect(history_find((uintptr_t)area, &freed));
	page_alloc_get_stats(&before);
	enter();
	hold(&cpu->pcp->lock);
	expect(!history_find((uintptr_t)area, &other) || other.freed != freed.freed);
	expect(!vmap_area_check());
	cpu->room--; /* wrong, and not to be seen now */
	expect(!vmap_area_check());
	cpu->room++;
	page_alloc_get_stats(&inside);
	expect_equal(inside.refills, before.refills);
	release(&cpu->pcp->lock);
	leave();
	expect(!vmap_area_check());
}

TEST(handler_locks, no_frames, "an area for which there are no frames in a handler goes back later")
{
	struct vmap_area_stats before, after;
	uint64_t pfn;
	void *area;

	vm_unmap_aliases();
	vmap_area_quiesce();
	vmap_area_get_stats(&before);
	drain_all_pages();
	area = vmalloc(PAGE_SIZE);
	enter();
	vfree(area); /* put off */
	hold_zones();
	hold(&pcps[this_cpu()]->lock);
	expect(!__vmalloc(PAGE_SIZE, QUIET));
	expect(!__vmalloc(3 * PAGE_SIZE, QUIET));
	expect(!alloc_frame_run(GFP_KERNEL | __GFP_NOWARN, NUMA_NO_NODE, 1, &pfn, 1));
	release(&pcps[this_cpu()]->lock);
	release_zones();
	leave();
	vm_unmap_aliases();
	vmap_area_quiesce();
	vmap_area_get_stats(&after);
	expect_equal(after.areas, before.areas);
	expect_equal(after.free_bytes, before.free_bytes);
	expect(!vmalloc_check());
}

TEST(handler_locks, pinned, "an area that the interrupted code looks at is not freed under it")
{
	void *area = vmalloc(PAGE_SIZE);
	struct area *pinned = vmap_area_pin((uintptr_t)area);

	require(area && pinned);
	enter();
	expect(!vmap_area_claim(pinned));
	expect(find_vm_area(area) != NULL);
	leave();
	vmap_area_unpin(pinned);
	vfree(area);
	expect(!find_vm_area(area));
}

/* Lines about allocations that fail are ten in any second, and others may have had them. */
static void wait_for_lines(void)
{
	uint64_t end = platform_ticks() + platform_ticks_per_second();

	while (platform_ticks() < end)
		platform_pause();
}

TEST(handler_locks, contig, "a range of frames that may wait for is refused with a line")
{
	wait_for_lines();
	enter();
	host_log_capture(said, sizeof(said));
	expect(!alloc_contig_pages(3, GFP_KERNEL, NUMA_NO_NODE, NULL));
	host_log_capture(NULL, 0);
	leave();
	expect(strstr(said, "a flag that may wait, in an exception handler"));
}

TEST(handler_locks, bulk, "frames in bulk that may be waited for are refused, the slots stay empty")
{
	struct page *pages[3] = {NULL};

	wait_for_lines();
	enter();
	host_log_capture(said, sizeof(said));
	expect_equal(alloc_pages_bulk_array(GFP_KERNEL, 3, pages), 0);
	host_log_capture(NULL, 0);
	leave();
	expect(!pages[0] && !pages[1] && !pages[2]);
	expect(strstr(said, "asks with a flag that may wait"));
}

struct headed {
	struct rcu_head head;
	char more[40];
};

TEST(handler_locks, deferred_frees, "objects that bring a head are put off there, others refused")
{
	static struct headed *objects[NR_HEADS];
	void *other = kmalloc(64, GFP_KERNEL);
	uint64_t live = slab_nr_objects();

	require(other);
	kvfree_rcu_barrier();
	for (unsigned int i = 0; i < NR_HEADS; i++)
		require((objects[i] = kmalloc(sizeof(*objects[i]), GFP_KERNEL)) != NULL);
	enter();
	for (unsigned int i = 0; i < NR_HEADS; i++)
		kvfree_call_rcu(&objects[i]->head, objects[i]);
	host_log_capture(said, sizeof(said));
	kvfree_rcu_mightsleep(other);
	host_log_capture(NULL, 0);
	leave();
	expect(strstr(said, "in an exception handler: refused"));
	expect_equal(kvfree_rcu_pending(), NR_HEADS);
	kvfree_rcu_barrier();
	expect_equal(slab_nr_objects(), live);
	kfree(other);
}

TEST(handler_locks, full_batches,
     "with a lock held batches of them grow, without one they are closed")
{
	static struct spinlock lock = SPINLOCK("a lock", 0);
	struct headed *object;
	uint64_t live;

	kvfree_rcu_barrier();
	live = slab_nr_objects();
	for (unsigned int i = 0; i < NR_HEADS; i++) {
		require((object = kmalloc(sizeof(*object), GFP_KERNEL)) != NULL);
		if (i < NR_HEADS / 2)
			spin_lock(&lock);
		kvfree_call_rcu(&object->head, object);
		if (i < NR_HEADS / 2)
			spin_unlock(&lock);
	}
	expect_equal(kvfree_rcu_pending(), NR_HEADS);
	kvfree_rcu_barrier();
	expect_equal(slab_nr_objects(), live);
}

enum { NR_MANY = 400 };

TEST(handler_locks, slabs_kept, "slabs without objects are not given back from there, nor shrunk")
{
	static void *objects[NR_MANY];
	struct kmem_cache *cache = kmem_cache_create("handler", 128, 0, 0, NULL);
	struct slab_cpu *cpu;
	uint32_t slabs;

	require(cache);
	cpu = &cache->cpu[this_cpu()];
	for (unsigned int i = 0; i < NR_MANY; i++)
		require((objects[i] = kmem_cache_alloc(cache, GFP_KERNEL)) != NULL);
	slabs = cache->nr_slabs;
	enter();
	hold(&cpu->lock);
	for (unsigned int i = 0; i < NR_MANY; i++)
		kmem_cache_free(cache, objects[i]);
	expect_equal(cache->nr_slabs, slabs);
	hold(&cache->lock);
	kmem_cache_shrink(cache);
	expect_equal(cache->nr_slabs, slabs);
	release(&cache->lock);
	release(&cpu->lock);
	leave();
	kmem_cache_shrink(cache);
	expect_equal(cache->nr_slabs, 0);
	expect(!slab_check());
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(handler_locks, short_cuts,
     "in a handler no range that is ready is handed out, and none is freed")
{
	void *area, *first = vmalloc(PAGE_SIZE), *second = vmalloc(PAGE_SIZE);
	uint64_t free_frames;

	require(first && second);
	vfree(first);
	vfree(second);
	vm_unmap_aliases();
	area = vmalloc(PAGE_SIZE); /* one of them; the other one is ready too */
	require(area);
	free_frames = nr_free_pages();
	enter();
	host_log_hush(true);
	expect(!vmalloc(PAGE_SIZE));
	expect_equal(host_log_hush(false), 1);
	vfree(area);
	expect_equal(nr_free_pages(), free_frames);
	expect(find_vm_area(area) == NULL);
	leave();
	mm_quiesce();
	expect_below(free_frames, nr_free_pages()); /* with tables that are empty */
}
