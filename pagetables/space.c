/* SPDX-License-Identifier: BSD-2-Clause */
#include "space.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "map.h"
#include "mtrr.h"
#include "reclaim.h"
#include "tables.h"

struct space kernel_space = {.lock = SPINLOCK("kernel space", LOCK_RANK_SPACE)};
uintptr_t page_offset_base;

/* Guards the list of spaces. */
static struct spinlock list_lock = SPINLOCK("list of spaces", LOCK_RANK_SPACE);

static struct space *current[PLATFORM_CPUS_MAX];

static struct image_section sections[SPACE_SECTIONS_MAX];
static size_t nr_sections;

static unsigned int root_level(const struct space *space)
{
	return space->levels == 5 ? LEVEL_PGD : LEVEL_P4D;
}

/*
 * The tables below the root for [start, end), which all spaces will share. Those of the lower half
 * are low: with 5 levels such a table is at the same time a root of 4 levels for the image, which
 * the change from 4 levels to 5 needs.
 */
static int share_slots(struct space *space, uintptr_t start, uintptr_t end)
{
	uintptr_t size = level_size(root_level(space));
	uintptr_t left = (end - 1) / size - start / size + 1;

	/* Counted, since behind the last slot the address would be 0. */
	for (uintptr_t at = start & ~(size - 1); left > 0; at += size, left--) {
		struct spot root = walk_root(space, at);
		phys_addr_t table;

		if (root.value)
			continue;
		table = table_alloc(at < space_user_end(space));
		if (!table)
			return -ENOMEM;
		entry_write(root.entry, entry_make_table(table, 0) | ENTRY_SHARED);
		table_account(space, at, root.level - 1, 1);
	}
	return 0;
}

static int share_all(struct space *space, const struct space_plan *plan)
{
	const struct layout *where = plan->layout;
	int error = share_slots(space, where->page_offset, where->page_offset_end);

	if (!error)
		error = share_slots(space, where->vmalloc_start, where->vmalloc_end);
	if (!error)
		error = share_slots(space, where->vmemmap_start, where->vmemmap_end);
	for (size_t i = 0; !error && i < plan->nr_sections; i++)
		error = share_slots(space, plan->sections[i].start, plan->sections[i].end);
	return error;
}

static int map_direct(struct space *space, const struct space_plan *plan)
{
	int error = 0;

	for (size_t i = 0; !error && i < plan->nr_ranges; i++) {
		phys_addr_t start = plan->ranges[i].start;

		error = map_range(space, plan->layout->page_offset + start, start,
				  plan->ranges[i].end - start, PAGE_KERNEL, plan->max_level);
	}
	return error;
}

static int map_image(struct space *space, const struct space_plan *plan)
{
	int error = 0;

	for (size_t i = 0; !error && i < plan->nr_sections; i++) {
		const struct image_section *section = &plan->sections[i];

		error = map_range(space, section->start, section->phys,
				  section->end - section->start, section->prot, LEVEL_PTE);
		sections[i] = *section;
	}
	nr_sections = plan->nr_sections;
	return error;
}

static void free_below(entry_t entry, unsigned int level)
{
	entry_t *below = phys_to_virt(entry_table_phys(entry));

	for (unsigned int i = 0; level > LEVEL_PMD && i < ENTRIES_PER_TABLE; i++)
		if (entry_is_table(below[i], level - 1))
			free_below(below[i], level - 1);
	table_free(entry_table_phys(entry));
}

void space_dismantle(void)
{
	entry_t root = kernel_space.root;

	if (root)
		free_below(root, root_level(&kernel_space) + 1);
	kernel_space.root = 0;
	memset(kernel_space.tables, 0, sizeof(kernel_space.tables));
	nr_sections = 0;
}

static int alloc_root(struct space *space)
{
	space->root = table_alloc(true);
	if (!space->root)
		return -ENOMEM;
	memset(space->tables, 0, sizeof(space->tables));
	space->tables[root_level(space)] = 1;
	return 0;
}

static bool plan_is_valid(const struct space_plan *plan)
{
	for (size_t i = 0; i < plan->nr_sections; i++) {
		uintptr_t start = plan->sections[i].start, end = plan->sections[i].end;

		if (start >= end ||
		    (start < plan->layout->window_end && end > plan->layout->window_start))
			return false;
	}
	return plan->nr_sections <= SPACE_SECTIONS_MAX;
}

