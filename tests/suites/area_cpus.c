/* SPDX-License-Identifier: BSD-2-Clause */
#include "area_cache.h"
#include "areas.h"
#include "ioremap.h"
#include "lib/errno.h"
#include "memblock.h"
#include "page_alloc.h"
#include "plain.h"
#include "ram_block.h"
#include "slab.h"
#include "slabs.h"
#include "scratch.h"
#include "space.h"
#include "tlb.h"
#include "vm_area.h"
#include "vmalloc.h"
#include "vmallocinfo.h"
#include "walk.h"
#include "words.h"

/* What one CPU meets when another one has the area, or its lists, just now. */

static uintptr_t window(void)
{
	return VMALLOC_START + ((VMALLOC_END - VMALLOC_START) / 4 & ~(PUD_SIZE - 1));
}

/* At a place that no class has, whatever the run's settings. */
static void *get_here(size_t pages)
{
	return __vmalloc_node_range(pages * PAGE_SIZE, 1, window(), window() + 256 * PAGE_SIZE,
				    GFP_KERNEL, PAGE_KERNEL, 0, NUMA_NO_NODE, NULL);
}

static struct area *held_area;
static bool pinned, claimed;

static void look_and_free(void *context)
{
	unsigned int cpu = platform_cpu();

	(void)context;
	if (cpu == 0)
		pinned = vmap_area_pin(held_area->va.va_start) == held_area;
	if (!test_wait_for_all())
		return;
	if (cpu == 1) {
		claimed = vmap_area_claim(held_area); /* waits */
	} else if (cpu == 0) {
		for (unsigned int i = 0; i < 2000; i++)
			platform_pause();
		vmap_area_unpin(held_area);
	}
	test_wait_for_all();
}

TEST(area_cpus, pinned_elsewhere, "whoever frees an area waits for a CPU that only looks at it")
{
	void *address = get_here(1);

	if (test_nr_cpus() < 2) {
		vfree(address);
		test_skip("one CPU");
	}
	require(address);
	held_area = vmap_area_starting((uintptr_t)address);
	pinned = claimed = false;
	test_run_on_cpus(2, look_and_free, NULL);
	expect(pinned && claimed);
	vm_publish(held_area);
	vfree(address);
}

/* CPU 1 has the lock of CPU 0 for a moment at each of its calls, as a drain has. */
enum { NR_CALLS = 10 };
static struct kmem_cache *locked_cache;
static struct spinlock *locked;
static unsigned int turn;
static void *had[4];

static void call(unsigned int nr)
{
	static struct page *page;

	if (nr == 0)
		had[0] = vmalloc(PAGE_SIZE);
	else if (nr == 1)
		vfree(had[0]);
	else if (nr == 2)
		had[1] = vmalloc(3 * PAGE_SIZE);
	else if (nr == 3)
		page = vmalloc_to_page(had[1]), had[2] = vm_map_ram(&page, 1, NUMA_NO_NODE);
	else if (nr == 4)
		vm_unmap_ram(had[2], 1);
	else if (nr == 5)
		vfree(had[1]);
	else if (nr == 6)
		had[3] = kmem_cache_alloc(locked_cache, GFP_KERNEL);
	else if (nr == 7)
		kmem_cache_free(locked_cache, had[3]);
	else if (nr == 8)
		kmem_cache_shrink(locked_cache);
	else
		__free_pages(alloc_pages(GFP_KERNEL, 7), 7);
}

/* Not as a lock of this CPU's: it waits for others meanwhile. */
static void take_raw(struct spinlock *lock)
{
	uint32_t nobody;

	do
		nobody = 0;
	while (!__atomic_compare_exchange_n(&lock->locked, &nobody, 2, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST));
}

/* Which is in the way of that call: the last zone's, where large blocks are looked for first. */
static struct spinlock *lock_of(unsigned int nr)
{
	struct spinlock *last = NULL;

	for_each_populated_zone(zone)
	{
		last = &zone->lock;
	}
	return nr < 6	? locked
	       : nr < 8 ? &locked_cache->cpu[0].lock
	       : nr < 9 ? &locked_cache->lock
			: last;
}

static void call_or_hold(void *context)
{
	unsigned int cpu = platform_cpu();

	(void)context;
	for (unsigned int i = 0; i < NR_CALLS && cpu < 2; i++) {
		struct spinlock *lock = lock_of(i);
		uint64_t before = __atomic_load_n(&lock->contended, __ATOMIC_SEQ_CST);

		if (cpu == 1)
			take_raw(lock);
		if (!test_wait_for_all())
			return;
		if (cpu == 0) {
			call(i);
			__atomic_store_n(&turn, i + 1, __ATOMIC_SEQ_CST);
		} else {
			while (__atomic_load_n(&lock->contended, __ATOMIC_SEQ_CST) == before &&
			       __atomic_load_n(&turn, __ATOMIC_SEQ_CST) <= i) {
				tlb_poll();
				platform_pause();
			}
			__atomic_store_n(&lock->locked, 0, __ATOMIC_SEQ_CST);
		}
		if (!test_wait_for_all())
			return;
	}
}

PLAIN_TEST(area_cpus, drained_elsewhere,
	   "a call that finds its CPU's lists locked waits for the drain")
{
	if (test_nr_cpus() < 2)
		test_skip("one CPU");
	locked_cache = kmem_cache_create("locked", 64, 0, 0, NULL);
	require(locked_cache);
	locked = &area_cpus[0]->pcp->lock;
	memset(had, 0, sizeof(had));
	turn = 0;
	vfree(vmalloc(PAGE_SIZE));
	vfree(vmalloc(3 * PAGE_SIZE));
	vm_unmap_aliases();
	expect_equal(test_run_on_cpus(2, call_or_hold, NULL), 2);
	expect_equal(turn, NR_CALLS);
	for (unsigned int i = 0; i < 4; i++)
		expect(had[i]);
	expect_equal(kmem_cache_destroy(locked_cache), 0);
}
