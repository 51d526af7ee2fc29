/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "platform.h"

/*
 * The bits of a page-table entry, one accessor a field (Intel SDM vol. 3A, 4.5, tables 4-14 to
 * 4-20). Names as in Linux.
 *
 * Permissions stand in the leaves only; an entry that points to a table allows everything. The
 * ignored bits 52 to 61 of such an entry hold the number of entries of that table which are not
 * zero. So a table's address and its population change in one atomic step. Entries of a root that
 * are the same in all spaces (ENTRY_SHARED) hold no number: their tables are never freed.
 */

typedef uint64_t entry_t;

#define _PAGE_PRESENT ((uint64_t)1 << 0)
#define _PAGE_RW ((uint64_t)1 << 1)
#define _PAGE_USER ((uint64_t)1 << 2)
#define _PAGE_PWT ((uint64_t)1 << 3)
#define _PAGE_PCD ((uint64_t)1 << 4)
#define _PAGE_ACCESSED ((uint64_t)1 << 5)
#define _PAGE_DIRTY ((uint64_t)1 << 6)
#define _PAGE_PSE ((uint64_t)1 << 7) /* levels 2 and 3: a leaf */
#define _PAGE_PAT ((uint64_t)1 << 7) /* level 1 */
#define _PAGE_GLOBAL ((uint64_t)1 << 8)
#define ENTRY_SHARED ((uint64_t)1 << 9)	    /* ignored by the CPU; see above */
#define _PAGE_PAT_LARGE ((uint64_t)1 << 12) /* levels 2 and 3 */
#define ENTRY_ABSENT ((uint64_t)1 << 61)    /* of entries that are not present; see below */
#define ENTRY_NOTE ((uint64_t)1 << 62)
#define _PAGE_NX ((uint64_t)1 << 63)

#define ENTRY_ADDRESS_MASK ((uint64_t)0x000ffffffffff000)
#define ENTRY_POPULATED_SHIFT 52
#define ENTRY_POPULATED_ONE ((uint64_t)1 << ENTRY_POPULATED_SHIFT)
#define ENTRY_POPULATED_MASK ((uint64_t)0x3ff << ENTRY_POPULATED_SHIFT)

/*
 * A protection: the flag bits of a 4 KiB leaf (for a large leaf the PAT bit moves from 7 to 12).
 * PAT entries 0 to 3 keep their power-on meaning; 4 to 7 are WC, WT, UC-, UC (see pat.h).
 */
typedef struct {
	uint64_t pgprot;
} pgprot_t;

#define __pgprot(bits) ((pgprot_t){bits})
#define pgprot_val(prot) ((prot).pgprot)

#define __PAGE_BASE (_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_GLOBAL)
#define PAGE_KERNEL __pgprot(__PAGE_BASE | _PAGE_RW | _PAGE_NX)
#define PAGE_KERNEL_RO __pgprot(__PAGE_BASE | _PAGE_NX)
#define PAGE_KERNEL_ROX __pgprot(__PAGE_BASE)
/* Writable and executable: exists so that it can be refused. */
#define PAGE_KERNEL_EXEC __pgprot(__PAGE_BASE | _PAGE_RW)
#define PAGE_KERNEL_NOCACHE __pgprot(__PAGE_BASE | _PAGE_RW | _PAGE_NX | _PAGE_PWT | _PAGE_PCD)

/* The bits that protect_range() may change. */
#define PROT_CHANGEABLE                                                                            \
	(_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_PWT | _PAGE_PCD | _PAGE_PAT |               \
	 _PAGE_GLOBAL | _PAGE_NX)

static inline bool prot_is_writable_and_executable(pgprot_t prot)
{
	return (prot.pgprot & (_PAGE_RW | _PAGE_NX)) == _PAGE_RW;
}

static inline bool entry_present(entry_t entry)
{
	return entry & _PAGE_PRESENT;
}

/* Present, and nothing that is no part of a protection. */
static inline bool prot_is_valid(pgprot_t prot)
{
	uint64_t known = PROT_CHANGEABLE | _PAGE_ACCESSED | _PAGE_DIRTY;

	return prot.pgprot & _PAGE_PRESENT && !(prot.pgprot & ~known);
}

/* `level` is that of the table the entry stands in: 1 pte, 2 pmd, 3 pud, 4 p4d, 5 pgd. */
static inline bool entry_is_leaf(entry_t entry, unsigned int level)
{
	return entry_present(entry) && (level == 1 || (level <= 3 && (entry & _PAGE_PSE)));
}

static inline bool entry_is_table(entry_t entry, unsigned int level)
{
	if (level > 3) /* no leaves so high: the bit is reserved there */
		return entry_present(entry);
	return level > 1 && (entry & (_PAGE_PRESENT | _PAGE_PSE)) == _PAGE_PRESENT;
}

/*
 * A leaf that was taken away and can come back as it was (protect.h): not present, marked with
 * ENTRY_ABSENT and not ENTRY_NOTE, and its address inverted, so that no CPU reads memory by it,
 * speculatively either. Everything else that is not present is a note (walk.h), or zero.
 */
static inline bool entry_is_absent(entry_t entry)
{
	return (entry & (_PAGE_PRESENT | ENTRY_ABSENT | ENTRY_NOTE)) == ENTRY_ABSENT;
}

static inline bool entry_is_mapped(entry_t entry)
{
	return entry_present(entry) || entry_is_absent(entry);
}

/* The absent leaf of a present one, and the reverse. */
static inline entry_t entry_toggle_absent(entry_t entry)
{
	return entry ^ (_PAGE_PRESENT | ENTRY_ABSENT | ENTRY_ADDRESS_MASK);
}

/* The leaf as it is, or would be, present. */
static inline entry_t entry_shown(entry_t entry)
{
	return entry_is_absent(entry) ? entry_toggle_absent(entry) : entry;
}

static inline phys_addr_t entry_table_phys(entry_t entry)
{
	return entry & ENTRY_ADDRESS_MASK;
}

static inline unsigned int entry_populated(entry_t entry)
{
	return (unsigned int)((entry & ENTRY_POPULATED_MASK) >> ENTRY_POPULATED_SHIFT);
}

static inline phys_addr_t entry_leaf_phys(entry_t entry, unsigned int level)
{
	return entry & ENTRY_ADDRESS_MASK & (level == 1 ? ~(uint64_t)0 : ~_PAGE_PAT_LARGE);
}

static inline pgprot_t entry_leaf_prot(entry_t entry, unsigned int level)
{
	uint64_t flags = entry & ~ENTRY_ADDRESS_MASK & ~ENTRY_POPULATED_MASK;

	if (level > 1) {
		flags &= ~_PAGE_PSE;
		flags |= entry & _PAGE_PAT_LARGE ? _PAGE_PAT : 0;
	}
	return __pgprot(flags);
}

static inline entry_t entry_make_leaf(phys_addr_t phys, pgprot_t prot, unsigned int level)
{
	if (level == 1)
		return phys | prot.pgprot;
	return phys | (prot.pgprot & ~_PAGE_PAT) | _PAGE_PSE |
	       (prot.pgprot & _PAGE_PAT ? _PAGE_PAT_LARGE : 0);
}

static inline entry_t entry_make_table(phys_addr_t table, unsigned int populated)
{
	return table | _PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED |
	       (uint64_t)populated << ENTRY_POPULATED_SHIFT;
}
