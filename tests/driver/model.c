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

static bool can_go(const struct held *held)
{
	return held->kind != FREE_SLOT && held->kind != CACHE;
}

static bool anything_can_go(void)
{
	for (size_t i = 0; i < NR_SLOTS; i++)
		if (can_go(&driver.slots[i]))
			return true;
	return false;
}

/* A wish that is larger than all that may be held gets what there is when nothing else is. */
struct held *slot_for(size_t frames)
{
	struct held *slot = slot_free();

	while (!slot || (driver.frames + frames > driver.frames_max && anything_can_go())) {
		struct held *old = &driver.slots[pick(NR_SLOTS)];

		if (can_go(old))
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

		if (slot->kind == kind) {
			second_touch(slot);
			return slot;
		}
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
	       kind == DMA || kind == CONGRUENT;
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

uintptr_t held_end(const struct held *slot)
{
	return slot->start + (slot->nr_pages ? slot->nr_pages * PAGE_SIZE : slot->bytes);
}

/*
 * Neighbours share their guards: the gap is the wider of the two. Of areas that were made under
 * different widths (vmap_area_set_guard() is for tests) it is what the upper one has in front. Maps
 * of vm_map_ram() and memory of CPUs have none between them, but one page to any area at least.
 */
static uintptr_t gap_between(const struct held *low, const struct held *high)
{
	if (is_area(high->kind))
		return high->guard * PAGE_SIZE;
	return is_area(low->kind) && (high->kind == RAM || high->kind == PERCPU) ? PAGE_SIZE : 0;
}

static void check_apart(const struct held *low, const struct held *high)
{
	holds(held_end(low) + gap_between(low, high) <= high->start);
}

static void insert(struct held *slot)
{
	unsigned int at = count_below(slot->start);

	if (at > 0)
		check_apart(sorted(at - 1), slot);
	if (at < driver.nr_sorted)
		check_apart(slot, sorted(at));
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

static void put(struct held *slot, const struct held *what)
{
	*slot = *what;
	second_touch(slot);
	account(slot, true);
	if (has_range(slot->kind))
		insert(slot);
}

/* What was just made has the guards of now; what comes from another CPU has its own. */
void model_add(struct held *slot, const struct held *what)
{
	struct held guarded = *what;

	if (!what->guard)
		guarded.guard = driver.guard;
	put(slot, &guarded);
	if (!what->guard && is_area(slot->kind) && one_in(4))
		check_guards(slot);
}

void model_remove(struct held *slot)
{
	second_gone(slot);
	account(slot, false);
	if (has_range(slot->kind))
		take_out(slot);
	slot->kind = FREE_SLOT;
}

/* What stays where it is keeps its guards. */
void model_move(struct held *slot, uintptr_t start, size_t bytes, size_t nr_pages)
{
	struct held moved = *slot;

	model_remove(slot);
	if (start != moved.start)
		moved.guard = driver.guard;
	moved.start = start;
	moved.bytes = bytes;
	moved.nr_pages = nr_pages;
	put(slot, &moved);
}

struct held *model_find(uintptr_t address)
{
	unsigned int at = count_below(address);

	return at > 0 && address < held_end(sorted(at - 1)) ? sorted(at - 1) : NULL;
}

/*
 * What mm/ needs for itself may be an area, too, where kmalloc() has no memory for it: long arrays
 * of pages, chunks of per-CPU memory. No slot holds it, and it is no wrong address.
 */
static bool is_of_mm(uintptr_t address)
{
	const struct vm_struct *vm = find_vm_area((const void *)address);

	return vm && (uintptr_t)vm->addr == address && !model_find(address);
}

/* An area below may end there: it has the guard that there was when it was made, and in place of
 * that an area can have lain there that was made under a narrower one. */
bool model_is_gone(const void *start)
{
	const struct vm_struct *vm = driver.together ? NULL : find_vm_area(start);

	return !vm || vm->addr != start;
}

/* Inside of an area, in its guards, at no page's start, or where nothing is. Of several CPUs each
 * knows its own areas alone. */
uintptr_t model_wrong_address(void)
{
	uintptr_t address = VMALLOC_START + PAGE_SIZE * pick(40000);
	struct held *slot = slot_of_kind(one_in(2) ? VMALLOC : VMAPPED);

	if (slot && one_in(2))
		address = slot->start + PAGE_SIZE * pick(slot->nr_pages + 2) - PAGE_SIZE;
	if (one_in(3) || driver.together)
		address += 8 * (1 + pick(500));
	while ((slot = model_find(address)) && (slot->kind == DEVICE || slot->start == address))
		address = slot->kind == DEVICE ? held_end(slot) + 8 : address + 8;
	return is_of_mm(address) ? address + 8 : address;
}
