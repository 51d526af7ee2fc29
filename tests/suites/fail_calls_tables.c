/* SPDX-License-Identifier: BSD-2-Clause */
#include "fail_walk.h"
#include "held.h"
#include "map.h"
#include "protect.h"
#include "reclaim.h"
#include "scratch.h"
#include "set_memory.h"
#include "test.h"
#include "vmalloc.h"
#include "walk.h"

/* The calls of fail_walk.c: page tables, through their own calls and through set_memory_*(). */

static uintptr_t base(void)
{
	return space_user_start(&fail_space);
}

/* After a failure nothing is mapped; empty tables may be there. */
static bool undo(bool done)
{
	struct leaf leaf;

	expect_equal(walk_lookup(&fail_space, base(), &leaf), done);
	unmap_range(&fail_space, base(), 2 * PMD_SIZE);
	reclaim_tables(&fail_space, base(), base() + 2 * PMD_SIZE);
	return done;
}

static bool try_map_range(void)
{
	return undo(!map_range(&fail_space, base(), SCRATCH_PHYS + PAGE_SIZE,
			       PMD_SIZE + 4 * PAGE_SIZE, SCRATCH_RW, LEVEL_PMD));
}

struct frames {
	struct frame_source source;
	unsigned int next;
};

static size_t next_frame(struct frame_source *source, size_t wanted, phys_addr_t *start)
{
	struct frames *frames = (struct frames *)source;

	*start = SCRATCH_PHYS + 2 * PAGE_SIZE * frames->next++;
	return wanted < PAGE_SIZE ? wanted : PAGE_SIZE;
}

static bool try_map_frames(void)
{
	struct frames frames = {.source = {.next = next_frame}};

	return undo(!map_frames(&fail_space, base(), 3 * PAGE_SIZE, &frames.source, SCRATCH_RW,
				LEVEL_PTE));
}

/* The first page of a large leaf is changed by `change`; a failure leaves the leaf whole. */
static bool change_large(int (*change)(void))
{
	struct leaf leaf;
	bool done;

	if (map_range(&fail_space, base(), SCRATCH_PHYS, PMD_SIZE, SCRATCH_RW, LEVEL_PMD))
		return undo(false);
	done = change() >= 0;
	require(walk_lookup(&fail_space, base() + PAGE_SIZE, &leaf));
	expect_equal(leaf.size, done ? PAGE_SIZE : PMD_SIZE);
	unmap_range(&fail_space, base(), PMD_SIZE);
	undo(false);
	return done;
}

static int unmap_first(void)
{
	return (int)unmap_range(&fail_space, base(), PAGE_SIZE);
}

static int protect_first(void)
{
	return protect_range(&fail_space, base(), PAGE_SIZE, 0, _PAGE_RW);
}

static int split_first(void)
{
	return split_leaf(&fail_space, base(), LEVEL_PTE);
}

static bool try_unmap_range(void)
{
	return change_large(unmap_first);
}

static bool try_protect_range(void)
{
	return change_large(protect_first);
}

static bool try_split_leaf(void)
{
	return change_large(split_first);
}

static bool try_hold_range(void)
{
	bool done = !hold_range(&fail_space, base(), 600, 0x1000);

	expect_equal(walk_note(&fail_space, base()), done ? 0x1000 : 0);
	if (done)
		release_range(&fail_space, base(), 600);
	return undo(false) || done;
}

static bool try_walk_set_note(void)
{
	bool done = !walk_set_note(&fail_space, base(), 0x1000);

	expect_equal(walk_note(&fail_space, base()), done ? 0x1000 : 0);
	if (done)
		walk_set_note(&fail_space, base(), 0);
	return undo(false) || done;
}

static bool try_space_create(void)
{
	static struct space space;
	bool done = !space_create(&space);

	if (done)
		expect_equal(space_destroy(&space), 0);
	return done;
}

static bool is_whole(unsigned long addr)
{
	struct leaf leaf;

	return walk_lookup(&kernel_space, addr, &leaf) && leaf.size >= PMD_SIZE;
}

typedef int change_t(unsigned long addr, int pages);

/* What cannot be split stays as it was. */
static bool change_and_back(unsigned long addr, change_t *change, change_t *back)
{
	bool whole = is_whole(addr), done = change(addr, 1) == 0;

	if (done)
		expect_equal(back(addr, 1), 0);
	expect_equal(is_whole(addr), whole && !done);
	return done;
}

/* A page of a large leaf of the direct map; mm_quiesce() joins it again. */
static bool change_direct(change_t *change, change_t *back)
{
	struct page *block = alloc_pages(GFP_QUIET, PMD_SHIFT - PAGE_SHIFT);
	bool done;

	if (!block)
		return false;
	done = change_and_back((unsigned long)(uintptr_t)page_address(block), change, back);
	__free_pages(block, PMD_SHIFT - PAGE_SHIFT);
	return done;
}

static bool change_area(change_t *change, change_t *back)
{
	void *area = vmalloc_huge(PMD_SIZE, GFP_QUIET);
	bool done;

	if (!area)
		return false;
	done = change_and_back((unsigned long)(uintptr_t)area, change, back);
	vfree(area);
	return done;
}

static bool change_both(change_t *change, change_t *back)
{
	bool direct = change_direct(change, back);

	return change_area(change, back) && direct;
}

static bool try_set_memory_ro(void)
{
	return change_both(set_memory_ro, set_memory_rw);
}

static int nx_and_rw(unsigned long addr, int pages)
{
	int error = set_memory_nx(addr, pages);

	return error ? error : set_memory_rw(addr, pages);
}

static bool try_set_memory_rox(void)
{
	return change_both(set_memory_rox, nx_and_rw);
}

static bool try_set_memory_np(void)
{
	return change_direct(set_memory_np, set_memory_p);
}

const struct fail_call fail_calls_tables[] = {
	CALL(map_range),     CALL(map_frames),	   CALL(unmap_range),	CALL(protect_range),
	CALL(split_leaf),    CALL(hold_range),	   CALL(walk_set_note), CALL(space_create),
	CALL(set_memory_ro), CALL(set_memory_rox), CALL(set_memory_np),
};
const size_t nr_fail_calls_tables = sizeof(fail_calls_tables) / sizeof(fail_calls_tables[0]);
