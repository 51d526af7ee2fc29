/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault.h"
#include "page_alloc.h"
#include "slab.h"
#include "test.h"
#include "tlb.h"
#include "vm_map_ram.h"
#include "vmalloc.h"

/*
 * A CPU that never waits in the allocator, and does nothing but call it, answers the flushes of
 * others with its next call. Otherwise who flushes would stand still for as long as it works.
 */

enum { FLUSHES = 20, NR_AREAS = 3 * FLUSHES, SECONDS_MAX = 5 };

static struct page *map_page; /* for vm_map_ram() */

static bool call_vmalloc(void)
{
	void *p = vmalloc(PAGE_SIZE);

	vfree(p);
	return p;
}

static void *areas[NR_AREAS];
static unsigned int nr_areas;

static bool call_vfree(void)
{
	if (nr_areas > 0)
		vfree(areas[--nr_areas]);
	return nr_areas > 0;
}

static bool call_vm_map_ram(void)
{
	void *p = vm_map_ram(&map_page, 1, NUMA_NO_NODE);

	vm_unmap_ram(p, 1);
	return p;
}

static bool call_vmap(void)
{
	void *p = vmap(&map_page, 1, VM_MAP, PAGE_KERNEL);

	vunmap(p);
	return p;
}

static bool call_kmalloc(void)
{
	void *p = kmalloc(64, GFP_KERNEL);

	kfree(p);
	return p;
}

static bool call_alloc_page(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	__free_page(page);
	return page;
}

static const struct busy {
	const char *name;
	bool (*call)(void);
} * busy;
static const struct busy calls[] = {
	{"vmalloc", call_vmalloc}, {"vfree", call_vfree},     {"vm_map_ram", call_vm_map_ram},
	{"vmap", call_vmap},	   {"kmalloc", call_kmalloc}, {"alloc_page", call_alloc_page},
};
enum { NR_CALLS = sizeof(calls) / sizeof(calls[0]) };

static bool is_asked(void)
{
	return fault_detour(platform_cpu()) & DETOUR_FLUSH;
}

static bool flushed;

/* Looks at nothing but whether this CPU is asked; false: it was not. */
static bool wait_until_asked(void)
{
	uint64_t limit = platform_ticks() + SECONDS_MAX * platform_ticks_per_second();

	while (!is_asked())
		if (__atomic_load_n(&flushed, __ATOMIC_ACQUIRE) ||
		    !expect(platform_ticks() < limit))
			return false;
	return true;
}

/* The second CPU. If its calls did not answer, the flushes would wait for its end, and it for them.
 */
static void answer_all(void)
{
	while (wait_until_asked())
		if (!expect(busy->call()))
			return;
}

static void flush_all(void)
{
	for (unsigned int i = 0; i < FLUSHES; i++)
		tlb_flush_all();
	__atomic_store_n(&flushed, true, __ATOMIC_RELEASE);
}

static void flush_or_call(void *context)
{
	(void)context;
	require(test_wait_for_all());
	if (platform_cpu() == 0)
		flush_all();
	else
		answer_all();
}

TEST(tlb_cpus, busy, "a CPU that does nothing but allocate and free answers flushes")
{
	if (test_nr_cpus() < 2)
		test_skip("one CPU");
	map_page = alloc_page(GFP_KERNEL);
	require(map_page);
	while (nr_areas < NR_AREAS && expect(areas[nr_areas] = vmalloc(PAGE_SIZE)))
		nr_areas++;
	for (busy = calls; busy < calls + NR_CALLS; busy++) {
		test_note("%s", busy->name);
		flushed = false;
		require_equal(test_run_on_cpus(2, flush_or_call, NULL), 2);
	}
	while (nr_areas > 0)
		vfree(areas[--nr_areas]);
	__free_page(map_page);
}
