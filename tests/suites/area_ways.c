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

/*
 * Ways through the address space that calls seldom take: a CPU's lists that are full or between two
 * flushes, areas in every state, blocks of vm_map_ram() with a page left.
 */

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

static bool is_listed(const struct area *list, uintptr_t start)
{
	while (list && list->va.va_start != start)
		list = area_next(list);
	return list;
}

/* Frees two areas of a class while this CPU's lists are full. */
static void free_beyond(void *first, void *second)
{
	struct area_cpu *cpu = this_area_cpu();
	int64_t room = cpu->room;
	bool listed;

	cpu->room = 0;
	vfree(first);
	vfree(second);
	expect_equal(cpu->room, 0);
	listed = is_listed(cpu->lazy, (uintptr_t)first) && is_listed(cpu->lazy, (uintptr_t)second);
	cpu->room = room;
	expect(listed);
	expect(!vmap_area_check());
	vm_unmap_aliases();
	expect(!find_vm_area(first) && !find_vm_area(second));
}

PLAIN_TEST(area_ways, beyond, "more freed ranges than a CPU's lists may have go where others go")
{
	void *areas_[6];

	vfree(vmalloc(2 * PAGE_SIZE));
	vm_unmap_aliases();
	for (unsigned int i = 0; i < 6; i++)
		require((areas_[i] = vmalloc(2 * PAGE_SIZE)) != NULL);
	free_beyond(areas_[0], areas_[1]);
	vfree(areas_[2]); /* one of the class is there, and stays */
	free_beyond(areas_[3], areas_[4]);
	vfree(areas_[5]);
}

PLAIN_TEST(area_ways, beyond_seldom, "so do those that the short cut does not serve")
{
	void *huge[2];

	for (unsigned int i = 0; i < 2; i++)
		require((huge[i] = vmalloc_user(2 * PAGE_SIZE)) != NULL);
	free_beyond(huge[0], huge[1]);
}

PLAIN_TEST(area_ways, no_room_unused, "a range that was not used goes back when the lists are full")
{
	struct vmap_request request = {.nr_pages = 2,
				       .align = PAGE_SIZE,
				       .start = VMALLOC_START,
				       .end = VMALLOC_END,
				       .gfp = GFP_KERNEL};
	struct area_cpu *cpu = this_area_cpu();
	struct area *area = vmap_area_alloc(&request);
	int64_t room = cpu->room;
	struct vmap_area_stats before, after;
	char text[128];

	require(area);
	vmap_area_free_unused(area);
	if (area->va.state == AREA_READY) {
		uint64_t remembered = cpu->history.nr;

		cpu->history.nr = 0;
		fault_describe(area->va.va_start + PAGE_SIZE, text, sizeof(text));
		cpu->history.nr = remembered;
		expect(text_contains(text, "reserved for the next area of its size") ||
		       text_contains(text, "freed at")); /* by another CPU */
	}
	area = vmap_area_alloc(&request);
	require(area);
	vmap_area_get_stats(&before);
	cpu->room = 0;
	vmap_area_free_unused(area);
	cpu->room = room;
	vmap_area_get_stats(&after);
	expect_equal(after.ready, before.ready);
	expect(after.free_bytes > before.free_bytes);
	expect(!vmap_area_check());
}

/* Lists between two flushes, made up: nothing of theirs is clean yet. */
TEST(area_ways, turned_twice, "what waits for two flushes is in one list, the older ones behind")
{
	static struct area ranges[3];
	struct lazy_class class = {.older = &ranges[0],
				   .older_last = &ranges[0],
				   .older_stamp = purge_stamp() + 8,
				   .lazy = &ranges[1],
				   .lazy_last = &ranges[1],
				   .stamp = purge_stamp() + 9};

	ranges[0].vm.next = ranges[1].vm.next = NULL;
	lazy_class_turn(&class, &ranges[2], purge_stamp() + 10);
	expect(class.older == &ranges[1] && area_next(&ranges[1]) == &ranges[0]);
	expect(class.older_last == &ranges[0] && !class.lazy && !class.ready);
	expect_equal(class.older_stamp, purge_stamp() + 9);
	expect(class.lazy_last == &ranges[2]);
}

/* What every CPU remembers of freed areas, put aside; and brought back. */
static uint64_t remembered[PLATFORM_CPUS_MAX];

static void forget_freed(void)
{
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++) {
		remembered[cpu] += area_cpus[cpu]->history.nr;
		area_cpus[cpu]->history.nr = 0;
	}
}

static void remember_freed(void *unused)
{
	(void)unused;
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++) {
		area_cpus[cpu]->history.nr += remembered[cpu];
		remembered[cpu] = 0;
	}
}

PLAIN_TEST(area_ways, told_by_state, "a range that nobody remembers is told by the state it is in")
{
	static struct test_end end = {.function = remember_freed};
	void *address = vmalloc(3 * PAGE_SIZE);
	struct area *area = vmap_area_starting((uintptr_t)address);
	char text[128];
	bool cached;

	require(area);
	cached = area->va.size_class != CLASS_NONE;
	test_at_end(&end);
	forget_freed();
	expect(vmap_area_claim(area));
	fault_describe((uintptr_t)address, text, sizeof(text));
	vm_publish(area);
	expect_string(text, "in an area that is being set up or freed");
	vfree(address);
	forget_freed();
	fault_describe((uintptr_t)address, text, sizeof(text));
	expect_string(text, "in an area that was freed");
	vm_unmap_aliases();
	lazy_class_refresh(&this_area_cpu()->classes[2]);
	fault_describe((uintptr_t)address, text, sizeof(text));
	if (cached) /* else it is free, or a neighbour's guard */
		expect_string(text, "in an area that was freed");
	expect_string(vm_kind(0), "reserved");
}

