/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdint.h>
#include "platform.h"

/*
 * 4- and 5-level geometry behind one set of names (Intel SDM vol. 3A, 4.5).
 *
 *	 56      48 47      39 38      30 29      21 20      12 11         0
 *	+----------+----------+----------+----------+----------+------------+
 *	|   pgd    |   p4d    |   pud    |   pmd    |   pte    |   offset   |
 *	+----------+----------+----------+----------+----------+------------+
 *	  level 5    level 4    level 3    level 2    level 1
 *
 * With 4 levels the p4d is folded: the root is a table of level 4. The widths are macros so that a
 * test build can shrink the tree until it can be searched through.
 */

#ifndef PAGE_SHIFT
#define PAGE_SHIFT 12
#endif
#ifndef TABLE_INDEX_BITS
#define TABLE_INDEX_BITS 9
#endif

#define PAGE_SIZE ((size_t)1 << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define ENTRIES_PER_TABLE (1u << TABLE_INDEX_BITS)

enum level { LEVEL_PTE = 1, LEVEL_PMD, LEVEL_PUD, LEVEL_P4D, LEVEL_PGD };

/* How many address bits lie below an entry of `level`, and how many bytes such an entry covers. */
static inline unsigned int level_shift(unsigned int level)
{
	return PAGE_SHIFT + TABLE_INDEX_BITS * (level - 1);
}

static inline uint64_t level_size(unsigned int level)
{
	return (uint64_t)1 << level_shift(level);
}

static inline unsigned int level_index(uintptr_t address, unsigned int level)
{
	return (unsigned int)(address >> level_shift(level)) & (ENTRIES_PER_TABLE - 1);
}

#define PMD_SHIFT (PAGE_SHIFT + TABLE_INDEX_BITS)
#define PMD_SIZE ((size_t)1 << PMD_SHIFT)
#define PUD_SHIFT (PAGE_SHIFT + 2 * TABLE_INDEX_BITS)
#define PUD_SIZE ((size_t)1 << PUD_SHIFT)

static inline unsigned int pte_index(uintptr_t address)
{
	return level_index(address, LEVEL_PTE);
}

static inline unsigned int pmd_index(uintptr_t address)
{
	return level_index(address, LEVEL_PMD);
}

static inline unsigned int pud_index(uintptr_t address)
{
	return level_index(address, LEVEL_PUD);
}

static inline unsigned int p4d_index(uintptr_t address)
{
	return level_index(address, LEVEL_P4D);
}

static inline unsigned int pgd_index(uintptr_t address)
{
	return level_index(address, LEVEL_PGD);
}

/* Whether the bits above the highest translated one all equal it (Intel SDM vol. 1, 3.3.7.1). */
static inline bool address_is_canonical(uintptr_t address, unsigned int levels)
{
	intptr_t top = (intptr_t)address >> (PAGE_SHIFT + TABLE_INDEX_BITS * levels - 1);

	return top == 0 || top == -1;
}
