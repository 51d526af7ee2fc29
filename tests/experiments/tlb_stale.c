/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmlab.h>

/*
 * Question: how far does a stale TLB entry live, when a page is mapped elsewhere and nobody
 * flushes?
 *
 * One page is read, so that its translation is in the TLB; then its entry is changed to lead to
 * another frame. Now `n` other pages are read, which need entries of their own, and then the page
 * again: does it still show the old frame? `n` is doubled until it does not.
 *
 * Answer: as long as there is room in the TLB. After INVLPG it is gone at once.
 */

enum { OTHERS = 8192, OLD = 0x01d, NEW = 0x4e5 };

static uintptr_t room; /* the page, and behind it the others */
static phys_addr_t old_frame, new_frame;

static uint64_t read_word(uintptr_t address)
{
	return *(volatile uint64_t *)address;
}

static void map_page(uintptr_t address, phys_addr_t frame)
{
	require_equal(map_range(&kernel_space, address, frame, PAGE_SIZE, PAGE_KERNEL, LEVEL_PTE),
		      0);
}

/* Whether the old translation is still used after `nr` other pages were read. */
static bool is_stale_after(unsigned int nr)
{
	unmap_range(&kernel_space, room, PAGE_SIZE);
	tlb_flush_range(room, room + PAGE_SIZE);
	map_page(room, old_frame);
	expect_equal(read_word(room), OLD);
	unmap_range(&kernel_space, room, PAGE_SIZE);
	map_page(room, new_frame);
	for (unsigned int i = 1; i <= nr; i++)
		read_word(room + i * PAGE_SIZE);
	return read_word(room) == OLD;
}

EXPERIMENT(tlb_stale,
	   "a translation without a flush may be the old one, and with one is the new one")
{
	unsigned int most = 0;

	room = play_room(OTHERS + 1, PAGE_SIZE);
	old_frame = page_to_phys(play_frames(0));
	new_frame = page_to_phys(play_frames(0));
	*(uint64_t *)phys_to_virt(old_frame) = OLD;
	*(uint64_t *)phys_to_virt(new_frame) = NEW;
	for (unsigned int i = 1; i <= OTHERS; i++)
		map_page(room + i * PAGE_SIZE, new_frame);
	report("stale when read again at once", is_stale_after(0), "(1: yes)");
	for (unsigned int nr = 1; nr <= OTHERS && is_stale_after(nr); nr *= 2)
		most = nr;
	report("stale after reading other pages", most, "pages");
	tlb_flush_range(room, room + PAGE_SIZE);
	expect_equal(read_word(room), NEW);
}
