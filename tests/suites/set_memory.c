/* SPDX-License-Identifier: BSD-2-Clause */
#include "set_memory.h"
#include "ioremap.h"
#include "lib/errno.h"
#include "mm.h"
#include "page_alloc.h"
#include "pat.h"
#include "space.h"
#include "test.h"
#include "tlb.h"
#include "vm_map_ram.h"
#include "vmalloc.h"
#include "walk.h"
#include "words.h"

/* Two frames of the direct map, whatever leaf they stand in; and two pages of vmalloc's. */
static struct page *frames;
static uint8_t *direct, *area;

static void set_up(void)
{
	frames = alloc_pages(GFP_KERNEL, 1);
	area = vmalloc(2 * PAGE_SIZE);
	require(frames && area);
	direct = page_address(frames);
	direct[0] = direct[PAGE_SIZE] = area[0] = area[PAGE_SIZE] = 0xc3; /* RET */
}

static void tear_down(void)
{
	expect(!space_check());
	__free_pages(frames, 1);
	vfree(area);
}

static unsigned long address(const void *page)
{
	return (uintptr_t)page;
}

static void changes(uint8_t *page)
{
	uint8_t *next = page + PAGE_SIZE;

	expect_equal(set_memory_ro(address(page), 1), 0);
	expect_fault_write(page);
	expect_equal(page[0], 0xc3);
	next[0] = 0xc3;
	expect_equal(set_memory_rw(address(page), 1), 0);
	page[0] = 0xc3;
	expect_equal(set_memory_x(address(page), 1), -EPERM);
	expect_fault_fetch(page);
	expect_equal(set_memory_rox(address(page), 2), 0);
	expect(!fault_expect_fetch(address(page)));
	expect(!fault_expect_fetch(address(next)));
	expect_fault_write(page);
	expect_equal(set_memory_rw(address(page), 1), -EPERM);
	expect_equal(set_memory_nx(address(page), 2), 0);
	expect_fault_fetch(next);
	expect_equal(set_memory_x(address(next), 1), 0);
	expect(!fault_expect_fetch(address(next)));
	expect_equal(set_memory_nx(address(next), 1), 0);
	expect_equal(set_memory_rw(address(page), 2), 0);
	page[0] = next[0] = 0;
}

TEST(set_memory, area, "vmalloc's pages change one by one, and never to writable and executable")
{
	set_up();
	changes(area);
	tear_down();
}

TEST_FLAGS(set_memory, direct, "so do those of the direct map, out of the middle of a larger leaf",
	   TEST_SMOKE)
{
	set_up();
	changes(direct);
	tear_down();
}

static void goes_and_comes(uint8_t *page)
{
	uint8_t *next = page + PAGE_SIZE;

	expect_equal(set_memory_rox(address(page), 1), 0);
	expect_equal(set_memory_np(address(page), 1), 0);
	expect_fault_read(page);
	expect_fault_fetch(page);
	expect_equal(next[0], 0xc3);
	expect_equal(set_memory_ro(address(page), 2), -ENOENT);
	next[0] = 0xc3;
	expect_equal(set_memory_np(address(page), 2), 0);
	expect_fault_read(next);
	expect_equal(set_memory_p(address(next), 1), 0);
	expect_fault_read(page);
	expect_equal(set_memory_p(address(page), 2), 0);
	expect_equal(page[0], 0xc3);
	expect_fault_write(page);
	expect(!fault_expect_fetch(address(page)));
	expect_fault_fetch(next);
	expect_equal(set_memory_nx(address(page), 1), 0);
	expect_equal(set_memory_rw(address(page), 1), 0);
	page[0] = next[0] = 1;
}

TEST(set_memory, absent_direct,
     "pages of the direct map are taken away, and come back with data and permissions")
{
	set_up();
	goes_and_comes(direct);
	tear_down();
}

TEST(set_memory, absent_area, "so are vmalloc's pages")
{
	set_up();
	goes_and_comes(area);
	tear_down();
}

