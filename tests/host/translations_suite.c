/* SPDX-License-Identifier: BSD-2-Clause */
#include "translations.h"
#include "map.h"
#include "test.h"
#include "vmalloc.h"
#include "walk.h"

/*
 * That the simulated TLB behaves as one: it holds on to what was flushed by nobody, gives up what
 * was, keeps global pages over a CR3 load, makes room, and has the dirty flag set by a write. The
 * addresses are an area's without pages, mapped and unmapped by hand.
 */

struct place {
	struct vm_struct *area;
	struct page *page;
	uintptr_t address;
};

static struct place make_place(size_t pages)
{
	struct place place = {.area = get_vm_area(pages * PAGE_SIZE, VM_MAP),
			      .page = alloc_page(GFP_KERNEL | __GFP_ZERO)};

	require(place.area && place.page);
	place.address = (uintptr_t)place.area->addr;
	return place;
}

static void end_place(const struct place *place)
{
	vunmap_range(place->address, place->address + get_vm_area_size(place->area));
	free_vm_area(place->area);
	__free_page(place->page);
}

static void map_page(const struct place *place, size_t index, uint64_t prot)
{
	expect_equal(map_range(&kernel_space, place->address + index * PAGE_SIZE,
			       page_to_phys(place->page), PAGE_SIZE, __pgprot(prot), LEVEL_PTE),
		     0);
}

static uint64_t read_word(const struct place *place)
{
	return *(const volatile uint64_t *)place->address;
}

TEST(host_tlb, stale, "a translation outlives its table entry until INVLPG, and no longer")
{
	struct place place = make_place(1);

	map_page(&place, 0, PAGE_KERNEL.pgprot);
	*(uint64_t *)page_address(place.page) = 0x4711;
	expect_equal(read_word(&place), 0x4711);
	expect_equal(unmap_range(&kernel_space, place.address, PAGE_SIZE), 1);
	expect_equal(read_word(&place), 0x4711);
	platform_invlpg(place.address);
	expect_fault_read(place.address);
	end_place(&place);
}

TEST(host_tlb, reload, "loading CR3 keeps global translations alone, toggling CR4.PGE keeps none")
{
	struct place place = make_place(2);
	uintptr_t other = place.address + PAGE_SIZE;
	uint64_t cr4 = platform_read_cr4();

	map_page(&place, 0, PAGE_KERNEL.pgprot);
	map_page(&place, 1, PAGE_KERNEL.pgprot & ~_PAGE_GLOBAL);
	expect_equal(read_word(&place), 0);
	expect_equal(*(volatile uint64_t *)other, 0);
	expect_equal(unmap_range(&kernel_space, place.address, 2 * PAGE_SIZE), 2);
	expect_equal(*(volatile uint64_t *)other, 0);
	platform_write_cr3(platform_read_cr3());
	expect_equal(read_word(&place), 0);
	expect_fault_read(other);
	platform_write_cr4(cr4 & ~(uint64_t)MMU_CR4_PGE);
	platform_write_cr4(cr4);
	expect_fault_read(place.address);
	end_place(&place);
}

TEST(host_tlb, fault_forgets, "a page fault drops the translation that it could not use")
{
	struct place place = make_place(1);

	map_page(&place, 0, PAGE_KERNEL_RO.pgprot);
	expect_equal(read_word(&place), 0);
	expect_equal(unmap_range(&kernel_space, place.address, PAGE_SIZE), 1);
	expect_fault_write(place.address);
	expect_fault_read(place.address);
	end_place(&place);
}

TEST(host_tlb, dirty, "the first write sets the dirty flag, a read before it does not")
{
	struct place place = make_place(1);
	unsigned int level;

	map_page(&place, 0, PAGE_KERNEL.pgprot & ~_PAGE_DIRTY);
	expect_equal(read_word(&place), 0);
	expect(!(walk_entry(&kernel_space, place.address, &level) & _PAGE_DIRTY));
	*(volatile uint64_t *)place.address = 1;
	expect(walk_entry(&kernel_space, place.address, &level) & _PAGE_DIRTY);
	expect_equal(*(uint64_t *)page_address(place.page), 1);
	end_place(&place);
}

TEST(host_tlb, eviction, "more pages than the TLB has room for can be in use")
{
	struct translations_stats before, after;
	struct place place;
	size_t pages;

	translations_get_stats(&before);
	pages = before.room + 1000;
	if (VMALLOC_END - VMALLOC_START < 2 * pages * PAGE_SIZE)
		test_skip("the vmalloc region is smaller than the TLB's reach");
	place = make_place(pages);
	*(uint64_t *)page_address(place.page) = 0x4711;
	for (size_t i = 0; i < pages; i++)
		map_page(&place, i, PAGE_KERNEL.pgprot);
	for (size_t i = 0; i < pages; i++)
		if (*(volatile uint64_t *)(place.address + i * PAGE_SIZE) != 0x4711)
			expect_equal(i, pages);
	translations_get_stats(&after);
	expect_equal(after.used, after.room);
	expect_below(before.evictions, after.evictions);
	end_place(&place);
}
