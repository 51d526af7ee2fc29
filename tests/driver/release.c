/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"

/* Frees whatever it is, in its owner's way; each way is in the file of its calls. */

static void release_by_kind(struct held *old)
{
	switch (old->kind) {
	case FRAMES:
		release_frames(old);
		break;
	case OBJECT:
	case KMALLOC:
		release_memory(old);
		break;
	case DMA:
		release_device(old);
		break;
	default:
		if (old->kind == DEVICE && !old->cookie)
			release_device(old);
		else
			release_areas(old);
	}
}

void release(struct held *slot)
{
	struct held old;

	contents_verify(slot);
	saying("release(%u)", slot_number(slot));
	if (slot->kind == CACHE) {
		release_memory(slot);
	} else if (slot->kind == CONGRUENT || slot->kind == PERCPU) {
		release_percpu(slot);
	} else {
		if (slot->kind != VMALLOC || one_in(2))
			protection_undo(slot); /* others go as they are */
		old = *slot;
		model_remove(slot);
		release_by_kind(&old);
	}
}