TEST(area_ways, read_freed, "a freed area reads as nothing, and what lies before all areas too")
{
	void *address = vmalloc(PAGE_SIZE);
	char byte = 'x';

	require(address);
	vfree(address);
	expect(!vmap_area_pin((uintptr_t)address));
	expect_equal(vread(&byte, address, 1), 0);
	expect_equal(byte, 'x');
	expect(!vmap_area_pin(VMALLOC_START - PAGE_SIZE));
	expect_equal(vread(&byte, (const char *)~0ul, 2), 0);
	expect_equal(vread(&byte, address, 0), 0);
}

TEST(area_ways, pinned_counts, "an area that somebody looks at counts as one")
{
	void *address = vmalloc(PAGE_SIZE);
	struct vmap_area_stats before, after;
	struct area *area;

	require(address);
	vmap_area_get_stats(&before);
	area = vmap_area_pin((uintptr_t)address);
	require(area);
	vmap_area_get_stats(&after);
	expect(find_vm_area(address) != NULL);
	vmap_area_unpin(area);
	expect_equal(after.areas, before.areas);
	vfree(address);
}

TEST(area_ways, searches, "each search for a place counts")
{
	uint64_t before = vmap_area_nr_searches();
	void *area = get_here(3);

	require(area);
	expect(vmap_area_nr_searches() > before);
	vfree(area);
}

static unsigned int calls[3], called;

static int note_call(struct notifier_block *block, unsigned long action, void *data)
{
	expect_equal(action, 0); /* as Linux says it */
	expect_equal(*(unsigned long *)data, 0);
	calls[called++ % 3] = (unsigned int)block->priority;
	return 0;
}

TEST(area_ways, notifiers, "those who give addresses back are asked by priority, the highest first")
{
	struct notifier_block blocks[3] = {{.notifier_call = note_call, .priority = 2},
					   {.notifier_call = note_call, .priority = 3},
					   {.notifier_call = note_call, .priority = 1}};

	called = 0;
	for (unsigned int i = 0; i < 3; i++)
		expect_equal(register_vmap_purge_notifier(&blocks[i]), 0);
	vmap_purge_notify();
	for (unsigned int i = 0; i < 3; i++)
		expect_equal(unregister_vmap_purge_notifier(&blocks[i]), 0);
	expect_equal(called, 3);
	expect_equal(calls[0], 3);
	expect_equal(calls[1], 2);
	expect_equal(calls[2], 1);
	expect(!vmap_purge_notify());
}

/* A block with one page left is carved on by the next who needs a slot; two pages do not fit. */
PLAIN_TEST(area_ways, last_page, "a slot that a left block has no room for comes from another one")
{
	static void *slots[RAM_BLOCK_PAGES];
	struct area_cpu *cpu = this_area_cpu();
	struct page *pages[2] = {alloc_page(GFP_KERNEL), alloc_page(GFP_KERNEL)};
	struct ram_block *block;
	unsigned int nr = 0;
	uint64_t state;
	void *two;

	require(pages[0] && pages[1]);
	vmap_area_quiesce();
	do
		require((slots[nr++] = vm_map_ram(pages, 1, NUMA_NO_NODE)) != NULL);
	while ((block = cpu->ram_block)->carved < RAM_BLOCK_PAGES - 1 && nr < RAM_BLOCK_PAGES);
	require_equal(block->carved, RAM_BLOCK_PAGES - 1);
	while (nr > 1)
		vm_unmap_ram(slots[--nr], 1);
	vmap_area_quiesce();
	expect(!cpu->ram_block && !block->current);
	two = vm_map_ram(pages, 2, NUMA_NO_NODE);
	require(two);
	expect(cpu->ram_block != block);
	expect_equal(block->carved, RAM_BLOCK_PAGES);
	expect(vmalloc_to_page((char *)two + PAGE_SIZE) == pages[1]);
	state = cpu->ram_block->slots[0].state;
	cpu->ram_block->slots[0].state = SLOT_FREE;
	expect(vmalloc_check() != NULL);
	cpu->ram_block->slots[0].state = state;
	expect(!vmalloc_check());
	vm_unmap_ram(two, 2);
	vm_unmap_ram(slots[0], 1);
	free_pages_bulk(2, pages);
}

/* Two of each: the first one may find its class at a flush. */
TEST(area_ways, low_frames, "the frame of a freed area goes to the zone that it came from")
{
	static const gfp_t zones_of[] = {GFP_DMA32, GFP_DMA};

	for (unsigned int i = 0; i < 4; i++) {
		void *area = __vmalloc(PAGE_SIZE, GFP_KERNEL | zones_of[i / 2] | __GFP_NOWARN);

		vfree(area); /* firmware may leave none so low */
		expect(!page_alloc_check());
	}
}