static void gone_from(void *p, size_t first, int nr)
{
	expect_equal(set_memory_np(address(p) + first * PAGE_SIZE, nr), 0);
	expect_fault_read((char *)p + first * PAGE_SIZE);
	expect_fault_read((char *)p + (first + (size_t)nr - 1) * PAGE_SIZE);
}

TEST(set_memory, absent_asked, "absent pages read as zero, have no frame, and are told as that")
{
	char bytes[3], what[160];

	set_up();
	area[PAGE_SIZE - 1] = 5;
	gone_from(area, 1, 1);
	memset(bytes, 7, sizeof(bytes));
	expect_equal(vread(bytes, (char *)area + PAGE_SIZE - 1, 3), 3);
	expect_equal(bytes[0], 5);
	expect_equal(bytes[1] | bytes[2], 0);
	expect(!vmalloc_to_page(area + PAGE_SIZE));
	expect(vmalloc_to_page(area));
	fault_describe(address(area) + PAGE_SIZE, what, sizeof(what));
	expect(text_contains(what, "2-page vmalloc area") && text_contains(what, "not present"));
	fault_describe(address(area), what, sizeof(what));
	expect(!text_contains(what, "not present"));
	tear_down();
}

/* The pages in front of the start, the start itself, and the inside are not there: what looks for a
 * note in an entry must not take them for one. */
TEST(set_memory, absent_freed,
     "an area with absent pages is freed by its start alone, and comes back whole")
{
	for (size_t nr = 1; nr <= 4; nr++) {
		uint8_t *p = vmalloc(nr * PAGE_SIZE), *again;

		require(p);
		gone_from(p, 0, (int)nr);
		for (size_t i = 1; i <= nr; i++)
			vfree(p + i * PAGE_SIZE);
		expect(find_vm_area(p));
		vfree(p);
		expect(!find_vm_area(p));
		vm_unmap_aliases();
		again = vmalloc(nr * PAGE_SIZE);
		require(again);
		memset(again, 0x5a, nr * PAGE_SIZE);
		expect_fault_fetch(again);
		vfree(again);
	}
	expect(!space_check());
}

static void freed_large(size_t pages, size_t first, int nr)
{
	uint8_t *p = vmalloc_huge(pages * PAGE_SIZE, GFP_KERNEL);

	if (!p)
		test_skip("no %zu pages", pages);
	p[0] = p[(first + (size_t)nr) * PAGE_SIZE - 1] = 0x77;
	gone_from(p, first, nr);
	expect_equal(set_memory_p(address(p) + first * PAGE_SIZE, nr), 0);
	expect_equal(p[(first + (size_t)nr) * PAGE_SIZE - 1], 0x77);
	gone_from(p, first, nr);
	expect(!space_check());
	vfree(p);
	expect(!find_vm_area(p));
}

TEST(set_memory, absent_large, "whole large leaves and parts of them go, come back and are freed")
{
	freed_large(2 * ENTRIES_PER_TABLE, 0, ENTRIES_PER_TABLE);
	freed_large(2 * ENTRIES_PER_TABLE, 3, 7);
	freed_large(2 * ENTRIES_PER_TABLE, 100, ENTRIES_PER_TABLE);
	freed_large(ENTRIES_PER_TABLE + 5, 0, ENTRIES_PER_TABLE + 5);
}

TEST(set_memory, absent_moved,
     "vrealloc() of an area with absent pages keeps their frames and data")
{
	uint8_t *p = vmalloc(2 * PAGE_SIZE), *wall = vmalloc(PAGE_SIZE), *moved;

	require(p && wall);
	p[0] = 1;
	p[PAGE_SIZE] = 2;
	gone_from(p, 1, 1);
	moved = vrealloc(p, 700 * PAGE_SIZE, GFP_KERNEL);
	require(moved);
	if (moved == p)
		expect_equal(set_memory_p(address(p), 2), 0);
	expect_equal(moved[0], 1);
	expect_equal(moved[PAGE_SIZE], 2);
	gone_from(moved, 0, 5);
	moved = vrealloc(moved, 3 * PAGE_SIZE, GFP_KERNEL);
	require(moved);
	expect_equal(set_memory_p(address(moved), 3), 0);
	expect_equal(moved[PAGE_SIZE], 2);
	vfree(moved);
	vfree(wall);
}

