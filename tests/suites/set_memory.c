/* SPDX-License-Identifier: BSD-2-Clause */
#include "set_memory.h"
#include "lib/errno.h"
#include "space.h"
#include "test.h"
#include "vmalloc.h"
#include "walk.h"

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

TEST(set_memory, absent, "a page of the direct map can be taken away, and comes back with its data")
{
	set_up();
	expect_equal(set_memory_np(address(direct), 1), 0);
	expect_fault_read(direct);
	expect_equal(direct[PAGE_SIZE], 0xc3);
	expect_equal(set_memory_ro(address(direct), 2), -ENOENT);
	expect_equal(set_memory_p(address(direct), 2), -EBUSY);
	expect_fault_read(direct);
	expect_equal(set_memory_np(address(direct), 1), 0);
	expect_equal(set_memory_p(address(direct), 1), 0);
	expect_equal(set_memory_p(address(direct), 1), 0);
	expect_equal(direct[0], 0xc3);
	direct[0] = 1;
	tear_down();
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
	expect_equal(set_memory_np(address(area), 1), -EINVAL);
	expect_equal(set_memory_p(address(area), 1), -EINVAL);
	area[0] = direct[0] = 1;
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
