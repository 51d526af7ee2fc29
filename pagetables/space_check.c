/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/format.h"
#include "space.h"
#include "tables.h"

/* The whole tree, counted anew. What is found first is what is told. */
struct check {
	const struct space *space;
	bool shared; /* below a shared root entry */
	uint64_t tables[LEVEL_PGD + 1];
	char *problem;
	size_t size;
};

static uint64_t reserved_bits(entry_t entry, unsigned int level)
{
	uint64_t phys_bits = platform_cpu_features()->phys_bits;
	uint64_t reserved = ENTRY_ADDRESS_MASK & ~((UINT64_C(1) << phys_bits) - 1);

	if (level > LEVEL_PUD)
		reserved |= _PAGE_PSE;
	if (entry_is_leaf(entry, level))
		reserved |= (level_size(level) - 1) & ENTRY_ADDRESS_MASK & ~_PAGE_PAT_LARGE;
	return entry & reserved;
}

static bool complain(struct check *check, uintptr_t address, entry_t entry, const char *what)
{
	scnprintf(check->problem, check->size, "page tables: %s at 0x%lx, entry 0x%lx", what,
		  address, entry);
	return false;
}

static bool check_leaf(struct check *check, uintptr_t address, entry_t entry, unsigned int level)
{
	pgprot_t prot = entry_leaf_prot(entry, level);

	if (prot_is_writable_and_executable(prot))
		return complain(check, address, entry, "a writable and executable page");
	if (address < PAGE_SIZE)
		return complain(check, address, entry, "page 0 is mapped");
	if (!check->shared && (prot.pgprot & _PAGE_GLOBAL))
		return complain(check, address, entry, "a global page of one space");
	return true;
}

static bool check_table(struct check *check, entry_t table, unsigned int level, uintptr_t base);

static bool check_entry(struct check *check, entry_t entry, unsigned int level, uintptr_t address)
{
	if (entry_is_absent(entry))
		entry = entry_toggle_absent(entry);
	if (!entry_present(entry) && level == LEVEL_PTE)
		return true;
	if (!entry_present(entry))
		return complain(check, address, entry, "a note above the pte");
	if (reserved_bits(entry, level))
		return complain(check, address, entry, "reserved bits are set");
	if (entry_is_leaf(entry, level))
		return check_leaf(check, address, entry, level);
	return check_table(check, entry, level - 1, address);
}

/* The table of `level` that `pointer` points to; its first entry translates `base`. */
static bool check_table(struct check *check, entry_t pointer, unsigned int level, uintptr_t base)
{
	const entry_t *table = phys_to_virt(entry_table_phys(pointer));
	unsigned int populated = 0;

	check->tables[level]++;
	for (unsigned int i = 0; i < ENTRIES_PER_TABLE; i++) {
		entry_t entry = entry_read(table + i);

		populated += entry != 0;
		if (entry && !check_entry(check, entry, level, base + i * level_size(level)))
			return false;
	}
	if (!(pointer & ENTRY_SHARED) && populated != entry_populated(pointer))
		return complain(check, base, pointer, "a wrong population");
	return true;
}

static uintptr_t root_address(const struct space *space, unsigned int index)
{
	unsigned int level = space->levels == 5 ? LEVEL_PGD : LEVEL_P4D;
	unsigned int unused = 64 - level_shift(level) - TABLE_INDEX_BITS;
	uintptr_t address = (uintptr_t)index << level_shift(level);

	return (uintptr_t)((intptr_t)(address << unused) >> unused);
}

/* Shared entries are the kernel's in every root; their tables are looked at once. */
static bool check_root(struct check *check, unsigned int level)
{
	const entry_t *kernel = phys_to_virt(kernel_space.root);
	const entry_t *root = phys_to_virt(check->space->root);

	check->tables[level]++;
	for (unsigned int i = 0; i < ENTRIES_PER_TABLE; i++) {
		entry_t entry = entry_read(root + i);
		uintptr_t address = root_address(check->space, i);

		if ((kernel[i] & ENTRY_SHARED) != (entry & ENTRY_SHARED) ||
		    ((entry & ENTRY_SHARED) && entry != kernel[i]))
			return complain(check, address, entry, "a root that shares less");
		check->shared = entry & ENTRY_SHARED;
		if (!entry || (check->shared && check->space != &kernel_space))
			continue;
		if (!check_entry(check, entry, level, address))
			return false;
	}
	return true;
}

static bool check_space(struct check *check)
{
	unsigned int level = check->space->levels == 5 ? LEVEL_PGD : LEVEL_P4D;

	if (!check_root(check, level))
		return false;
	for (level = LEVEL_PTE; level <= LEVEL_PGD; level++)
		if (check->tables[level] != check->space->tables[level]) {
			scnprintf(check->problem, check->size,
				  "page tables: %lu of level %u are there, %lu were counted",
				  check->tables[level], level, check->space->tables[level]);
			return false;
		}
	return true;
}

const char *space_check(void)
{
	static char problem[PLATFORM_LINE_MAX];

	for (struct space *space = &kernel_space; space && space->root; space = space->next) {
		struct check check = {.space = space, .problem = problem, .size = sizeof(problem)};

		if (!check_space(&check))
			return problem;
	}
	return NULL;
}