static enum page_cache_mode mode_at(const void *p)
{
	struct leaf leaf;

	require(walk_lookup(&kernel_space, address(p), &leaf));
	return pgprot2cachemode(leaf.prot);
}

TEST(set_memory, absent_type, "the memory type of an absent page still counts")
{
	phys_addr_t phys = (ioremap_ram_end() + 2 * PUD_SIZE) & ~(PUD_SIZE - 1);
	uint8_t *p = __vmalloc_node_range(PAGE_SIZE, 1, VMALLOC_START, VMALLOC_END, GFP_KERNEL,
					  PAGE_KERNEL_NOCACHE, 0, NUMA_NO_NODE, NULL);
	void *device = ioremap_wc(phys, PAGE_SIZE);

	require(p);
	gone_from(p, 0, 1);
	p = vrealloc(p, 3 * PAGE_SIZE, GFP_KERNEL);
	require(p);
	expect_equal(mode_at(p + PAGE_SIZE), _PAGE_CACHE_MODE_UC);
	vfree(p);
	if (!device)
		test_skip("no addresses above the memory");
	expect_equal(set_memory_np(address(device), 1), 0);
	expect(!ioremap_uc(phys, PAGE_SIZE));
	p = ioremap_wc(phys, PAGE_SIZE);
	expect(p);
	iounmap(p);
	iounmap(device);
}

TEST(set_memory, absent_huge,
     "an area whose first large leaf is absent is still one of large leaves")
{
	uint8_t *p = vmalloc_huge(2 * PMD_SIZE, GFP_KERNEL);

	if (!p || !is_vm_area_hugepages(p))
		test_skip("no large leaves");
	gone_from(p, 0, ENTRIES_PER_TABLE);
	p = vrealloc(p, PMD_SIZE + PAGE_SIZE, GFP_KERNEL);
	require(p);
	expect(is_vm_area_hugepages(p));
	vfree(p);
}

TEST(set_memory, absent_mapped, "so it is with maps of every kind")
{
	struct page *pages[2] = {alloc_page(GFP_KERNEL), alloc_page(GFP_KERNEL)};
	struct vm_struct *sparse = get_vm_area(2 * PAGE_SIZE, VM_SPARSE);
	uintptr_t start;
	void *p;

	require(pages[0] && pages[1] && sparse);
	start = address(sparse->addr);
	p = vmap(pages, 2, VM_MAP, PAGE_KERNEL);
	require(p);
	gone_from(p, 0, 2);
	vunmap(p);
	p = vm_map_ram(pages, 2, NUMA_NO_NODE);
	require(p);
	gone_from(p, 1, 1);
	vm_unmap_ram(p, 2);
	expect_equal(vm_area_map_pages(sparse, start, start + 2 * PAGE_SIZE, pages), 0);
	gone_from(sparse->addr, 0, 2);
	expect_equal(vm_area_map_pages(sparse, start, start + PAGE_SIZE, pages), -EBUSY);
	vm_area_unmap_pages(sparse, start, start + 2 * PAGE_SIZE);
	expect_equal(vm_area_map_pages(sparse, start, start + PAGE_SIZE, pages), 0);
	free_vm_area(sparse);
	expect(!space_check());
	__free_page(pages[0]);
	__free_page(pages[1]);
}

/* Of the direct map's region, where no memory is. */
static unsigned long behind_last(void)
{
	return (unsigned long)(layout.page_offset + (frame_end << PAGE_SHIFT));
}

