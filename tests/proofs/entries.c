/* SPDX-License-Identifier: BSD-2-Clause */
#include "entry.h"
#include "levels.h"
#include "proof.h"

/*
 * Leaves and table entries, for every frame, permission, level and population: what was put in
 * comes out, a leaf is no table and a table no leaf, and neither spills into the other's bits.
 * Bound: none.
 */
int main(void)
{
	unsigned int level = 1 + ANY(uint8_t) % 3, populated = ANY(uint16_t) & 1023;
	pgprot_t prot = __pgprot(
		_PAGE_PRESENT | (ANY(uint64_t) & (PROT_CHANGEABLE | _PAGE_ACCESSED | _PAGE_DIRTY)));
	phys_addr_t phys = ANY(phys_addr_t) & ENTRY_ADDRESS_MASK;
	entry_t leaf, table;

	ASSUME(!(phys & (level_size(level) - 1)));
	leaf = entry_make_leaf(phys, prot, level);
	PROVE(entry_is_leaf(leaf, level) && !entry_is_table(leaf, level));
	PROVE(entry_leaf_phys(leaf, level) == phys);
	PROVE(entry_leaf_prot(leaf, level).pgprot == prot.pgprot);
	PROVE(prot_is_writable_and_executable(entry_leaf_prot(leaf, level)) ==
	      prot_is_writable_and_executable(prot));
	table = entry_make_table(phys, populated);
	PROVE(entry_is_table(table, level + 1) && !entry_is_leaf(table, level + 1));
	PROVE(entry_table_phys(table) == phys && entry_populated(table) == populated);
	return 0;
}
