/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/bitops.h>
#include <linux/slab.h>

/* Bits in an array of longs; `nr` of them. */

static inline void bitmap_zero(unsigned long *map, unsigned int nr)
{
	memset(map, 0, BITS_TO_LONGS(nr) * sizeof(*map));
}

static inline void bitmap_set(unsigned long *map, unsigned int start, unsigned int nr)
{
	for (unsigned int bit = start; bit < start + nr; bit++)
		__set_bit(bit, map);
}

static inline void bitmap_clear(unsigned long *map, unsigned int start, unsigned int nr)
{
	for (unsigned int bit = start; bit < start + nr; bit++)
		__clear_bit(bit, map);
}

static inline void bitmap_fill(unsigned long *map, unsigned int nr)
{
	bitmap_set(map, 0, nr);
}

static inline unsigned int bitmap_weight(const unsigned long *map, unsigned int nr)
{
	unsigned int weight = 0, bit;

	for_each_set_bit(bit, map, nr) weight++;
	return weight;
}

#define bitmap_empty(map, nr) (find_first_bit(map, nr) >= (nr))
#define bitmap_full(map, nr) (find_first_zero_bit(map, nr) >= (nr))
#define bitmap_alloc(nr, gfp) ((unsigned long *)kmalloc_array(BITS_TO_LONGS(nr), sizeof(long), gfp))
#define bitmap_zalloc(nr, gfp) ((unsigned long *)kcalloc(BITS_TO_LONGS(nr), sizeof(long), gfp))
#define bitmap_free(map) kfree(map)