TEST(set_memory, refused, "places that are nobody's, and what is no whole page, change nothing")
{
	set_up();
	expect_equal(set_memory_ro(address(area) + 1, 1), -EINVAL);
	expect_equal(set_memory_ro(address(area), 0), -EINVAL);
	expect_equal(set_memory_ro(address(area), -1), -EINVAL);
	expect_equal(set_memory_ro(address(area), 3), -ENOENT);
	expect_equal(set_memory_ro(0, 1), -EINVAL);
	expect_equal(set_memory_ro(VMALLOC_END - PAGE_SIZE, 2), -EINVAL);
	expect_equal(set_memory_ro(layout.page_offset_end - PAGE_SIZE, 2), -EINVAL);
	expect_equal(set_memory_np(address(area), 3), -ENOENT);
	expect_equal(set_memory_p(address(area), 3), -ENOENT);
	expect_equal(set_memory_np(address(area) - PAGE_SIZE, 1), -ENOENT);
	expect_equal(set_memory_np(PAGE_SIZE, 1), -EINVAL);
	expect_equal(set_memory_ro(~0ul & PAGE_MASK, 2), -EINVAL);
	expect_equal(set_memory_ro(behind_last(), 1), -EINVAL);
	area[0] = direct[0] = 1;
	tear_down();
}

static uint64_t flushes_of_all(const struct tlb_stats *stats)
{
	return stats->flushes[TLB_CR3] + stats->flushes[TLB_PGE] + stats->flushes[TLB_INVPCID];
}

TEST(set_memory, flushes, "a page that changes is flushed alone, and not all translations with it")
{
	struct tlb_stats before, after;

	set_up();
	tlb_get_cpu_stats(platform_cpu(), &before);
	expect_equal(set_memory_ro(address(area), 1), 0);
	tlb_get_cpu_stats(platform_cpu(), &after);
	expect_equal(after.ranges, before.ranges + 1);
	expect_equal(after.flushes[TLB_INVLPG], before.flushes[TLB_INVLPG] + 1);
	expect_equal(flushes_of_all(&after), flushes_of_all(&before));
	expect_equal(set_memory_rw(address(area), 1), 0);
	tear_down();
}

TEST(set_memory, joined, "the direct map's leaf is whole again once everything is quiet")
{
	struct leaf before, during, after;

	set_up();
	mm_quiesce();
	require(walk_lookup(&kernel_space, address(direct), &before));
	expect_equal(set_memory_ro(address(direct), 1), 0);
	require(walk_lookup(&kernel_space, address(direct), &during));
	expect_equal(during.level, LEVEL_PTE);
	expect_equal(set_memory_rw(address(direct), 1), 0);
	mm_quiesce();
	require(walk_lookup(&kernel_space, address(direct), &after));
	expect_equal(after.level, before.level);
	tear_down();
}

TEST(set_memory, joined_when_quiet,
     "a leaf of the direct map that was split is whole again when all is quiet")
{
	struct page *block = alloc_pages(GFP_KERNEL | __GFP_NOWARN, PMD_SHIFT - PAGE_SHIFT);
	struct leaf before, split, after;
	uintptr_t at;

	if (!block)
		test_skip("no 2 MiB in one block");
	at = (uintptr_t)page_address(block);
	require(walk_lookup(&kernel_space, at, &before));
	expect_equal(set_memory_ro(at + PAGE_SIZE, 1), 0);
	require(walk_lookup(&kernel_space, at, &split));
	expect_equal(split.size, PAGE_SIZE);
	expect_equal(set_memory_rw(at + PAGE_SIZE, 1), 0);
	__free_pages(block, PMD_SHIFT - PAGE_SHIFT);
	mm_quiesce();
	if (mm_slow_reasons & SLOW_UNMAP)
		return;
	require(walk_lookup(&kernel_space, at, &after));
	expect_equal(after.size, before.size);
}
