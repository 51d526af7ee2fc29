/* SPDX-License-Identifier: BSD-2-Clause */
#include "ioremap.h"
#include "memblock.h"
#include "mtrr.h"
#include "pat.h"
#include "scratch.h"
#include "test.h"
#include "vmalloc.h"
#include "walk.h"

/* Device memory. What tests/machine/devices.c maps is really there. */

static enum page_cache_mode mode_at(const void *p)
{
	struct leaf leaf;

	return walk_lookup(&kernel_space, (uintptr_t)p, &leaf) ? pgprot2cachemode(leaf.prot)
							       : _PAGE_CACHE_MODE_NUM;
}

TEST_FLAGS(ioremap, offset, "the offset within the page is kept, and the frame is the asked one",
	   TEST_SMOKE)
{
	phys_addr_t phys = scratch_device();
	char *p = ioremap(phys + 0x123, 0x2000);

	require(p);
	expect_equal((uintptr_t)p & ~PAGE_MASK, 0x123);
	expect_equal(vmalloc_to_pfn(p), phys >> PAGE_SHIFT);
	expect_equal(vmalloc_to_pfn(p + 0x2000), (phys >> PAGE_SHIFT) + 2);
	expect_equal(find_vm_area(p)->phys_addr, phys + 0x123);
	iounmap(p);
	expect(!find_vm_area(p));
	iounmap(NULL);
}

TEST(ioremap, types, "each call gives its memory type, a second type for a range is refused")
{
	phys_addr_t phys = scratch_device();
	void *p = ioremap(phys, PAGE_SIZE), *same = ioremap(phys, PAGE_SIZE);

	require(p && same);
	expect_equal(mode_at(p), _PAGE_CACHE_MODE_UC_MINUS);
	expect(!ioremap_cache(phys, PAGE_SIZE));
	iounmap(p);
	iounmap(same);
	p = ioremap_cache(phys, PAGE_SIZE);
	expect_equal(mode_at(p), _PAGE_CACHE_MODE_WB);
	iounmap(p);
	p = ioremap_uc(phys, PAGE_SIZE);
	expect_equal(mode_at(p), _PAGE_CACHE_MODE_UC);
	iounmap(p);
	p = ioremap_wt(phys, PAGE_SIZE);
	expect_equal(mode_at(p), _PAGE_CACHE_MODE_WT);
	iounmap(p);
	p = memremap(phys, PAGE_SIZE, MEMREMAP_WB);
	expect_equal(mode_at(p), _PAGE_CACHE_MODE_WB);
	memunmap(p);
	expect(!memremap(phys, PAGE_SIZE, 0));
}

TEST(ioremap, refused, "RAM, size 0, wrap-around and what is beyond the CPU are refused")
{
	size_t nr;
	const struct memory_range *ranges = memblock_ranges(&nr);
	char *area;

	expect(!ioremap(ranges[0].start, PAGE_SIZE));
	expect(!ioremap(ranges[nr - 1].end - 1, 1));
	expect(!memremap(ranges[0].start, 16, MEMREMAP_WB));
	expect(!ioremap(scratch_device(), 0));
	expect(!ioremap(~(phys_addr_t)0 - 5, 100));
	expect(!ioremap((phys_addr_t)1 << platform_cpu_features()->phys_bits, 1));
	area = vmalloc(PAGE_SIZE);
	iounmap(area);
	expect(find_vm_area(area));
	vfree(area);
}

TEST(ioremap, large_leaves, "a whole 2 MiB of a device is one leaf")
{
	phys_addr_t phys = scratch_device();
	struct leaf leaf;
	char *p = ioremap(phys, PMD_SIZE + PAGE_SIZE);

	require(p);
	require(walk_lookup(&kernel_space, (uintptr_t)p, &leaf));
	expect_equal(leaf.size, PMD_SIZE);
	iounmap(p);
	phys = (phys & ~(PMD_SIZE - 1)) + 3 * PMD_SIZE - 5 * PAGE_SIZE;
	p = ioremap(phys, PMD_SIZE + 5 * PAGE_SIZE);
	require(p);
	require(walk_lookup(&kernel_space, (uintptr_t)p, &leaf));
	expect_equal(leaf.size, PAGE_SIZE);
	require(walk_lookup(&kernel_space, (uintptr_t)p + 5 * PAGE_SIZE, &leaf));
	expect_equal(leaf.size, PMD_SIZE);
	iounmap(p);
}

