/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "entry.h"
#include "levels.h"
#include "space.h"

/*
 * Changing what is mapped. Ownership as in map.h, except that the leaf that a page stands in may
 * reach into what others own: changes and splits there exclude each other. The caller holds no lock
 * of rank LOCK_RANK_SPACE or above, and flushes (tlb.h) unless said otherwise.
 */

/*
 * Takes the bits `clear` from, and gives the bits `set` (both of PROT_CHANGEABLE) to, every leaf in
 * the range; larger leaves that reach out of it are split. A leaf without _PAGE_PRESENT is absent:
 * nothing is mapped there for whoever looks, but it keeps its place, its frame and its permissions,
 * until it gets that bit back or is unmapped. 0; -ENOENT when a page in it is not mapped, or absent
 * and that is to stay, -ENOMEM, -EPERM when a page would become writable and executable, -EINVAL
 * for bits and ranges that are not valid: then nothing has changed.
 */
int protect_range(struct space *space, uintptr_t virt, size_t size, uint64_t set, uint64_t clear);

/*
 * Makes the leaf that translates `virt` one of `level` at most. 0, -ENOENT, -ENOMEM (it may have
 * become smaller by then).
 */
int split_leaf(struct space *space, uintptr_t virt, unsigned int level);

/*
 * Joins present neighbours that fill a table, with equal permissions and consecutive, aligned
 * frames, back into one leaf, level by level up to `max_level`, wherever that is possible in the
 * range; nobody maps or unmaps there meanwhile. Flushes every CPU before a table that became
 * superfluous is freed. Returns how many leaves were made.
 */
unsigned long join_range(struct space *space, uintptr_t virt, size_t size, unsigned int max_level);
