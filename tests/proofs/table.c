/* SPDX-License-Identifier: BSD-2-Clause */
#define TABLE_INDEX_BITS 2
#include "world.h"
#include "lib/errno.h"
#include "space.h"

/*
 * Ranges within one lowest table, mapped and unmapped, for every state of that table, range, frame
 * and protection. Mapped: each page of the range had nothing, not even a note, and leads where it
 * shall; unmapped: no page of the range is mapped, notes stay, and the answer is the number of
 * leaves. Every other entry is as it was. No entry is writable and executable. The population above
 * is right. What is refused, for the range, the protection, something in the way or want of a
 * table, changes nothing.
 * Bound: a table of 4 entries; for map_range() less than the whole table, in contiguous frames.
 *
 * The way down is taken as given: walk_to() leads to walk_any(), which has found the table, or ends
 * above it if it is empty; so does tables_pin(). What is atomic is done by comparing pointers: for
 * CBMC that costs far less than to follow them.
 */
static entry_t read_entry(const entry_t *entry);
static void write_entry(entry_t *entry, entry_t value);
static bool replace_entry(entry_t *entry, const entry_t *expected, entry_t value);
struct mapping;
int map_nothing(struct space *of, struct mapping *mapping);
void undo_nothing(struct space *of, uintptr_t start, uintptr_t done, uintptr_t end);
struct spot walk_any(const struct space *of, uintptr_t address, unsigned int level);
#define __atomic_load_n(entry, order) read_entry(entry)
#define __atomic_store_n(entry, value, order) write_entry(entry, value)
#define __atomic_fetch_sub(entry, less, order) write_entry(entry, read_entry(entry) - (less))
#define __atomic_compare_exchange_n(entry, expected, value, weak, order, other_order)              \
	replace_entry(entry, expected, value)
#include "map.c"
#include "unmap.c"

enum { ENTRIES = 4, SPAN = ENTRIES << PAGE_SHIFT };

static entry_t table[ENTRIES], parent;
static struct space space = {.levels = 4};

static entry_t read_entry(const entry_t *entry)
{
	for (unsigned int i = 0; i < ENTRIES; i++)
		if (entry == &table[i])
			return table[i];
	PROVE(entry == &parent);
	return parent;
}

static void write_entry(entry_t *entry, entry_t value)
{
	bool found = entry == &parent;

	if (found)
		parent = value;
	for (unsigned int i = 0; i < ENTRIES; i++)
		if (entry == &table[i]) {
			table[i] = value;
			found = true;
		}
	PROVE(found);
}

/* Nobody else is there. */
static bool replace_entry(entry_t *entry, const entry_t *expected, entry_t value)
{
	PROVE(read_entry(entry) == *expected);
	write_entry(entry, value);
	return true;
}

static bool is_note(entry_t entry)
{
	return entry != 0 && !entry_is_mapped(entry);
}

static bool is_valid(void)
{
	unsigned int nr = 0;
	bool valid = true;

	for (unsigned int i = 0; i < ENTRIES; i++) {
		nr += table[i] != 0;
		valid = valid && !(entry_is_mapped(table[i]) &&
				   prot_is_writable_and_executable(
					   entry_leaf_prot(entry_shown(table[i]), LEVEL_PTE)));
	}
	return valid && parent == entry_make_table(entry_table_phys(parent), nr);
}

static struct spot spot_of(uintptr_t address)
{
	return (struct spot){.entry = &table[pte_index(address)],
			     .parent = &parent,
			     .value = table[pte_index(address)],
			     .parent_value = parent,
			     .level = LEVEL_PTE};
}

struct spot walk_any(const struct space *of, uintptr_t address, unsigned int level)
{
	PROVE(of == &space && level == LEVEL_PTE && address <= SPAN);
	if (address == SPAN || (!entry_populated(parent) && ANY(bool)))
		return (struct spot){.level = LEVEL_PMD};
	return spot_of(address);
}