static size_t leaf_size_of(phys_addr_t phys, size_t size)
{
	struct leaf leaf = {0};
	char *p = ioremap(phys, size);

	if (expect(p) && expect(walk_lookup(&kernel_space, (uintptr_t)p, &leaf)))
		expect_equal(leaf.phys, phys);
	iounmap(p);
	return leaf.size;
}

TEST(ioremap, one_leaf, "a device of just the size of a large leaf, and aligned to it, is one")
{
	phys_addr_t phys = scratch_device();
	void *wall = ioremap(phys, PAGE_SIZE); /* what comes behind it is not aligned by chance */

	require(wall);
	expect_equal(leaf_size_of(phys + 5 * PMD_SIZE, PMD_SIZE), PMD_SIZE);
	if (VMALLOC_END - VMALLOC_START >= 16 * PUD_SIZE && platform_cpu_features()->gib_leaves &&
	    mtrr_leaf_is_uniform(phys, LEVEL_PUD))
		expect_equal(leaf_size_of(phys, PUD_SIZE), PUD_SIZE);
	iounmap(wall);
}

/* A range of the firmware's map of this kind, that is not ours; false: none is known. */
static bool firmware_page(enum firmware_ram kind, phys_addr_t *phys)
{
	size_t nr;
	const struct firmware_range *ranges = ioremap_ram(&nr);

	for (size_t i = 0; i < nr; i++) {
		*phys = ranges[i].start;
		if (ranges[i].kind == kind && !memblock_find(*phys))
			return true;
	}
	return false;
}

TEST(ioremap, firmware_map, "the firmware's map is known, and RAM ends behind all that is in it")
{
	phys_addr_t end = memblock_end();
	size_t nr;
	const struct firmware_range *ranges = ioremap_ram(&nr);

	require(ranges && nr > 0);
	for (size_t i = 0; i < nr; i++)
		if (ranges[i].kind == FIRMWARE_RAM && ranges[i].end > end)
			end = ranges[i].end;
	expect_equal(ioremap_ram_end(), end);
}

TEST(ioremap, firmware_ram, "RAM that the firmware keeps is refused by every call")
{
	phys_addr_t phys;

	if (!firmware_page(FIRMWARE_RAM, &phys))
		test_skip("the firmware's map has no RAM that is not ours");
	expect(!ioremap(phys, 1));
	expect(!ioremap_uc(phys, PAGE_SIZE));
	expect(!ioremap_wc(phys + 5, 7));
	expect(!ioremap_wt(phys, PAGE_SIZE));
	expect(!ioremap_cache(phys, PAGE_SIZE));
	expect(!memremap(phys, PAGE_SIZE, MEMREMAP_WB));
	expect(!memremap(phys, PAGE_SIZE, MEMREMAP_WT));
	if (phys)
		expect(!ioremap(phys - 1, 2));
}

TEST(ioremap, every_range, "no range of RAM in the firmware's map can be mapped at either end")
{
	size_t nr;
	const struct firmware_range *ranges = ioremap_ram(&nr);

	if (!nr)
		test_skip("the firmware's map was not told");
	for (size_t i = 0; i < nr; i++) {
		expect(!ioremap(ranges[i].start, 1));
		expect(!ioremap(ranges[i].end - 1, 1));
		if (i)
			expect(ranges[i].start >= ranges[i - 1].end);
	}
}

TEST(memremap, reserved, "write-back takes what the firmware reserved, other types do not")
{
	phys_addr_t phys;
	char *p;

	if (!firmware_page(FIRMWARE_RESERVED, &phys))
		test_skip("the firmware's map has no reserved memory");
	expect(!ioremap_cache(phys, PAGE_SIZE));
	expect(!memremap(phys, PAGE_SIZE, MEMREMAP_WC));
	p = memremap(phys, PAGE_SIZE, MEMREMAP_WB);
	require(p);
	expect_equal(mode_at(p), _PAGE_CACHE_MODE_WB);
	expect_equal(vmalloc_to_pfn(p), phys >> PAGE_SHIFT);
	memunmap(p);
	expect(!find_vm_area(p));
}
