/* SPDX-License-Identifier: BSD-2-Clause */
#include "dump.h"
#include "lib/format.h"
#include "pat.h"
#include "walk.h"

/* The range that is being gathered, and where finished ones go. */
struct dump {
	struct leaf range; /* size: of the whole; 0: none yet */
	size_t leaf_size;
	void (*line)(void *context, const char *text);
	void *context;
};

/* Accessed and dirty are the CPU's business, not the mapping's. */
static uint64_t meaning(pgprot_t prot)
{
	return prot.pgprot & ~(_PAGE_ACCESSED | _PAGE_DIRTY);
}

static const char *size_name(size_t size)
{
	return size == PAGE_SIZE ? "4K" : size == PMD_SIZE ? "2M" : "1G";
}

static void print_range(struct dump *dump)
{
	const struct leaf *range = &dump->range;
	uint64_t prot = range->prot.pgprot;
	char text[160];

	if (!range->size)
		return;
	scnprintf(text, sizeof(text), "dump: %016lx-%016lx %012lx %s r%c%c%s %s %s", range->start,
		  range->start + range->size, range->phys, size_name(dump->leaf_size),
		  prot & _PAGE_RW ? 'w' : '-', prot & _PAGE_NX ? '-' : 'x',
		  prot & _PAGE_USER ? "u" : "", cachemode_names[pgprot2cachemode(range->prot)],
		  space_region_name(range->start));
	dump->line(dump->context, text);
}

static bool continues(const struct dump *dump, const struct leaf *leaf)
{
	const struct leaf *range = &dump->range;

	return range->size && leaf->size == dump->leaf_size &&
	       leaf->start == range->start + range->size &&
	       leaf->phys == range->phys + range->size &&
	       meaning(leaf->prot) == meaning(range->prot) &&
	       space_region_name(leaf->start) == space_region_name(range->start);
}

static bool add_leaf(void *context, const struct leaf *leaf)
{
	struct dump *dump = context;

	if (continues(dump, leaf)) {
		dump->range.size += leaf->size;
		return true;
	}
	print_range(dump);
	dump->range = *leaf;
	dump->leaf_size = leaf->size;
	return true;
}

static void print_totals(struct dump *dump, const struct space *space)
{
	static const char *const names[LEVEL_PGD + 1] = {"", "pte", "pmd", "pud", "p4d", "pgd"};
	uint64_t total = 0;
	char text[160];
	int used = scnprintf(text, sizeof(text), "dump: tables");

	for (unsigned int level = space->levels; level >= LEVEL_PTE; level--) {
		used += scnprintf(text + used, sizeof(text) - (size_t)used, " %s %lu", names[level],
				  space->tables[level]);
		total += space->tables[level];
	}
	scnprintf(text + used, sizeof(text) - (size_t)used, ", %lu together, %lu KiB", total,
		  total * (PAGE_SIZE / 1024));
	dump->line(dump->context, text);
}

void dump_space(struct space *space, void (*line)(void *context, const char *text), void *context)
{
	struct dump dump = {.line = line, .context = context};
	uintptr_t half = space_user_end(space);

	walk_leaves(space, 0, half, add_leaf, &dump);
	walk_leaves(space, -half, UINTPTR_MAX, add_leaf, &dump);
	print_range(&dump);
	print_totals(&dump, space);
}
