/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/kernel.h>

/* Single bits of an array of longs: set_bit() and its kind in one step for all CPUs, __set_bit()
 * and its kind not. */

#define BITS_TO_LONGS(nr) DIV_ROUND_UP(nr, BITS_PER_LONG)
#define BIT_MASK(nr) (1ul << ((nr) % BITS_PER_LONG))
#define BIT_WORD(nr) ((nr) / BITS_PER_LONG)
#define DECLARE_BITMAP(name, nr) unsigned long name[BITS_TO_LONGS(nr)]
#define GENMASK(high, low) ((~0ul << (low)) & (~0ul >> (BITS_PER_LONG - 1 - (high))))

static inline bool test_bit(long nr, const volatile unsigned long *map)
{
	return map[BIT_WORD(nr)] & BIT_MASK(nr);
}

static inline bool test_and_set_bit(long nr, volatile unsigned long *map)
{
	return __atomic_fetch_or(&map[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_SEQ_CST) & BIT_MASK(nr);
}

static inline bool test_and_clear_bit(long nr, volatile unsigned long *map)
{
	return __atomic_fetch_and(&map[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_SEQ_CST) &
	       BIT_MASK(nr);
}

#define set_bit(nr, map) ((void)test_and_set_bit(nr, map))
#define clear_bit(nr, map) ((void)test_and_clear_bit(nr, map))
#define __set_bit(nr, map) ((void)((map)[BIT_WORD(nr)] |= BIT_MASK(nr)))
#define __clear_bit(nr, map) ((void)((map)[BIT_WORD(nr)] &= ~BIT_MASK(nr)))

/* The first bit from `bit` on that is `value`; `nr` when there is none. */
static inline unsigned long linux_find_bit(const unsigned long *map, unsigned long nr,
					   unsigned long bit, bool value)
{
	while (bit < nr && test_bit((long)bit, map) != value)
		bit++;
	return min(bit, nr);
}

#define find_next_bit(map, nr, bit) linux_find_bit(map, nr, bit, true)
#define find_next_zero_bit(map, nr, bit) linux_find_bit(map, nr, bit, false)
#define find_first_bit(map, nr) find_next_bit(map, nr, 0)
#define find_first_zero_bit(map, nr) find_next_zero_bit(map, nr, 0)
#define for_each_set_bit(bit, map, nr)                                                             \
	for ((bit) = find_first_bit(map, nr); (bit) < (nr);                                        \
	     (bit) = find_next_bit(map, nr, (bit) + 1))
#define for_each_clear_bit(bit, map, nr)                                                           \
	for ((bit) = find_first_zero_bit(map, nr); (bit) < (nr);                                   \
	     (bit) = find_next_zero_bit(map, nr, (bit) + 1))