int space_build(const struct space_plan *plan)
{
	int error;

	if (!plan_is_valid(plan))
		return -EINVAL;
	mtrr_init();
	space_set_source(&plan->source);
	kernel_space.levels = plan->levels;
	kernel_space.next = NULL;
	memset(current, 0, sizeof(current));
	error = alloc_root(&kernel_space);
	if (!error)
		error = share_all(&kernel_space, plan);
	if (!error)
		error = map_direct(&kernel_space, plan);
	if (!error)
		error = map_image(&kernel_space, plan);
	if (error)
		space_dismantle();
	return error;
}

static void copy_shared(struct space *space)
{
	const entry_t *from = phys_to_virt(kernel_space.root);
	entry_t *to = phys_to_virt(space->root);

	for (unsigned int i = 0; i < ENTRIES_PER_TABLE; i++)
		to[i] = from[i] & ENTRY_SHARED ? from[i] : 0;
}

int space_create(struct space *space)
{
	int error;

	*space = (struct space){.levels = kernel_space.levels,
				.lock = SPINLOCK("space", LOCK_RANK_SPACE)};
	error = alloc_root(space);
	if (error)
		return error;
	copy_shared(space);
	spin_lock(&list_lock);
	space->next = kernel_space.next;
	kernel_space.next = space;
	spin_unlock(&list_lock);
	return 0;
}

static bool is_in_use(const struct space *space)
{
	for (unsigned int cpu = 0; cpu < PLATFORM_CPUS_MAX; cpu++)
		if (__atomic_load_n(&current[cpu], __ATOMIC_ACQUIRE) == space)
			return true;
	return false;
}

static bool maps_its_own(const struct space *space)
{
	const entry_t *root = phys_to_virt(space->root);

	for (unsigned int i = 0; i < ENTRIES_PER_TABLE; i++)
		if (root[i] && !(root[i] & ENTRY_SHARED))
			return true;
	return false;
}

/* The empty tables below its own entries of the root; those of shared ones are the kernel's. */
static void reclaim_own(struct space *space)
{
	uintptr_t next;

	for (uintptr_t at = 0; at < space_user_end(space); at = next) {
		struct spot root = walk_root(space, at);

		next = level_next(at, root.level);
		if (!(root.value & ENTRY_SHARED))
			reclaim_tables(space, at, next);
	}
}

int space_destroy(struct space *space)
{
	struct space **link = &kernel_space.next;

	if (space == &kernel_space || is_in_use(space))
		return -EBUSY;
	reclaim_own(space);
	if (maps_its_own(space))
		return -EBUSY;
	spin_lock(&list_lock);
	while (*link != space)
		link = &(*link)->next;
	*link = space->next;
	spin_unlock(&list_lock);
	table_free(space->root);
	space->root = 0;
	return 0;
}

struct space *space_switch(struct space *space)
{
	struct space *before = space_current();

	__atomic_store_n(&current[platform_cpu()], space, __ATOMIC_RELEASE);
	platform_write_cr3(space->root);
	return before;
}

struct space *space_current(void)
{
	struct space *space = __atomic_load_n(&current[platform_cpu()], __ATOMIC_RELAXED);

	return space ? space : &kernel_space;
}

uintptr_t space_user_end(const struct space *space)
{
	return (uintptr_t)1 << (level_shift(root_level(space)) + TABLE_INDEX_BITS - 1);
}

uintptr_t space_user_start(const struct space *space)
{
	uintptr_t size = level_size(root_level(space)), at = size;

	while (at < space_user_end(space) && (walk_root(space, at).value & ENTRY_SHARED))
		at += size;
	return at;
}

const struct image_section *space_image_section(uintptr_t address)
{
	for (size_t i = 0; i < nr_sections; i++)
		if (address >= sections[i].start && address < sections[i].end)
			return &sections[i];
	return NULL;
}

const char *space_region_name(uintptr_t address)
{
	if (address >= layout.page_offset && address < layout.page_offset_end)
		return "direct";
	if (address >= layout.vmalloc_start && address < layout.vmalloc_end)
		return "vmalloc";
	if (address >= layout.vmemmap_start && address < layout.vmemmap_end)
		return "pages";
	if (space_image_section(address))
		return "image";
	return address && address < space_user_end(&kernel_space) ? "user" : "-";
}

uint64_t space_nr_tables(void)
{
	uint64_t nr = 0;

	spin_lock(&list_lock);
	for (struct space *space = &kernel_space; space; space = space->next)
		for (unsigned int level = LEVEL_PTE; level <= LEVEL_PGD; level++)
			nr += __atomic_load_n(&space->tables[level], __ATOMIC_RELAXED);
	spin_unlock(&list_lock);
	return nr;
}
