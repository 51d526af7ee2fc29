/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/errno.h"
#include "map.h"
#include "protect.h"
#include "reclaim.h"
#include "scratch.h"
#include "test.h"
#include "walk.h"

/*
 * Random sequences of all that changes a mapping, against the plainest model there is: for each
 * page of a range its frame and whether it may be written or executed. The range lies across a 1
 * GiB boundary.
 */
enum { PAGES = 2048, STEPS = 1500, LOOK_AT_ALL_EVERY = 64, SOME = 12 };

static struct model {
	struct space *space;
	uintptr_t base;
	struct page_model {
		phys_addr_t phys; /* 0: not mapped */
		bool writable, executable;
	} pages[PAGES];
} model;

struct stretch {
	size_t first, nr;
};

static uint64_t below(uint64_t bound)
{
	return test_random_below(NULL, bound);
}

static uintptr_t address_of(size_t page)
{
	return model.base + page * PAGE_SIZE;
}

/* Mostly short; now and then whole 2 MiB units, or anything. */
static struct stretch random_stretch(void)
{
	struct stretch stretch = {.first = below(PAGES)};
	size_t most = PAGES - stretch.first;

	switch (below(4)) {
	case 0:
		stretch.first &= ~(size_t)(ENTRIES_PER_TABLE - 1);
		stretch.nr = ENTRIES_PER_TABLE *
			     (1 + below((PAGES - stretch.first) / ENTRIES_PER_TABLE));
		break;
	case 1:
		stretch.nr = 1 + below(most);
		break;
	default:
		stretch.nr = 1 + below(most < 9 ? most : 9);
	}
	return stretch;
}

static size_t count_mapped(struct stretch stretch)
{
	size_t mapped = 0;

	for (size_t i = stretch.first; i < stretch.first + stretch.nr; i++)
		mapped += model.pages[i].phys != 0;
	return mapped;
}

static pgprot_t random_prot(void)
{
	static const pgprot_t prots[] = {PAGE_KERNEL, PAGE_KERNEL_RO, PAGE_KERNEL_ROX};

	return __pgprot(prots[below(3)].pgprot & ~_PAGE_GLOBAL);
}

static void step_map(void)
{
	struct stretch stretch = random_stretch();
	pgprot_t prot = random_prot();
	/* often congruent to the address, so that large leaves fit */
	phys_addr_t phys = SCRATCH_PHYS + stretch.first * PAGE_SIZE +
			   (below(3) ? below(32) * PMD_SIZE : below(4096) * PAGE_SIZE);
	size_t mapped = count_mapped(stretch);
	int error = map_range(model.space, address_of(stretch.first), phys, stretch.nr * PAGE_SIZE,
			      prot, (unsigned int)below(2) + LEVEL_PTE);

	expect_equal(error, mapped ? -EBUSY : 0);
	for (size_t i = 0; !error && i < stretch.nr; i++)
		model.pages[stretch.first + i] =
			(struct page_model){.phys = phys + i * PAGE_SIZE,
					    .writable = prot.pgprot & _PAGE_RW,
					    .executable = !(prot.pgprot & _PAGE_NX)};
}

static void step_unmap(void)
{
	struct stretch stretch = random_stretch();
	size_t mapped = count_mapped(stretch);
	long leaves = unmap_range(model.space, address_of(stretch.first), stretch.nr * PAGE_SIZE);

	expect(leaves >= 0 && (size_t)leaves <= mapped && (leaves > 0) == (mapped > 0));
	for (size_t i = 0; i < stretch.nr; i++)
		model.pages[stretch.first + i] = (struct page_model){0};
}

/* What protect_range() must answer when pages become writable, or executable. */
static int expected_answer(struct stretch stretch, bool write, bool execute)
{
	for (size_t i = stretch.first; i < stretch.first + stretch.nr; i++) {
		const struct page_model *page = &model.pages[i];

		if (!page->phys)
			return -ENOENT;
		if ((write && page->executable) || (execute && page->writable))
			return -EPERM;
	}
	return 0;
}

static void step_protect(void)
{
	struct stretch stretch = random_stretch();
	bool gives = below(2), write = below(2);
	uint64_t set = write ? (gives ? _PAGE_RW : 0) : (gives ? 0 : _PAGE_NX);
	uint64_t clear = write ? (gives ? 0 : _PAGE_RW) : (gives ? _PAGE_NX : 0);
	int expected = expected_answer(stretch, gives && write, gives && !write);
	int error = protect_range(model.space, address_of(stretch.first), stretch.nr * PAGE_SIZE,
				  set, clear);

	expect_equal(error, expected);
	for (size_t i = 0; !error && i < stretch.nr; i++)
		if (write)
			model.pages[stretch.first + i].writable = gives;
		else
			model.pages[stretch.first + i].executable = gives;
}

static void step_split(void)
{
	size_t page = below(PAGES);

	expect_equal(split_leaf(model.space, address_of(page), LEVEL_PTE),
		     model.pages[page].phys ? 0 : -ENOENT);
}

static void step_join_or_reclaim(void)
{
	struct stretch stretch = random_stretch();
	uintptr_t start = address_of(stretch.first);
	size_t size = stretch.nr * PAGE_SIZE;

	if (below(2))
		join_range(model.space, start, size, LEVEL_PMD);
	else
		reclaim_tables(model.space, start, start + size);
}

static void compare(size_t page)
{
	const struct page_model *expected = &model.pages[page];
	struct leaf leaf;

	if (!walk_lookup(model.space, address_of(page), &leaf)) {
		expect_equal(expected->phys, 0);
		return;
	}
	expect_equal(leaf.phys + (address_of(page) - leaf.start), expected->phys);
	expect_equal(leaf.prot.pgprot & _PAGE_RW, expected->writable ? _PAGE_RW : 0);
	expect_equal(leaf.prot.pgprot & _PAGE_NX, expected->executable ? 0 : _PAGE_NX);
}

static void step(void)
{
	static void (*const steps[])(void) = {step_map,	    step_map,	step_map,
					      step_unmap,   step_unmap, step_protect,
					      step_protect, step_split, step_join_or_reclaim};

	steps[below(sizeof(steps) / sizeof(steps[0]))]();
}

TEST(map, random, "any sequence of map, unmap, protect, split, join, reclaim does what it says")
{
	model = (struct model){.space = scratch_open()};
	require(model.space);
	model.base = scratch_base() + PUD_SIZE - PAGES / 2 * PAGE_SIZE;
	for (unsigned int i = 1; i <= STEPS; i++) {
		bool all = i % LOOK_AT_ALL_EVERY == 0;

		step();
		for (size_t j = 0; j < (all ? PAGES : SOME); j++)
			compare(all ? j : below(PAGES));
		if (all) {
			require(!space_check());
			test_relax();
		}
	}
	scratch_close();
}
