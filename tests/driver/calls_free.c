/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "../suites/words.h"
#include "slab.h"

/* Giving areas up, and changing their size. */

/* Something that a call to free an area must refuse. `slot`: what lies there and must stay. */
static const void *wrong(struct held **slot)
{
	static const enum kind others[] = {VMAPPED, RESERVED, DMA, DEVICE, KMALLOC, FRAMES};
	struct held *other = slot_of_kind(others[pick(sizeof(others) / sizeof(others[0]))]);

	*slot = NULL;
	if (!other || other->flags & VM_MAP_PUT_PAGES || one_in(2)) {
		uintptr_t address = model_wrong_address();

		*slot = model_find(address);
		return (const void *)address;
	}
	*slot = other;
	return (const void *)other->start;
}

static void refuse(const char *name, void (*call)(const void *addr))
{
	struct held *slot;
	const void *addr = wrong(&slot);

	saying("%s(%p), which is in %d", name, addr, slot ? (int)slot_number(slot) : -1);
	hush();
	call(addr);
	holds(unhush() > 0);
	if (slot)
		model_check(slot);
	check_totals();
	came(REFUSED);
}

/* The second time it is nobody's. */
static void free_twice(const char *name, void (*call)(const void *addr), const void *addr)
{
	saying("%s(%p), for the second time", name, addr);
	hush();
	call(addr);
	holds(unhush() > 0);
	check_totals();
	came(REFUSED);
}

static void let_go(const char *name, void (*call)(const void *addr), bool deferred)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED) | MAY(NOTHING));
	struct held *slot = slot_of_kind(VMALLOC);
	void *addr;

	if (aim == NOTHING) {
		saying("%s(NULL)", name);
		call(NULL);
		came(NOTHING);
		return;
	}
	if (aim == REFUSED || !slot) {
		refuse(name, call);
		return;
	}
	contents_verify(slot);
	addr = (void *)slot->start;
	saying("%s(%u)", name, slot_number(slot));
	driver.deferred += deferred ? slot->nr_pages : 0;
	model_remove(slot);
	call(addr);
	holds(model_is_gone(addr));
	check_totals();
	came(DONE);
	if (one_in(8) && !driver.together)
		free_twice(name, call, addr);
}

static void step_vfree(void)
{
	let_go("vfree", vfree, false);
}

static void step_vfree_atomic(void)
{
	let_go("vfree_atomic", vfree_atomic, true);
}

struct resize {
	const char *name;
	void *(*call)(const struct resize *resize, const void *p);
	size_t bytes;
	unsigned long align;
	gfp_t gfp;
};

static void *do_vrealloc(const struct resize *resize, const void *p)
{
	return vrealloc(p, resize->bytes, resize->gfp);
}

static void *do_vrealloc_node_align(const struct resize *resize, const void *p)
{
	return vrealloc_node_align(p, resize->bytes, resize->align, resize->gfp, NUMA_NO_NODE);
}

static void *do_kvrealloc(const struct resize *resize, const void *p)
{
	return kvrealloc(p, resize->bytes, resize->gfp);
}

static void check_cleared(uintptr_t p, size_t from, size_t to)
{
	size_t first = to - from < 256 ? to - from : 256;

	if (to <= from)
		return;
	holds(all_zero((const void *)(p + from), first));
	holds(all_zero((const void *)(p + to - first), first));
}

static void resized(struct held *slot, void *p, const struct resize *resize)
{
	struct held old = *slot;

	old.start = (uintptr_t)p;
	contents_verify_below(&old, resize->bytes);
	if (resize->gfp & __GFP_ZERO)
		check_cleared(old.start, old.bytes, resize->bytes);
	holds(!(old.start & (resize->align - 1)));
	model_move(slot, old.start, resize->bytes, (resize->bytes + PAGE_SIZE - 1) >> PAGE_SHIFT);
	same(find_vm_area(p)->nr_pages, slot->nr_pages);
	contents_fill(slot);
	model_check(slot);
	came(DONE);
}

