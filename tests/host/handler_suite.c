/* SPDX-License-Identifier: BSD-2-Clause */
#include "area_cache.h"
#include "areas.h"
#include "dma_alloc.h"
#include "handler.h"
#include "host_log.h"
#include "ioremap.h"
#include "lib/format.h"
#include "mm.h"
#include "page_alloc.h"
#include "pcp.h"
#include "percpu_alloc.h"
#include "set_memory.h"
#include "slab.h"
#include "slabs.h"
#include "test.h"
#include "vm_area.h"
#include "vm_map_ram.h"
#include "vmalloc.h"
#include "zone.h"

/*
 * Calls from an exception handler that came while somebody held a lock: nothing waits; what needs
 * the lock answers that it cannot, and what is freed is put off and comes back later.
 */

enum { LARGE_ORDER = 9, QUIET = GFP_ATOMIC | __GFP_NOWARN };

static char said[4096];

/* And what the CPU keeps for itself. */
static void hold_zones(void)
{
	hold(&pcps[this_cpu()]->lock);
	for_each_populated_zone(zone)
	{
		hold(&zone->lock);
	}
	enter();
}

static void release_zones(void)
{
	leave();
	for_each_populated_zone(zone)
	{
		release(&zone->lock);
	}
	release(&pcps[this_cpu()]->lock);
}

TEST(handler, zones, "with the zones locked large blocks are not to be had, and freed ones wait")
{
	struct page *block = alloc_pages(GFP_KERNEL, LARGE_ORDER);
	uint64_t free_frames, in_zones = 0, in_zones_after = 0;

	require(block);
	drain_all_pages();
	free_frames = nr_free_pages();
	for_each_populated_zone(zone)
	{
		in_zones += zone->free;
	}
	hold_zones();
	expect(!alloc_pages(QUIET, LARGE_ORDER));
	expect(!alloc_page(QUIET)); /* this CPU keeps none */
	expect(!alloc_contig_pages(3, QUIET, NUMA_NO_NODE, NULL));
	expect(!drain_all_pages());
	__free_pages(block, LARGE_ORDER);
	expect(!page_alloc_check());
	release_zones();
	expect_equal(nr_free_pages(), free_frames + (1 << LARGE_ORDER));
	for_each_populated_zone(zone)
	{
		in_zones_after += zone->free;
	}
	expect_equal(in_zones_after, in_zones);
	drain_all_pages();
	expect_equal(nr_free_pages(), free_frames + (1 << LARGE_ORDER));
	in_zones_after = 0;
	for_each_populated_zone(zone)
	{
		in_zones_after += zone->free;
	}
	expect_equal(in_zones_after, in_zones + (1 << LARGE_ORDER));
	expect(!page_alloc_check());
}

TEST(handler, put_off_frames, "several runs that wait come back whole, each of its length")
{
	struct page *pages[3];
	uint64_t free_frames = nr_free_pages();

	for (unsigned int i = 0; i < 3; i++)
		require((pages[i] = alloc_pages(GFP_KERNEL, i + 6)) != NULL);
	hold_zones();
	for (unsigned int i = 0; i < 3; i++)
		__free_pages(pages[i], i + 6);
	release_zones();
	expect_equal(nr_free_pages(), free_frames);
	drain_all_pages();
	expect_equal(nr_free_pages(), free_frames);
	expect(!page_alloc_check());
}

TEST(handler, cpu_lists, "with the CPU's own lists locked frames come from the zones, and go there")
{
	struct pcp *pcp = pcps[this_cpu()];
	uint64_t free_frames = nr_free_pages();
	struct page *page;

	hold(&pcp->lock);
	enter();
	page = alloc_page(QUIET);
	expect(page);
	expect_equal(nr_free_pages(), free_frames - 1);
	drain_all_pages();
	expect(!page_alloc_check());
	if (page)
		__free_page(page);
	leave();
	release(&pcp->lock);
	expect_equal(nr_free_pages(), free_frames);
}

enum { NR_OBJECTS = 5 };

