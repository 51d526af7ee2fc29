/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "lib/errno.h"
#include "map.h"
#include "tlb.h"
#include "walk.h"

/* vmalloc_user()'s pages in the lower half of a second address space, which lives for a round. */

static struct held *user_area(void)
{
	size_t first = pick(NR_SLOTS);

	for (size_t i = 0; i < NR_SLOTS; i++) {
		struct held *slot = &driver.slots[(first + i) % NR_SLOTS];

		if (slot->kind == VMALLOC && slot->flags & VM_USERMAP)
			return slot;
	}
	return NULL;
}

struct view {
	struct vm_area_struct vma;
	struct held *slot;
	bool whole; /* the whole vma, or from `at` on */
	unsigned long at;
	size_t first, nr;    /* pages of the area */
	unsigned long wrong; /* added to what is asked for */
};

static int remap(const struct view *view)
{
	struct vm_area_struct vma = view->vma;
	void *area = (void *)view->slot->start;

	return view->whole ? remap_vmalloc_range(&vma, area, view->first + view->wrong)
			   : remap_vmalloc_range_partial(&vma, view->at, area,
							 view->first + view->wrong,
							 view->nr * PAGE_SIZE);
}

static struct view view_of(struct held *slot, bool whole)
{
	struct view view = {.slot = slot, .whole = whole};

	view.first = pick(slot->nr_pages);
	view.nr = 1 + pick(slot->nr_pages - view.first);
	view.at = space_user_start(&driver.space) + PMD_SIZE * pick(VIEWS_BYTES / PMD_SIZE - 2) +
		  PAGE_SIZE * pick(99);
	view.vma = (struct vm_area_struct){.space = &driver.space,
					   .vm_start = view.at,
					   .vm_end = view.at + view.nr * PAGE_SIZE,
					   .writable = one_in(2)};
	if (!whole) {
		view.vma.vm_start -= PAGE_SIZE * pick(2);
		view.vma.vm_end += PAGE_SIZE * pick(5);
	}
	return view;
}

/* Every page of it is that of the area, the user's, and writable only when the vma is. */
static void check_view(const struct view *view)
{
	struct page **pages = find_vm_area((void *)view->slot->start)->pages + view->first;
	struct leaf leaf;

	for (size_t i = 0; i < view->nr; i++) {
		holds(walk_lookup(&driver.space, view->at + i * PAGE_SIZE, &leaf));
		same(leaf.phys >> PAGE_SHIFT, page_to_pfn(pages[i]));
		same(leaf.prot.pgprot & (_PAGE_USER | _PAGE_NX | _PAGE_GLOBAL),
		     _PAGE_USER | _PAGE_NX);
		same(!!(leaf.prot.pgprot & _PAGE_RW), view->vma.writable);
		same(page_count(pages[i]), 1);
	}
	holds(!walk_lookup(&kernel_space, view->at, &leaf));
}

static void check_no_view(const struct view *view)
{
	struct leaf leaf;

	for (size_t i = 0; i < view->nr; i++)
		holds(!walk_lookup(&driver.space, view->at + i * PAGE_SIZE, &leaf));
}

static enum outcome try_view(struct view *view, enum outcome aim)
{
	int error;
	bool struck = false;

	if (aim == REFUSED)
		view->wrong = view->slot->nr_pages - view->first;
	if (aim == NO_MEMORY)
		starve(1);
	error = remap(view);
	if (aim == NO_MEMORY)
		struck = starved();
	if (aim == NO_MEMORY && !struck)
		aim = DONE; /* the table was there */
	same(error, aim == DONE ? 0 : aim == REFUSED ? -EINVAL : -ENOMEM);
	if (aim != DONE) {
		check_no_view(view);
		return aim;
	}
	check_view(view);
	if (one_in(2)) {
		same(remap(view), -EBUSY);
		check_view(view);
		aim = BUSY;
	}
	return aim;
}

static void forget_view(const struct view *view)
{
	size_t bytes = view->nr * PAGE_SIZE;

	same(unmap_range(&driver.space, view->at, bytes), view->nr);
	tlb_flush_range(view->at, view->at + bytes);
	check_no_view(view);
}

static void see(const char *name, bool whole)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED) | MAY(NO_MEMORY));
	struct held *slot = user_area();
	struct view view;

	if (!slot)
		return;
	view = view_of(slot, whole);
	saying("%s(%u, page %zu, %zu pages, at 0x%lx)%s", name, slot_number(slot), view.first,
	       view.nr, view.at,
	       aim == REFUSED	  ? ", more than it has"
	       : aim == NO_MEMORY ? ", starved"
				  : "");
	aim = try_view(&view, aim);
	if (aim == DONE || aim == BUSY) {
		same(space_destroy(&driver.space), -EBUSY);
		forget_view(&view);
	}
	model_check(slot);
	came(aim);
}

static void step_remap_vmalloc_range(void)
{
	see("remap_vmalloc_range", true);
}

static void step_remap_vmalloc_range_partial(void)
{
	see("remap_vmalloc_range_partial", false);
}

static void step_space_create(void)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(NO_MEMORY));
	int error;

	if (one_in(3))
		return;
	saying("space_create()%s", aim == NO_MEMORY ? ", starved" : "");
	if (aim == NO_MEMORY)
		starve(1);
	error = space_create(&driver.other_space);
	starved();
	same(error, aim == DONE ? 0 : -ENOMEM);
	if (!error)
		same(space_destroy(&driver.other_space), 0);
	came(aim);
}

#define SEEN (MAY(DONE) | MAY(REFUSED) | MAY(NO_MEMORY) | MAY(BUSY))
static const struct call calls[] = {
	CALLS_NAMED(remap_vmalloc_range, SEEN),
	CALLS_NAMED(remap_vmalloc_range_partial, SEEN),
	CALLS_NAMED(space_create, MAY(DONE) | MAY(NO_MEMORY)),
};
CALL_TABLE(space_table, calls);
