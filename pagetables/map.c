/* SPDX-License-Identifier: BSD-2-Clause */
#include "map.h"
#include "lib/errno.h"
#include "mtrr.h"
#include "reclaim.h"
#include "tables.h"
#include "tlb.h"

/*
 * A mapping in progress. The work is done a table at a time: one change of its population, then one
 * sweep over its entries. A table that was empty need not be looked through first.
 */
struct mapping {
	uintptr_t virt, end; /* what is still to do */
	phys_addr_t phys;
	size_t run; /* bytes that are contiguous from phys on */
	struct frame_source *frames;
	pgprot_t prot;
	unsigned int max_level;
};

/* The largest leaf that this CPU has, of those that the caller allows. */
static unsigned int clamp_level(unsigned int max_level)
{
	if (max_level < LEVEL_PUD)
		return max_level;
	return platform_cpu_features()->gib_leaves ? LEVEL_PUD : LEVEL_PMD;
}

static pgprot_t leaf_prot(pgprot_t prot)
{
	return prot.pgprot & _PAGE_USER ? __pgprot(prot.pgprot & ~_PAGE_GLOBAL) : prot;
}

static bool next_run(struct mapping *mapping)
{
	if (!mapping->run)
		mapping->run = mapping->frames->next(mapping->frames, mapping->end - mapping->virt,
						     &mapping->phys);
	return mapping->run &&
	       !((mapping->phys & ~ENTRY_ADDRESS_MASK) | (mapping->run & ~PAGE_MASK));
}

static bool leaf_fits(const struct mapping *mapping, unsigned int level)
{
	size_t size = level_size(level), left = mapping->end - mapping->virt;

	return !((mapping->virt | mapping->phys) & (size - 1)) && mapping->run >= size &&
	       left >= size && mtrr_leaf_is_uniform(mapping->phys, level);
}

static unsigned int largest_leaf(const struct mapping *mapping)
{
	unsigned int level = mapping->max_level;

	while (level > LEVEL_PTE && !leaf_fits(mapping, level))
		level--;
	return level;
}

/* The rest of the run into entries of one table, at most `nr`; returns how many. */
static inline __attribute__((always_inline)) unsigned int
write_leaves(struct mapping *mapping, entry_t *entry, unsigned int nr, unsigned int level)
{
	entry_t leaf = entry_make_leaf(mapping->phys, mapping->prot, level), *end;
	uint64_t size = level_size(level), in_run = mapping->run >> level_shift(level);

	nr = in_run < nr ? (unsigned int)in_run : nr;
	mapping->virt += nr * size;
	mapping->phys += nr * size;
	mapping->run -= nr * size;
	for (end = entry + nr; end - entry >= 4; entry += 4, leaf += 4 * size) {
		entry_write(entry, leaf);
		entry_write(entry + 1, leaf + size);
		entry_write(entry + 2, leaf + 2 * size);
		entry_write(entry + 3, leaf + 3 * size);
	}
	for (; entry < end; entry++, leaf += size)
		entry_write(entry, leaf);
	return nr;
}

/* As tables_pin(), without a call where the table is there. */
static inline int pin_small(struct space *space, uintptr_t virt, unsigned int nr, struct spot *spot)
{
	struct spot slow;
	int error;

	*spot = walk_to(space, virt, LEVEL_PTE);
	/* by chance: the table goes between a look and the raise */
	if (likely(spot->level == LEVEL_PTE && spot_is_free(spot, nr) && spot_raise(spot, nr)))
		return 0;
	error = tables_pin(space, virt, LEVEL_PTE, nr, &slow);
	*spot = slow;
	return error;
}

/* All 4 KiB leaves of one table, out of as many runs as it takes. */
static int map_small(struct space *space, struct mapping *mapping)
{
	unsigned int nr = entries_until(mapping->virt, mapping->end, LEVEL_PTE), done;
	struct spot spot;
	int error = pin_small(space, mapping->virt, nr, &spot);

	if (error)
		return error;
	for (; nr && next_run(mapping); nr -= done) {
		done = write_leaves(mapping, spot.entry, nr, LEVEL_PTE);
		spot.entry += done;
	}
	if (likely(!nr))
		return 0;
	spot_lower(&spot, nr);
	return -EINVAL;
}

