/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm_map_ram.h"
#include "mm.h"
#include "plain.h"
#include "ram_block.h"
#include "slab.h"
#include "test.h"
#include "vmalloc.h"
#include "words.h"

/* Short-lived maps: slots of blocks, their reuse, and what is refused. */

enum { MOST = 100 };

static struct page *pages[MOST];

static bool get_pages(unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		pages[i] = NULL;
	return alloc_pages_bulk_array(GFP_KERNEL, nr, pages) == nr;
}

static bool shows_pages(const char *p, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		if (vmalloc_to_page(p + i * PAGE_SIZE) != pages[i])
			return false;
	return true;
}

TEST_FLAGS(vm_map_ram, counts, "maps of 1 to 100 pages show their frames and can be written",
	   TEST_SMOKE)
{
	require(get_pages(MOST));
	for (unsigned int nr = 1; nr <= MOST; nr += nr == 1 || nr == 63 || nr == 64 ? 1 : 9) {
		char *p = vm_map_ram(pages, nr, NUMA_NO_NODE);

		require(p);
		expect(shows_pages(p, nr));
		p[nr * PAGE_SIZE - 1] = (char)nr;
		expect_equal(((char *)page_address(pages[nr - 1]))[PAGE_SIZE - 1], nr);
		vm_unmap_ram(p, nr);
		expect(!vmalloc_to_page(p));
	}
	free_pages_bulk(MOST, pages);
}

TEST(vm_map_ram, faults, "an unmapped slot faults after the purge, and so do a block's guards")
{
	char *p;

	require(get_pages(1));
	p = vm_map_ram(pages, 1, NUMA_NO_NODE);
	require(p);
	*p = 1;
	vm_unmap_ram(p, 1);
	vm_unmap_aliases();
	expect_fault_read(p);
	p = (char *)((uintptr_t)p & ~(RAM_BLOCK_PAGES * PAGE_SIZE - 1));
	expect_fault_read(p - 1);
	expect_fault_read(p + RAM_BLOCK_PAGES * PAGE_SIZE);
	free_pages_bulk(1, pages);
}

PLAIN_TEST(vm_map_ram, reuse, "slots are used again: thousands of maps stay within two blocks")
{
	uint64_t areas_before, areas_after, nr_pages;
	uintptr_t lowest = UINTPTR_MAX, highest = 0;

	require(get_pages(1));
	vmalloc_get_usage(&areas_before, &nr_pages);
	for (unsigned int i = 0; i < 5000; i++) {
		char *p = vm_map_ram(pages, 1, NUMA_NO_NODE);

		require(p);
		vm_unmap_ram(p, 1);
		if (i % 500 == 0)
			vm_unmap_aliases();
		lowest = (uintptr_t)p < lowest ? (uintptr_t)p : lowest;
		highest = (uintptr_t)p > highest ? (uintptr_t)p : highest;
	}
	vmalloc_get_usage(&areas_after, &nr_pages);
	expect(areas_after - areas_before <= 2);
	expect(highest - lowest < RAM_BLOCK_PAGES * PAGE_SIZE);
	free_pages_bulk(1, pages);
}

TEST(vm_map_ram, refused, "a wrong start, a wrong count, a second time: refused, the map stays")
{
	char *p;

	require(get_pages(3));
	expect(!vm_map_ram(pages, 0, NUMA_NO_NODE));
	p = vm_map_ram(pages, 3, NUMA_NO_NODE);
	require(p);
	vm_unmap_ram(p + PAGE_SIZE, 3);
	vm_unmap_ram(p, 2);
	vm_unmap_ram(p + 1, 3);
	vfree(p);
	vunmap((void *)((uintptr_t)p & ~(RAM_BLOCK_PAGES * PAGE_SIZE - 1)));
	expect(shows_pages(p, 3));
	vm_unmap_ram(p, 3);
	vm_unmap_ram(p, 3);
	expect(!vmalloc_to_page(p));
	free_pages_bulk(3, pages);
}

TEST(vm_map_ram, large_refused, "a map that is an area of its own is freed only as a whole")
{
	char *p;

	require(get_pages(MOST));
	p = vm_map_ram(pages, MOST, NUMA_NO_NODE);
	require(p);
	vm_unmap_ram(p, MOST - 1);
	vunmap(p);
	expect(shows_pages(p, MOST));
	vm_unmap_ram(p, MOST);
	expect(!find_vm_area(p));
	free_pages_bulk(MOST, pages);
}

