/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "entry.h"
#include "levels.h"
#include "space.h"

/*
 * Map and unmap. Addresses, sizes and physical addresses are bytes, multiples of PAGE_SIZE. The
 * caller owns the range: nobody else maps or unmaps within it at the same time; neighbours in the
 * same table are free to do so on other CPUs. No lock is held; one may be taken (LOCK_RANK_SPACE,
 * to split a leaf). Unmapping does not flush: that is left to the caller (tlb.h), so that flushes
 * can be batched.
 *
 * No mapping may be writable and executable: -EPERM. User mappings are never global.
 */

/*
 * Maps [virt, virt + size) to [phys, phys + size) with the largest leaves (at most `max_level`)
 * that the alignment of both addresses and the memory types of the range allow (mtrr.h). 0; -EBUSY
 * when an entry in the range is in use (a note is, too), -ENOMEM when no table can be had: then
 * everything is as before (empty tables that were in the range may be gone). -EINVAL for addresses
 * that are unaligned, not canonical or wrap around; the last page of all can only be mapped alone.
 * Where a large leaf takes the place of an empty table, and after a failure half-way, all CPUs are
 * flushed.
 */
int map_range(struct space *space, uintptr_t virt, phys_addr_t phys, size_t size, pgprot_t prot,
	      unsigned int max_level);

/*
 * The same for frames that are not all contiguous. `next` yields runs of frames that are, together
 * at least `size` bytes: the start of the next run and its length in bytes, at most `wanted`; 0
 * when there is none any more (-EINVAL, and everything is as before). It must not wait: no
 * allocation, no lock.
 */
struct frame_source {
	size_t (*next)(struct frame_source *source, size_t wanted, phys_addr_t *start);
};
int map_frames(struct space *space, uintptr_t virt, size_t size, struct frame_source *source,
	       pgprot_t prot, unsigned int max_level);

/*
 * Clears every leaf in the range, absent ones (protect.h) too. Holes are fine. A larger leaf that
 * reaches out of it is split first: -ENOMEM, with nothing changed, when that needs a table that
 * cannot be had. Returns the number of leaves that there were, so 0 says: no flush needed. Empty
 * tables stay (reclaim.h). Notes (walk_set_note()) stay.
 */
long unmap_range(struct space *space, uintptr_t virt, size_t size);