int tables_pin(struct space *of, uintptr_t address, unsigned int level, unsigned int nr,
	       struct spot *spot)
{
	PROVE(of == &space && level == LEVEL_PTE && address < SPAN);
	PROVE(nr > 0 && nr <= ENTRIES - pte_index(address));
	if (!entry_populated(parent) && ANY(bool))
		return ANY(bool) ? -ENOMEM : -EBUSY;
	for (unsigned int i = 0; i < ENTRIES; i++)
		if (i >= pte_index(address) && i - pte_index(address) < nr && table[i])
			return -EBUSY;
	*spot = spot_of(address);
	parent += nr * ENTRY_POPULATED_ONE;
	return 0;
}

int split_edges_locked(struct space *of, uintptr_t start, uintptr_t end)
{
	PROVE(of == &space && start < end && end <= SPAN);
	return 0;
}

struct space *table_owner(struct space *of, uintptr_t address)
{
	(void)address;
	return of;
}

/* Several tables and large leaves: nothing of that is asked for here. */
int map_nothing(struct space *of, struct mapping *mapping)
{
	(void)mapping;
	PROVE(!of);
	return 0;
}

/* A table is filled whole or not at all. */
void undo_nothing(struct space *of, uintptr_t start, uintptr_t done, uintptr_t end)
{
	PROVE(of == &space && start == done && done < end && end <= SPAN);
}

static uintptr_t virt;
static size_t size;

static bool is_in_range(unsigned int i)
{
	uintptr_t address = (uintptr_t)i << PAGE_SHIFT;

	return address >= virt && address - virt < size;
}

/* A range within the table, or one that is none. */
static void any_case(void)
{
	virt = ANY(uintptr_t);
	size = ANY(size_t);
	ASSUME(virt < SPAN || !address_is_canonical(virt, 4));
	ASSUME(!range_is_valid(&space, virt, size) || size <= SPAN - virt);
	parent = ANY(entry_t);
	for (unsigned int i = 0; i < ENTRIES; i++)
		table[i] = ANY(entry_t);
	ASSUME(is_valid());
}

static void map(void)
{
	pgprot_t prot = __pgprot(ANY(uint64_t));
	phys_addr_t phys = ANY(phys_addr_t);
	unsigned int i = ANY(uint8_t);
	entry_t before, leaf;
	int error;

	any_case();
	ASSUME(i < ENTRIES && prot_is_valid(prot) && size != SPAN);
	before = table[i];
	leaf = (phys + ((uint64_t)i << PAGE_SHIFT) - virt) |
	       (prot.pgprot & ~(prot.pgprot & _PAGE_USER ? _PAGE_GLOBAL : 0));
	error = map_range(&space, virt, phys, size, prot, ANY(uint8_t));
	PROVE((error == -EPERM) == prot_is_writable_and_executable(prot));
	PROVE(IMPLIES(!error && is_in_range(i), before == 0 && table[i] == leaf));
	PROVE(IMPLIES(error || !is_in_range(i), table[i] == before));
	PROVE(is_valid());
}

static void unmap(void)
{
	unsigned int i = ANY(uint8_t), leaves = 0;
	entry_t before;
	long cleared;

	any_case();
	ASSUME(i < ENTRIES);
	before = table[i];
	for (unsigned int j = 0; j < ENTRIES; j++)
		leaves += is_in_range(j) && entry_is_mapped(table[j]);
	cleared = unmap_range(&space, virt, size);
	PROVE(range_is_valid(&space, virt, size) ? cleared == leaves : cleared == -EINVAL);
	PROVE(IMPLIES(cleared >= 0 && is_in_range(i), table[i] == (is_note(before) ? before : 0)));
	PROVE(IMPLIES(cleared < 0 || !is_in_range(i), table[i] == before));
	PROVE(is_valid());
}

int main(void)
{
	PROVE_PART();
	return 0;
}