TEST(vm_map_ram, model, "slots that live at the same time do not overlap, whatever their counts")
{
	enum { LIVE = 40, STEPS = 2000 };
	static struct {
		char *p;
		unsigned int nr, first;
	} live[LIVE];

	require(get_pages(MOST));
	for (unsigned int i = 0; i < STEPS; i++) {
		unsigned int which = (unsigned int)test_random_below(NULL, LIVE);

		if (live[which].p) {
			expect(vmalloc_to_page(live[which].p) == pages[live[which].first]);
			vm_unmap_ram(live[which].p, live[which].nr);
			live[which].p = NULL;
			continue;
		}
		live[which].nr = 1 + (unsigned int)test_random_below(NULL, RAM_SLOT_PAGES);
		live[which].first = (unsigned int)test_random_below(NULL, MOST - RAM_SLOT_PAGES);
		live[which].p = vm_map_ram(pages + live[which].first, live[which].nr, NUMA_NO_NODE);
		require(live[which].p);
		expect(!vm_map_ram_check());
	}
	for (unsigned int i = 0; i < LIVE; i++) {
		if (live[i].p)
			vm_unmap_ram(live[i].p, live[i].nr);
		live[i].p = NULL;
	}
	free_pages_bulk(MOST, pages);
}

TEST(vm_map_ram, check_notices, "vm_map_ram_check() says so when a slot is not where it was")
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct vmap_area *block;
	struct ram_slot *slots;
	char *p;

	require(page);
	p = vm_map_ram(&page, 1, NUMA_NO_NODE);
	block = find_vmap_area((uintptr_t)p);
	require(p && block);
	slots = area_of(block)->block->slots;
	expect(!vm_map_ram_check());
	slots[0].start += PAGE_SIZE;
	expect(vm_map_ram_check() && vmalloc_check());
	slots[0].start -= PAGE_SIZE;
	expect(!vm_map_ram_check());
	vm_unmap_ram(p, 1);
	__free_page(page);
}

static uint64_t nr_areas(void)
{
	struct vmap_area_stats stats;

	vmap_area_get_stats(&stats);
	return stats.areas;
}

PLAIN_TEST(vm_map_ram, largest,
	   "up to the largest slot maps share blocks, above it each is an area")
{
	enum { NR = 3 }; /* of the largest: one new block at most */
	char *slots[NR], *areas_of_own[NR];
	uint64_t before = nr_areas();

	require(get_pages(RAM_SLOT_PAGES + 1));
	for (unsigned int i = 0; i < NR; i++)
		require(slots[i] = vm_map_ram(pages, RAM_SLOT_PAGES, NUMA_NO_NODE));
	expect_below(nr_areas(), before + 2);
	before = nr_areas();
	for (unsigned int i = 0; i < NR; i++)
		require(areas_of_own[i] = vm_map_ram(pages, RAM_SLOT_PAGES + 1, NUMA_NO_NODE));
	expect_equal(nr_areas(), before + NR);
	for (unsigned int i = 0; i < NR; i++) {
		vm_unmap_ram(slots[i], RAM_SLOT_PAGES);
		vm_unmap_ram(areas_of_own[i], RAM_SLOT_PAGES + 1);
	}
	free_pages_bulk(RAM_SLOT_PAGES + 1, pages);
}

static char *block_of(const char *p)
{
	return (char *)((uintptr_t)p & ~(RAM_BLOCK_PAGES * PAGE_SIZE - 1));
}

TEST(vm_map_ram, carved_further,
     "a block that stays when all is quiet is carved further afterwards")
{
	char *p, *q;

	require(get_pages(5));
	p = vm_map_ram(pages, 1, NUMA_NO_NODE);
	require(p);
	mm_quiesce();
	q = vm_map_ram(pages, 5, NUMA_NO_NODE);
	require(q);
	expect_equal((uintptr_t)block_of(q), (uintptr_t)block_of(p));
	vm_unmap_ram(p, 1);
	vm_unmap_ram(q, 5);
	free_pages_bulk(5, pages);
}

/* Places of blocks that a CPU remembers. */
static unsigned int remembered(void)
{
	unsigned int nr = 0;

	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
		for (unsigned int i = 0; i < NR_RAM_UNITS; i++)
			nr += area_cpus[cpu]->ram_units[i].start != UINTPTR_MAX;
	return nr;
}

TEST(vm_map_ram, forgotten, "no CPU remembers where a block was that may be gone")
{
	char *p;

	require(get_pages(1));
	p = vm_map_ram(pages, 1, NUMA_NO_NODE);
	require(p);
	vm_unmap_ram(p, 1);
	expect_not_equal(remembered(), 0);
	mm_quiesce();
	expect_equal(remembered(), 0);
	free_pages_bulk(1, pages);
}

PLAIN_TEST(vm_map_ram, no_list, "a large map in a range that was used before has no list of pages")
{
	size_t size = (RAM_SLOT_PAGES + 1) * PAGE_SIZE;
	char *p;

	require(get_pages(RAM_SLOT_PAGES + 1));
	vfree(vmalloc(size));
	vm_unmap_aliases();
	p = vm_map_ram(pages, RAM_SLOT_PAGES + 1, NUMA_NO_NODE);
	require(p);
	expect(!find_vm_area(p)->pages);
	expect_equal(find_vm_area(p)->nr_pages, 0);
	vm_unmap_ram(p, RAM_SLOT_PAGES + 1);
	free_pages_bulk(RAM_SLOT_PAGES + 1, pages);
}
