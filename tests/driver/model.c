/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "../suites/words.h"

/*
 * The plain model: slots, and the numbers of those that have addresses, sorted by address. It knows
 * nothing of how mm does its work, and shares no code with it.
 */

struct held *slot_free(void)
{
	size_t first = pick(NR_SLOTS);

	for (size_t i = 0; i < NR_SLOTS; i++) {
		struct held *slot = &driver.slots[(first + i) % NR_SLOTS];

		if (slot->kind == FREE_SLOT)
			return slot;
	}
	return NULL;
}

struct held *slot_for(size_t frames)
{
	struct held *slot = slot_free();

	while (!slot || driver.frames + frames > driver.frames_max) {
		struct held *old = &driver.slots[pick(NR_SLOTS)];

		if (old->kind != FREE_SLOT && old->kind != CACHE)
			release(old);
		if (!slot && old->kind == FREE_SLOT)
			slot = old;
	}
	return slot;
}

struct held *slot_of_kind(enum kind kind)
{
	size_t first = pick(NR_SLOTS);

	for (size_t i = 0; driver.nr_of[kind] && i < NR_SLOTS; i++) {
		struct held *slot = &driver.slots[(first + i) % NR_SLOTS];

		if (slot->kind == kind)
			return slot;
	}
	return NULL;
}

unsigned int slot_number(const struct held *held)
{
	return (unsigned int)(held - driver.slots);
}

bool is_area(enum kind kind)
{
	return kind == VMALLOC || kind == VMAPPED || kind == DEVICE || kind == RESERVED ||
	       kind == DMA;
}

static struct held *sorted(unsigned int i)
{
	return &driver.slots[driver.sorted[i]];
}