static struct kmem_cache *make_cache(void *objects[NR_OBJECTS])
{
	struct kmem_cache *cache = kmem_cache_create("handler", 128, 0, 0, NULL);

	require(cache);
	for (unsigned int i = 0; i < NR_OBJECTS; i++)
		require((objects[i] = kmem_cache_alloc(cache, GFP_KERNEL)) != NULL);
	return cache;
}

TEST(handler, slab_cpu, "with the CPU's list locked objects come from the slabs, and go there")
{
	void *objects[NR_OBJECTS], *more[2];
	struct kmem_cache *cache = make_cache(objects);
	struct slab_cpu *cpu = &cache->cpu[this_cpu()];
	uint32_t listed = cpu->nr;
	struct slab_stats before, after;

	slab_get_stats(&before);
	hold(&cpu->lock);
	enter();
	more[0] = kmem_cache_alloc(cache, QUIET);
	more[1] = kmem_cache_zalloc(cache, QUIET);
	expect(more[0] && more[1] && more[0] != more[1]);
	for (unsigned int i = 0; i < NR_OBJECTS; i++)
		kmem_cache_free(cache, objects[i]);
	slab_get_stats(&after);
	expect_equal(after.objects, before.objects + 2 - NR_OBJECTS);
	expect_equal(cpu->nr, listed);
	expect(!slab_check());
	leave();
	release(&cpu->lock);
	kmem_cache_free(cache, more[0]);
	kmem_cache_free(cache, more[1]);
	expect(!slab_check());
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(handler, slab, "with a cache locked objects are not to be had, and freed ones wait")
{
	void *objects[NR_OBJECTS], *more[2];
	struct kmem_cache *cache = make_cache(objects);
	struct slab_cpu *cpu = &cache->cpu[this_cpu()];
	struct slab_stats before, after;

	slab_get_stats(&before);
	hold(&cpu->lock);
	hold(&cache->lock);
	enter();
	expect(!kmem_cache_alloc(cache, QUIET));
	expect_equal(kmem_cache_alloc_bulk(cache, QUIET, 2, more), 0);
	for (unsigned int i = 0; i < NR_OBJECTS - 2; i++)
		kmem_cache_free(cache, objects[i]);
	leave();
	release(&cache->lock);
	release(&cpu->lock);
	expect(!slab_check());
	slab_get_stats(&after);
	expect_equal(after.objects, before.objects);
	expect_equal(after.slab_frames, before.slab_frames);
	mm_quiesce();
	slab_get_stats(&after);
	expect_equal(after.objects, before.objects - (NR_OBJECTS - 2));
	for (unsigned int i = NR_OBJECTS - 2; i < NR_OBJECTS; i++)
		kmem_cache_free(cache, objects[i]);
	expect(!slab_check());
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(handler, areas, "with the region's trees locked nothing is found, and freed addresses wait")
{
	void *area = vmalloc(3 * PAGE_SIZE), *large = vmalloc((CLASS_PAGES + 1) * PAGE_SIZE);
	unsigned long pages = vmalloc_nr_pages();
	struct vmap_area_stats stats;
	char text[128];

	require(area && large);
	hold(&areas.lock);
	enter();
	expect(!__vmalloc((CLASS_PAGES + 5) * PAGE_SIZE, QUIET));
	expect(!find_vm_area(area));
	fault_describe((uintptr_t)large + (1 << 20), text, sizeof(text));
	expect_string(text, "in the vmalloc region (busy, not decoded)");
	expect(!vmap_area_check());
	vmap_area_get_stats(&stats);
	expect_equal(stats.descriptors, 0);
	vfree(large);
	vfree(area);
	expect_equal(vmalloc_nr_pages(), pages);
	leave();
	release(&areas.lock);
	vm_unmap_aliases();
	expect_equal(vmalloc_nr_pages(), pages - 3 - (CLASS_PAGES + 1));
	expect(!vmalloc_check());
}

TEST(handler, lost_address, "an address for which there is no more room is told of, and kept")
{
	void *areas_freed[NR_LATE + 1];
	unsigned long pages;

	for (unsigned int i = 0; i <= NR_LATE; i++)
		require((areas_freed[i] = vmalloc(PAGE_SIZE)) != NULL);
	pages = vmalloc_nr_pages();
	hold(&areas.lock);
	hold(&pcps[this_cpu()]->lock);
	enter();
	host_log_capture(said, sizeof(said));
	for (unsigned int i = 0; i <= NR_LATE; i++)
		vfree((char *)areas_freed[i] + ((uintptr_t)1 << 36));
	host_log_capture(NULL, 0);
	leave();
	release(&pcps[this_cpu()]->lock);
	release(&areas.lock);
	expect(!strncmp(said, "vfree refused at ", 17));
	expect_equal(vmalloc_nr_pages(), pages);
	host_log_capture(said, sizeof(said));
	vm_unmap_aliases(); /* what waited is judged: no areas there */
	host_log_capture(NULL, 0);
	expect(!strncmp(said, "vfree refused at ", 17));
	for (unsigned int i = 0; i <= NR_LATE; i++)
		vfree(areas_freed[i]);
	expect_equal(vmalloc_nr_pages(), pages - (NR_LATE + 1));
}

/* One line was said: "CALL refused at ADDRESS: a call that may wait, in an exception handler". */
static void expect_refused(const char *call)
{
	static const char why[] = ": a call that may wait, in an exception handler\n";
	size_t length = strlen(call), all = strlen(said);
	char begin[64];

	host_log_capture(NULL, 0);
	scnprintf(begin, sizeof(begin), "%s refused at 0x", call);
	if (strncmp(said, begin, length + 14) || all < sizeof(why) ||
	    strcmp(said + all - (sizeof(why) - 1), why))
		expect_string(said, call);
	for (size_t i = 0; i + 1 < all; i++)
		expect(said[i] != '\n');
	host_log_capture(said, sizeof(said));
}

TEST(handler, refused, "calls that may wait are refused with a line, and do nothing")
{
	static const unsigned long offset = 0;
	static const size_t size = PAGE_SIZE;
	unsigned long beyond = (unsigned long)frame_end;
	struct vm_struct *vm = get_vm_area(PAGE_SIZE, VM_MAP), *found;
	struct page *page = alloc_page(GFP_KERNEL);
	void *slot = vm_map_ram(&page, 1, NUMA_NO_NODE), *area = vmalloc(PAGE_SIZE);
	void *mapped = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	struct vm_struct **set = pcpu_get_vm_areas(&offset, &size, 1, PAGE_SIZE);
	unsigned long *variable = alloc_percpu(unsigned long);
	dma_addr_t dma;

	require(vm && page && slot && area && mapped && set && variable);
	enter();
	host_log_capture(said, sizeof(said));
	expect(!vmalloc(PAGE_SIZE));
	expect_refused("vmalloc");
	expect(!vmap(&page, 1, VM_MAP, PAGE_KERNEL));
	expect_refused("vmap");
	vunmap(mapped);
	expect_refused("vunmap");
	expect(!vm_map_ram(&page, 1, NUMA_NO_NODE));
	expect_refused("vm_map_ram");
	vm_unmap_ram(slot, 1);
	expect_refused("vm_unmap_ram");
	vm_unmap_aliases();
	expect_refused("vm_unmap_aliases");
	expect(!get_vm_area(PAGE_SIZE, VM_MAP));
	expect_refused("get_vm_area");
	expect(!remove_vm_area(vm->addr));
	expect_refused("remove_vm_area");
	free_vm_area(vm);
	expect_refused("free_vm_area");
	expect(!vrealloc(area, 2 * PAGE_SIZE, GFP_KERNEL));
	expect_refused("vrealloc");
	expect(!vrealloc(area, 0, GFP_KERNEL));
	expect_refused("vrealloc");
	expect(set_memory_ro((unsigned long)(uintptr_t)area, 1) != 0);
	host_log_capture(said, sizeof(said));
	expect(!vmap_pfn(&beyond, 1, PAGE_KERNEL));
	expect_refused("vmap_pfn");
	expect(!pcpu_get_vm_areas(&offset, &size, 1, PAGE_SIZE));
	expect_refused("pcpu_get_vm_areas");
	pcpu_free_vm_areas(set, 1);
	expect_refused("pcpu_free_vm_areas");
	expect(!alloc_percpu(unsigned long));
	expect_refused("alloc_percpu");
	free_percpu(variable);
	expect_refused("free_percpu");
	expect(!dma_alloc_coherent(NULL, PAGE_SIZE, &dma, GFP_KERNEL));
	expect_refused("dma_alloc_coherent");
	dma_free_coherent(NULL, PAGE_SIZE, area, 0);
	expect_refused("dma_free_coherent");
	expect(!ioremap(0xfee00000, PAGE_SIZE));
	expect_refused("ioremap");
	iounmap(area);
	expect_refused("iounmap");
	host_log_capture(NULL, 0);
	leave();
	found = find_vm_area(area);
	expect(found && found->nr_pages == 1);
	free_percpu(variable);
	pcpu_free_vm_areas(set, 1);
	vfree(area);
	free_vm_area(vm);
	vunmap(mapped);
	vm_unmap_ram(slot, 1);
	__free_page(page);
}

/* One line was said: "ADDRESS asks with a flag that may wait (gfp ...) in ...: refused". */
static void expect_gfp_refused(const char *module)
{
	char begin[32], end[96];
	size_t all = strlen(said), length;

	host_log_capture(NULL, 0);
	scnprintf(begin, sizeof(begin), "%s: 0x", module);
	scnprintf(end, sizeof(end),
		  " asks with a flag that may wait (gfp %#x) in an exception handler: refused\n",
		  GFP_KERNEL);
	length = strlen(end);
	if (strncmp(said, begin, strlen(begin)) || all < length || strcmp(said + all - length, end))
		expect_string(said, module);
	host_log_capture(said, sizeof(said));
}

TEST(handler, gfp, "allocations of frames and objects that may wait are refused with a line")
{
	void *objects[NR_OBJECTS];
	struct kmem_cache *cache = make_cache(objects);
	void *p = kmalloc(64, GFP_KERNEL), *more[2];

	require(p);
	enter();
	host_log_capture(said, sizeof(said));
	expect(!alloc_page(GFP_KERNEL));
	expect_gfp_refused("page_alloc");
	expect(!alloc_pages(GFP_KERNEL, 3));
	expect_gfp_refused("page_alloc");
	expect(!alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL));
	expect_gfp_refused("page_alloc");
	expect(!kmalloc(64, GFP_KERNEL));
	expect_gfp_refused("slab");
	expect(!kvmalloc(64, GFP_KERNEL));
	expect_gfp_refused("slab");
	expect(!kmem_cache_alloc(cache, GFP_KERNEL));
	expect_gfp_refused("slab");
	expect(!kmem_cache_zalloc(cache, GFP_KERNEL));
	expect_gfp_refused("slab");
	expect(!kmem_cache_alloc_node(cache, GFP_KERNEL, 0));
	expect_gfp_refused("slab");
	expect_equal(kmem_cache_alloc_bulk(cache, GFP_KERNEL, 2, more), 0);
	expect_gfp_refused("slab");
	host_log_capture(NULL, 0);
	leave();
	kfree(p);
	for (unsigned int i = 0; i < NR_OBJECTS; i++)
		kmem_cache_free(cache, objects[i]);
	expect_equal(kmem_cache_destroy(cache), 0);
}

TEST(handler, bulk, "frames by the array are refused, one as many, where the call may wait")
{
	struct page *pages[2] = {NULL, NULL};
	unsigned long one, two;

	enter();
	host_log_capture(said, sizeof(said));
	one = alloc_pages_bulk(GFP_KERNEL, 1, pages);
	two = alloc_pages_bulk(GFP_KERNEL, 2, pages);
	host_log_capture(NULL, 0);
	leave();
	expect_equal(one + two, 0);
	expect(!pages[0] && !pages[1] && said[0]);
}