/* How many leaves of `level` follow each other in one table and one run. */
static unsigned int count_large(const struct mapping *mapping, unsigned int level)
{
	unsigned int nr = entries_until(mapping->virt, mapping->end, level), uniform = 1;
	uint64_t size = level_size(level), in_run = mapping->run >> level_shift(level);

	nr = in_run < nr ? (unsigned int)in_run : nr;
	while (uniform < nr && mtrr_leaf_is_uniform(mapping->phys + uniform * size, level))
		uniform++;
	return uniform;
}

static int map_large(struct space *space, struct mapping *mapping, unsigned int level)
{
	unsigned int nr = count_large(mapping, level);
	uintptr_t end = mapping->virt + nr * level_size(level);
	struct spot spot;
	int error;

	do
		error = tables_pin(space, mapping->virt, level, nr, &spot);
	while (error == -EBUSY && reclaim_tables(space, mapping->virt, end));
	if (!error)
		write_leaves(mapping, spot.entry, nr, level);
	return error;
}

static __attribute__((noinline)) void undo(struct space *space, uintptr_t start, uintptr_t done,
					   uintptr_t end)
{
	if (done > start) {
		unmap_range(space, start, done - start);
		tlb_flush_range(start, done);
	}
	reclaim_tables(space, start, end);
}

static int map_piece(struct space *space, struct mapping *mapping)
{
	unsigned int level;

	if (!next_run(mapping))
		return -EINVAL;
	level = largest_leaf(mapping);
	return level == LEVEL_PTE ? map_small(space, mapping) : map_large(space, mapping, level);
}

static __attribute__((noinline)) int map_all(struct space *space, struct mapping *mapping)
{
	uintptr_t start = mapping->virt;
	size_t size = mapping->end - start;
	int error = 0;

	if (!range_is_valid(space, start, size))
		return -EINVAL;
	if (!mapping->frames &&
	    (mapping->phys | (mapping->phys + size - PAGE_SIZE)) & ~ENTRY_ADDRESS_MASK)
		return -EINVAL;
	if (size < PMD_SIZE && size <= level_next(start, LEVEL_PMD) - start) {
		error = map_small(space, mapping);
	} else {
		mapping->max_level = clamp_level(mapping->max_level);
		while (!error && mapping->virt < mapping->end)
			error = map_piece(space, mapping);
	}
	if (unlikely(error))
		undo(space, start, mapping->virt, mapping->end);
	return error;
}

static __attribute__((noinline)) int map_page_slow(struct space *space, uintptr_t virt,
						   entry_t leaf)
{
	struct spot spot;
	int error = tables_pin(space, virt, LEVEL_PTE, 1, &spot);

	if (error)
		undo(space, virt, virt, virt + PAGE_SIZE);
	else
		entry_write(spot.entry, leaf);
	return error;
}

/* The shortest way, for the commonest mapping. */
static inline int map_page(struct space *space, uintptr_t virt, entry_t leaf)
{
	struct spot spot = walk_to(space, virt, LEVEL_PTE);

	/* by chance: the table goes between a look and the raise */
	if (unlikely(spot.level != LEVEL_PTE || spot.value || !spot_raise(&spot, 1)))
		return map_page_slow(space, virt, leaf);
	entry_write(spot.entry, leaf);
	return 0;
}

int map_range(struct space *space, uintptr_t virt, phys_addr_t phys, size_t size, pgprot_t prot,
	      unsigned int max_level)
{
	struct mapping mapping;

	if (unlikely(prot_is_writable_and_executable(prot)))
		return -EPERM;
	prot = leaf_prot(prot);
	if (size == PAGE_SIZE) {
		if (unlikely((virt & ~PAGE_MASK) | (phys & ~ENTRY_ADDRESS_MASK)) ||
		    unlikely(!address_is_canonical(virt, space->levels)))
			return -EINVAL;
		return map_page(space, virt, phys | prot.pgprot);
	}
	mapping = (struct mapping){.virt = virt,
				   .end = virt + size,
				   .phys = phys,
				   .run = size,
				   .prot = prot,
				   .max_level = max_level};
	return map_all(space, &mapping);
}

int map_frames(struct space *space, uintptr_t virt, size_t size, struct frame_source *source,
	       pgprot_t prot, unsigned int max_level)
{
	struct mapping mapping = {.virt = virt,
				  .end = virt + size,
				  .frames = source,
				  .prot = leaf_prot(prot),
				  .max_level = max_level};

	if (unlikely(prot_is_writable_and_executable(prot)))
		return -EPERM;
	return map_all(space, &mapping);
}