/* How many held ranges start at or below `address`. */
static unsigned int count_below(uintptr_t address)
{
	unsigned int low = 0, high = driver.nr_sorted;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (sorted(middle)->start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uintptr_t end_of(const struct held *slot)
{
	return slot->start + (slot->nr_pages ? slot->nr_pages * PAGE_SIZE : slot->bytes);
}

/* Between two areas there is a guard page at least, unless the lower one waived its own and so has
 * only the other's. */
static uintptr_t gap_between(const struct held *low, const struct held *high)
{
	return is_area(low->kind) && is_area(high->kind) ? PAGE_SIZE : 0;
}

static void insert(struct held *slot)
{
	unsigned int at = count_below(slot->start);

	if (at > 0)
		holds(end_of(sorted(at - 1)) + gap_between(sorted(at - 1), slot) <= slot->start);
	if (at < driver.nr_sorted)
		holds(end_of(slot) + gap_between(slot, sorted(at)) <= sorted(at)->start);
	memmove(&driver.sorted[at + 1], &driver.sorted[at],
		(driver.nr_sorted - at) * sizeof(driver.sorted[0]));
	driver.sorted[at] = slot_number(slot);
	driver.nr_sorted++;
}

static void take_out(struct held *slot)
{
	unsigned int at = count_below(slot->start) - 1;

	driver.nr_sorted--;
	memmove(&driver.sorted[at], &driver.sorted[at + 1],
		(driver.nr_sorted - at) * sizeof(driver.sorted[0]));
}

static bool has_frames(enum kind kind)
{
	return kind == VMALLOC || kind == FRAMES || kind == DMA;
}

static void account(const struct held *slot, bool more)
{
	size_t frames = has_frames(slot->kind) ? slot->nr_pages : 1;
	size_t counted = slot->kind == VMALLOC && !(slot->flags & VM_MAP) ? slot->nr_pages : 0;

	driver.frames += more ? frames : -frames;
	driver.vmalloc_pages += more ? counted : -counted;
	driver.nr_of[slot->kind] += more ? 1 : -1u;
	if (more && slot->nr_pages > PAGE_SIZE / sizeof(struct page *))
		driver.internal += slot->nr_pages / 512 + 1;
}

static bool has_range(enum kind kind)
{
	return kind != CACHE && kind != FREE_SLOT;
}

void model_add(struct held *slot, const struct held *what)
{
	*slot = *what;
	account(slot, true);
	if (has_range(slot->kind))
		insert(slot);
}

void model_remove(struct held *slot)
{
	account(slot, false);
	if (has_range(slot->kind))
		take_out(slot);
	slot->kind = FREE_SLOT;
}

void model_move(struct held *slot, uintptr_t start, size_t bytes, size_t nr_pages)
{
	struct held moved = *slot;

	model_remove(slot);
	moved.start = start;
	moved.bytes = bytes;
	moved.nr_pages = nr_pages;
	model_add(slot, &moved);
}

struct held *model_find(uintptr_t address)
{
	unsigned int at = count_below(address);

	return at > 0 && address < end_of(sorted(at - 1)) ? sorted(at - 1) : NULL;
}

static bool is_a_start(uintptr_t address)
{
	struct held *slot = model_find(address);

	return slot && slot->start == address;
}

/* Inside of an area, in its guards, at no page's start, or where nothing is. */
uintptr_t model_wrong_address(void)
{
	uintptr_t address = VMALLOC_START + PAGE_SIZE * pick(40000);
	struct held *slot = slot_of_kind(one_in(2) ? VMALLOC : VMAPPED);

	if (slot && one_in(2))
		address = slot->start + PAGE_SIZE * pick(slot->nr_pages + 2) - PAGE_SIZE;
	if (one_in(3))
		address += 8 * (1 + pick(500));
	while (is_a_start(address) || (model_find(address) && model_find(address)->kind == DEVICE))
		address += 8;
	return address;
}

/* Where the pattern of a page stands: at its edges; in ranges smaller than a page, throughout. */
enum { EDGE = 64 };

static bool has_contents(enum kind kind)
{
	return kind == VMALLOC || kind == DMA || kind == FRAMES || kind == KMALLOC ||
	       kind == OBJECT || kind == PERCPU;
}

static void fill_piece(uintptr_t at, size_t bytes, uint64_t seed)
{
	pattern_fill((void *)at, bytes, seed);
}

static void verify_piece(uintptr_t at, size_t bytes, uint64_t seed)
{
	holds(pattern_holds((const void *)at, bytes, seed));
}

/* Every page at first, then some: in large areas each page would cost a TLB miss. */
static size_t next_page(size_t offset)
{
	return (offset >> PAGE_SHIFT) % 64 < 8 ? PAGE_SIZE : 28 * PAGE_SIZE;
}

typedef void (*piece_visitor)(uintptr_t at, size_t bytes, uint64_t seed);

/* The pieces that end within `limit` bytes. */
static void each_piece(const struct held *slot, size_t limit, piece_visitor visit)
{
	for (size_t offset = 0; offset < slot->bytes; offset += next_page(offset)) {
		size_t rest = slot->bytes - offset, page = rest < PAGE_SIZE ? rest : PAGE_SIZE;
		size_t first = page <= 2 * EDGE ? page : EDGE, last = (page - EDGE) & ~(size_t)7;
		uint64_t seed = slot->seed + offset;

		if (offset + first <= limit)
			visit(slot->start + offset, first, seed);
		if (page > 2 * EDGE && offset + last + EDGE <= limit)
			visit(slot->start + offset + last, EDGE, ~seed);
	}
}

void contents_fill(struct held *slot)
{
	slot->seed = pick_seed();
	if (has_contents(slot->kind) && !slot->read_only)
		each_piece(slot, slot->bytes, fill_piece);
}

static void verify_mapped(const struct held *slot)
{
	for (size_t i = 0; i < slot->nr_pages; i++) {
		struct page *page = driver.pool[(slot->first + i) % POOL];

		if (slot->kind == RESERVED && !(slot->parts >> i & 1))
			continue;
		verify_piece(slot->start + i * PAGE_SIZE, EDGE, page_to_pfn(page));
	}
}

void contents_verify(const struct held *slot)
{
	if (slot->kind == VMAPPED || slot->kind == RAM || slot->kind == RESERVED)
		verify_mapped(slot);
	else if (has_contents(slot->kind) && !slot->read_only)
		each_piece(slot, slot->bytes, verify_piece);
	else if (has_contents(slot->kind))
		holds(all_zero((const void *)slot->start, EDGE));
}

void contents_verify_below(const struct held *slot, size_t limit)
{
	if (has_contents(slot->kind) && !slot->read_only)
		each_piece(slot, limit, verify_piece);
}

/* What the asking calls have to say about an area. */
static void check_area(const struct held *slot)
{
	const void *last = (const void *)(slot->start + slot->nr_pages * PAGE_SIZE - 1);
	struct vm_struct *vm = find_vm_area((const void *)slot->start);

	holds(vm);
	same((uintptr_t)vm->addr, slot->start);
	same(get_vm_area_size(vm), slot->nr_pages * PAGE_SIZE);
	same(vm->flags, slot->flags);
	same((uintptr_t)find_vm_area(last), (uintptr_t)vm);
	holds(is_vmalloc_addr((const void *)slot->start) && is_vmalloc_addr(last));
}

void model_check(const struct held *slot)
{
	if (is_area(slot->kind))
		check_area(slot);
	contents_verify(slot);
}

void check_totals(void)
{
	uint64_t pages = vmalloc_nr_pages(), most = driver.deferred + driver.internal;

	holds(pages >= driver.vmalloc_pages && pages <= driver.vmalloc_pages + most);
}

void model_check_all(void)
{
	const char *problem = mm_check();

	if (problem)
		log_line("# %s", problem);
	holds(!problem);
	check_totals();
	for (unsigned int i = 0; i < NR_SLOTS; i++)
		if (driver.slots[i].kind != FREE_SLOT)
			model_check(&driver.slots[i]);
	for (unsigned int i = 0; i < POOL; i++)
		verify_piece((uintptr_t)page_address(driver.pool[i]), EDGE,
			     page_to_pfn(driver.pool[i]));
}
