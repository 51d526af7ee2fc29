/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "lib/errno.h"
#include "set_memory.h"
#include "walk.h"

/* set_memory_*(): on vmalloc's pages, and on frames in the direct map. */

enum change { RO, RW, X, NX, ROX, NP, P };

struct request {
	const char *name;
	int (*call)(unsigned long addr, int pages);
	enum change change;
	struct held *slot;
	size_t first, nr;
	uint64_t bits;
};

/* The RET that protection_check() calls. */
static void plant_code(const struct request *request)
{
	for (size_t i = request->first; i < request->first + request->nr; i++)
		if (!((request->slot->ro | request->slot->absent) >> i & 1))
			*(volatile uint8_t *)protection_code(request->slot, i) = 0xc3;
}

/* What the change needs to be of any effect: there are few pages that have it. */
static uint64_t wanted_bits(const struct held *slot, enum change change)
{
	return change == X ? slot->ro : change == P ? slot->absent : 0;
}

static bool is_wanted(const struct held *slot, enum change change)
{
	if ((slot->kind != FRAMES && slot->kind != VMALLOC) || slot->read_only)
		return false;
	return change == NP || wanted_bits(slot, change);
}

static struct held *some_slot(enum change change)
{
	struct held *slot;

	for (unsigned int i = 0, first = (unsigned int)pick(NR_SLOTS); i < NR_SLOTS; i++) {
		slot = &driver.slots[(first + i) % NR_SLOTS];
		if (is_wanted(slot, change)) {
			second_touch(slot);
			return slot;
		}
	}
	slot = slot_of_kind(one_in(2) ? FRAMES : VMALLOC);
	return slot && !slot->read_only ? slot : NULL;
}

static bool choose_pages(struct request *request)
{
	struct held *slot = some_slot(request->change);
	uint64_t wanted;
	size_t limit;

	request->slot = slot;
	if (!slot)
		return false;
	wanted = wanted_bits(slot, request->change);
	limit = slot->nr_pages < PROTECTED ? slot->nr_pages : PROTECTED;
	request->first = wanted && one_in(2) ? (size_t)__builtin_ctzll(wanted) : pick(limit);
	request->nr = 1 + (one_in(2) ? 0 : pick(limit - request->first));
	request->bits = (~(uint64_t)0 >> (64 - request->nr)) << request->first;
	return true;
}

/* Whether a page that is there would become writable and executable. */
static bool is_too_much(const struct request *request)
{
	const struct held *slot = request->slot;

	if (request->change == RW)
		return slot->exec & request->bits;
	return request->change == X && ~slot->ro & ~slot->absent & request->bits;
}

/* What has to come of it, by the model. */
static int expected_of(const struct request *request)
{
	const struct held *slot = request->slot;
	uint64_t bits = request->bits;

	if (request->change >= NP)
		return 0;
	if (slot->absent & bits)
		return -ENOENT;
	return is_too_much(request) ? -EPERM : 0;
}

static void change_model(const struct request *request)
{
	struct held *slot = request->slot;
	uint64_t bits = request->bits;

	if (request->change == RO || request->change == ROX)
		slot->ro |= bits;
	if (request->change == X || request->change == ROX)
		slot->exec |= bits;
	if (request->change == RW)
		slot->ro &= ~bits;
	if (request->change == NX)
		slot->exec &= ~bits;
	if (request->change == NP)
		slot->absent |= bits;
	if (request->change == P)
		slot->absent &= ~bits;
}

static unsigned long start_of(const struct request *request)
{
	return request->slot->start + request->first * PAGE_SIZE;
}

static bool is_in_large_leaf(uintptr_t address)
{
	struct leaf leaf;

	return walk_lookup_any(&kernel_space, address, &leaf) && leaf.level > LEVEL_PTE;
}

/* What a change needs that is to be of any effect on present, writable pages; and back. */
static void prepare(enum change change, uintptr_t start, int pages)
{
	if (change == X)
		same(set_memory_ro(start, pages), 0);
	if (change == P)
		same(set_memory_np(start, pages), 0);
}

static void prepare_undo(uintptr_t start, int pages)
{
	same(set_memory_p(start, pages), 0);
	same(set_memory_rw(start, pages), 0);
}

