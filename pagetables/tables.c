/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables.h"
#include "lib/errno.h"

static struct table_source table_source;

void space_set_source(const struct table_source *source)
{
	table_source = *source;
}

void space_get_source(struct table_source *source)
{
	*source = table_source;
}

phys_addr_t table_alloc(bool low)
{
	return table_source.alloc(table_source.context, low);
}

void table_free(phys_addr_t table)
{
	if (table_source.free)
		table_source.free(table_source.context, table);
}

struct space *table_owner(struct space *space, uintptr_t address)
{
	return walk_root(space, address).value & ENTRY_SHARED ? &kernel_space : space;
}

void table_account(struct space *space, uintptr_t address, unsigned int level, int nr)
{
	__atomic_fetch_add(&table_owner(space, address)->tables[level], (uint64_t)(int64_t)nr,
			   __ATOMIC_RELAXED);
}

/* Puts `table` where nothing is yet; false: another CPU was faster, or what is above is gone. */
static bool link_table(struct space *space, uintptr_t address, struct spot *spot, phys_addr_t table)
{
	entry_t nothing = 0;

	if (!spot_raise(spot, 1)) /* by chance: the table above has just gone */
		return false;
	/* by chance: another CPU was faster */
	if (!entry_replace(spot->entry, &nothing, entry_make_table(table, 0))) {
		spot_lower(spot, 1);
		return false;
	}
	table_account(space, address, spot->level - 1, 1);
	return true;
}

/* One try. -EAGAIN: something has changed meanwhile, or `spare` was used up. */
static int try_pin(struct space *space, uintptr_t address, unsigned int nr, struct spot *spot,
		   phys_addr_t *spare)
{
	unsigned int level = spot->level;

	*spot = walk_to(space, address, level);
	if (spot->level == level) {
		if (!spot_is_free(spot, nr))
			return -EBUSY;
		return spot_raise(spot, nr) ? 0 : -EAGAIN; /* by chance: the table has just gone */
	}
	if (entry_is_table(spot->value, spot->level)) /* by chance: it came as we looked */
		return -EAGAIN;
	if (spot->value)
		return -EBUSY;
	if (!*spare)
		return -ENOMEM;
	if (link_table(space, address, spot, *spare)) /* by chance: as in there */
		*spare = 0;
	return -EAGAIN;
}

int tables_pin(struct space *space, uintptr_t address, unsigned int level, unsigned int nr,
	       struct spot *spot)
{
	phys_addr_t spare = 0;
	int error;

	do {
		spot->level = level;
		error = try_pin(space, address, nr, spot, &spare);
		if (error == -ENOMEM) {
			spare = table_alloc(false);
			error = spare ? -EAGAIN : -ENOMEM;
		}
	} while (error == -EAGAIN);
	if (spare)
		table_free(spare);
	return error;
}