/* Not of an area that has its frames from somewhere else, and not what cannot be written. */
static struct held *resizable(void)
{
	for (unsigned int tries = 0; tries < 6; tries++) {
		struct held *slot = slot_of_kind(VMALLOC);

		if (slot && !slot->read_only && !is_protected(slot) && !(slot->flags & VM_MAP))
			return slot;
	}
	return NULL;
}

static void resize_nothing(const struct resize *resize)
{
	saying("%s(area that is none, %zu)", resize->name, resize->bytes);
	hush();
	holds(!resize->call(resize, (const void *)model_wrong_address()));
	holds(unhush() > 0);
	came(REFUSED);
}

static void resize_to_zero(struct resize *resize, struct held *slot)
{
	const void *p = (const void *)slot->start;

	resize->bytes = 0;
	saying("%s(%u, 0)", resize->name, slot_number(slot));
	contents_verify(slot);
	model_remove(slot);
	holds(!resize->call(resize, p));
	check_totals();
	came(NOTHING);
}

/* Growing often goes without memory that could be missing. */
static enum outcome resize_outcome(void)
{
	static const enum outcome outcomes[] = {DONE,	 DONE,	  NO_MEMORY, NO_MEMORY, NO_MEMORY,
						REFUSED, REFUSED, NOTHING,   NOTHING};
	enum outcome aim = outcomes[pick(sizeof(outcomes) / sizeof(outcomes[0]))];

	return driver.together && aim == NO_MEMORY ? DONE : aim;
}

static void resize_area(struct resize *resize)
{
	enum outcome aim = resize_outcome();
	struct held *slot;
	void *p;

	slot_for(resize->bytes >> PAGE_SHIFT);
	slot = resizable();
	if (aim == REFUSED || !slot) {
		resize_nothing(resize);
		return;
	}
	if (aim == NOTHING) {
		resize_to_zero(resize, slot);
		return;
	}
	if (aim == NO_MEMORY)
		resize->bytes += slot->bytes + PAGE_SIZE;
	saying("%s(%u, %zu, align 0x%lx, gfp 0x%x)%s", resize->name, slot_number(slot),
	       resize->bytes, resize->align, resize->gfp, aim == NO_MEMORY ? ", starved" : "");
	contents_verify(slot);
	call_begin(aim, SOMEWHERE);
	p = resize->call(resize, (const void *)slot->start);
	call_end();
	if (p) {
		resized(slot, p, resize);
		return;
	}
	holds(aim == NO_MEMORY);
	model_check(slot);
	same(find_vm_area((const void *)slot->start)->nr_pages, slot->nr_pages);
	check_totals();
	came(NO_MEMORY);
}

static struct resize some_resize(void)
{
	return (struct resize){.bytes = 1 + pick(one_in(20) ? 300 * PAGE_SIZE : 9 * PAGE_SIZE),
			       .align = 1,
			       .gfp = one_in(2) ? GFP_KERNEL : GFP_KERNEL | __GFP_ZERO};
}

static void step_vrealloc(void)
{
	struct resize resize = some_resize();

	resize.name = "vrealloc";
	resize.call = do_vrealloc;
	resize_area(&resize);
}

static void step_vrealloc_node_align(void)
{
	struct resize resize = some_resize();

	resize.name = "vrealloc_node_align";
	resize.call = do_vrealloc_node_align;
	resize.align = PAGE_SIZE << pick(5);
	resize_area(&resize);
}

static void step_kvrealloc(void)
{
	struct resize resize = some_resize();

	resize.name = "kvrealloc";
	resize.call = do_kvrealloc;
	resize_area(&resize);
}

#define RESIZED (MAY(DONE) | MAY(NO_MEMORY) | MAY(REFUSED) | MAY(NOTHING))
static const struct call calls[] = {
	{"vfree", step_vfree, MAY(DONE) | MAY(REFUSED) | MAY(NOTHING)},
	{"vfree_atomic", step_vfree_atomic, MAY(DONE) | MAY(REFUSED) | MAY(NOTHING)},
	{"vrealloc", step_vrealloc, RESIZED},
	{"vrealloc_node_align", step_vrealloc_node_align, RESIZED},
	{"kvrealloc", step_kvrealloc, RESIZED},
};
CALL_TABLE(free_table, calls);