/* A page out of the middle of a large leaf, which has to be split for it. */
static void call_starved(const struct request *request)
{
	unsigned int order = PMD_SHIFT - PAGE_SHIFT;
	struct page *block = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);
	uintptr_t start = block ? (uintptr_t)page_address(block) : 0;
	bool large = block && is_in_large_leaf(start);

	saying("%s(), starved", request->name);
	if (block && !large) {
		mm_quiesce();
		large = is_in_large_leaf(start);
	}
	if (large) {
		prepare(request->change, start, 1 << order);
		starve(1);
		same(request->call(start + PAGE_SIZE * (1 + pick(400)), 1 + (int)pick(100)),
		     -ENOMEM);
		holds(starved());
		holds(is_in_large_leaf(start));
		same(fault_expect_write(start + pick(PMD_SIZE)),
		     request->change == X || request->change == P);
		prepare_undo(start, 1 << order);
		came(NO_MEMORY);
	}
	if (block)
		__free_pages(block, order);
}

static void call_wrongly(const struct request *request)
{
	unsigned long addr = start_of(request);
	int pages = (int)request->nr, error;

	switch (pick(4)) {
	case 0:
		addr += 8;
		break;
	case 1:
		pages = -(int)pick(3);
		break;
	case 2:
		addr = layout.page_offset_end - PAGE_SIZE;
		pages = 2;
		break;
	default:
		addr = pick(2) * PAGE_SIZE;
	}
	saying("%s(0x%lx, %d), wrong", request->name, addr, pages);
	hush();
	error = request->call(addr, pages);
	holds(unhush() > 0);
	same(error, -EINVAL);
	model_check(request->slot);
	came(REFUSED);
}

static void call_as_asked(const struct request *request, int expected)
{
	struct held *slot = request->slot;
	int error;

	hush();
	error = request->call(start_of(request), (int)request->nr);
	if (error == -EPERM && expected == -ENOENT && is_too_much(request))
		error = -ENOENT; /* either reason will do */
	same(error, expected);
	same(unhush() > 0, expected != 0);
	if (!expected)
		change_model(request);
	protection_check(slot, request->first);
	protection_check(slot, request->first + request->nr - 1);
	protection_check(slot, pick(slot->nr_pages < PROTECTED ? slot->nr_pages : PROTECTED));
	contents_verify(slot);
	came(expected ? REFUSED : DONE);
}

static void change(const char *name, int (*call)(unsigned long addr, int pages), enum change what)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED) | MAY(NO_MEMORY));
	struct request request = {.name = name, .call = call, .change = what};
	int expected;

	if (aim == NO_MEMORY) {
		call_starved(&request);
		return;
	}
	if (!choose_pages(&request))
		return;
	if (aim == REFUSED) {
		call_wrongly(&request);
		return;
	}
	plant_code(&request);
	expected = expected_of(&request);
	saying("%s(%u, page %zu, %zu pages): %d", name, slot_number(request.slot), request.first,
	       request.nr, expected);
	call_as_asked(&request, expected);
}

#define CHANGE(function, what)                                                                     \
	static void step_##function(void)                                                          \
	{                                                                                          \
		change(#function, function, what);                                                 \
	}
CHANGE(set_memory_ro, RO)
CHANGE(set_memory_rw, RW)
CHANGE(set_memory_x, X)
CHANGE(set_memory_nx, NX)
CHANGE(set_memory_rox, ROX)
CHANGE(set_memory_np, NP)
CHANGE(set_memory_p, P)

#define CHANGED (MAY(DONE) | MAY(REFUSED) | MAY(NO_MEMORY))
static const struct call calls[] = {
	CALLS_NAMED(set_memory_ro, CHANGED),  CALLS_NAMED(set_memory_rw, CHANGED),
	CALLS_NAMED(set_memory_x, CHANGED),   CALLS_NAMED(set_memory_nx, CHANGED),
	CALLS_NAMED(set_memory_rox, CHANGED), CALLS_NAMED(set_memory_np, CHANGED),
	CALLS_NAMED(set_memory_p, CHANGED),
};
CALL_TABLE(protect_table, calls);
