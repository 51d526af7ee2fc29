/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "lib/lock.h"

/* What one CPU allocated another one has, checks and frees: letter boxes under a lock. */

enum { BOXES = 48 };

static struct held boxes[BOXES];
static struct spinlock lock = SPINLOCK("boxes", LOCK_RANK_NONE);

static struct held *some_slot(void)
{
	static const enum kind kinds[] = {VMALLOC, VMALLOC, FRAMES, KMALLOC,
					  DMA,	   PERCPU,  DEVICE, RESERVED};

	return slot_of_kind(kinds[pick(sizeof(kinds) / sizeof(kinds[0]))]);
}

/* The frames of a pool are seen by their owner alone. */
static bool can_go(const struct held *slot)
{
	return slot && !slot->parts;
}

/* For what is given away the box that was drawn; to take alone, the first one from there on that
 * has something. */
static struct held *box_for(size_t drawn, const struct held *mine)
{
	for (size_t i = 0; i < BOXES && mine->kind == FREE_SLOT; i++)
		if (boxes[(drawn + i) % BOXES].kind != FREE_SLOT)
			return &boxes[(drawn + i) % BOXES];
	return &boxes[drawn];
}

static struct held exchange(size_t drawn, const struct held *mine)
{
	struct held *box, theirs;

	spin_lock(&lock);
	box = box_for(drawn, mine);
	theirs = *box;
	*box = *mine;
	spin_unlock(&lock);
	return theirs;
}

/* Gives one away, and takes what the box had; or takes one. */
static void step_share(void)
{
	struct held *slot = one_in(3) ? NULL : some_slot(), *place;
	struct held mine = {.kind = FREE_SLOT}, theirs;

	if (can_go(slot)) {
		model_check(slot);
		mine = *slot;
		model_remove(slot);
	}
	theirs = exchange(pick(BOXES), &mine);
	saying("gives %d, takes %d", mine.kind, theirs.kind);
	if (theirs.kind == FREE_SLOT) {
		came(NOTHING);
		return;
	}
	place = slot_for(theirs.nr_pages);
	model_add(place, &theirs);
	model_check(place);
	came(DONE);
}

void release_shared(void)
{
	for (unsigned int i = 0; i < BOXES; i++) {
		struct held *place;

		if (boxes[i].kind == FREE_SLOT)
			continue;
		place = slot_for(boxes[i].nr_pages);
		model_add(place, &boxes[i]);
		boxes[i].kind = FREE_SLOT;
		release(place);
	}
}

static const struct call calls[] = {
	{"(handed over)", step_share, MAY(DONE) | MAY(NOTHING) | TOGETHER},
};
CALL_TABLE(share_table, calls);
