/* SPDX-License-Identifier: BSD-2-Clause */
#include "area_cache.h"
#include "areas.h"
#include "page_alloc.h"
#include "lib/string.h"
#include "purge.h"
#include "lib/errno.h"

struct area_cpu *area_cpus[PLATFORM_CPUS_MAX];

/* That of as many pages at twice the alignment, for a class of aligned ones; else CLASS_NONE. */
static unsigned int class_above(unsigned int size_class)
{
	if (size_class < CLASS_PAGES || size_class + CLASS_ALIGNED_PAGES >= CLASS_UNIT)
		return CLASS_NONE;
	return size_class + CLASS_ALIGNED_PAGES;
}

struct lazy_class *area_class_with(struct area_cpu *cpu, unsigned int size_class)
{
	struct lazy_class *class = &cpu->classes[size_class];

	while (!class->ready && !lazy_class_refresh(class)) {
		size_class = class_above(size_class);
		if (size_class == CLASS_NONE)
			return NULL;
		class = &cpu->classes[size_class];
	}
	return class;
}

/* More ranges than the classes may have: the last one put there goes where those of no class go. */
void area_cache_overflow(struct area_cpu *cpu, struct area *area)
{
	struct lazy_class *class = &cpu->classes[area->va.size_class];

	class->lazy = area_next(area);
	if (!class->lazy)
		class->stamp = STAMP_NONE;
	area_push(&cpu->lazy, area);
	cpu->room++;
}

/* How many pages there are to tell, if there are enough. The lock is held. */
static uint64_t take_report(struct area_cpu *cpu)
{
	uint64_t pages;

	if (cpu->until_report >= 0)
		return 0;
	pages = purge_state.report - (uint64_t)cpu->until_report;
	cpu->until_report = (int64_t)purge_state.report;
	return pages;
}

void area_cache_report(struct area_cpu *cpu)
{
	uint64_t pages = take_report(cpu);

	area_cpu_unlock(cpu);
	if (pages)
		purge_account(pages);
}

void area_cache_set_report(uint64_t before, uint64_t pages)
{
	for (unsigned int i = 0; i < platform_nr_cpus(); i++) {
		area_cpu_lock_wait(area_cpus[i], platform_cpu());
		area_cpus[i]->until_report += (int64_t)(pages - before);
		area_cpu_unlock(area_cpus[i]);
	}
}

/* Walks, and remembers the table if the address is one of the region. */
entry_t area_walked_entry(struct area_cpu *cpu, uintptr_t address)
{
	uint64_t unlinked = walk_tables_unlinked();
	uintptr_t at = address - PAGE_SIZE, unit = at >> PMD_SHIFT;
	const entry_t *table;

	if (address - VMALLOC_START - 1 >= VMALLOC_END - VMALLOC_START - 1)
		return 0;
	if (cpu->noted_at != unlinked)
		memset(cpu->noted, 0xff, sizeof(cpu->noted));
	cpu->noted_at = unlinked;
	table = walk_table(&kernel_space, at);
	if (!table)
		return 0;
	cpu->noted[unit % NR_NOTED] = (struct noted_table){.unit = unit, .table = table};
	return __atomic_load_n(&table[pte_index(at)], __ATOMIC_ACQUIRE);
}

static void set_state(struct area *area, enum area_state state)
{
	__atomic_store_n(&area->va.state, (uint8_t)state, __ATOMIC_RELEASE);
}

bool area_cache_put(struct area *area)
{
	struct area_cpu *cpu = this_area_cpu();
	bool room;

	area_cpu_lock_wait(cpu, platform_cpu());
	room = cpu->room > 0;
	if (room) {
		set_state(area, AREA_READY);
		lazy_push(&cpu->classes[area->va.size_class].ready, area);
		cpu->room--;
	}
	area_cpu_unlock(cpu);
	return room;
}

static void put_class(struct area_cpu *cpu, struct area *area)
{
	struct lazy_class *class = &cpu->classes[area->va.size_class];
	uint64_t stamp = purge_stamp();

	if (class->stamp != stamp)
		lazy_class_turn(class, area, stamp);
	lazy_push(&class->lazy, area);
	if (--cpu->room < 0)
		area_cache_overflow(cpu, area);
}

uint64_t area_cache_put_lazy(struct area *area, const void *freed_by)
{
	struct area_cpu *cpu = this_area_cpu();
	uint64_t pages = area_body_pages(&area->va), report;

	area_cpu_lock(cpu, platform_cpu());
	area_remember(cpu, area, pages, purge_stamp(), area->va.vm->caller, freed_by);
	set_state(area, AREA_LAZY);
	if (likely(area->va.size_class != CLASS_NONE))
		put_class(cpu, area);
	else
		area_push(&cpu->lazy, area);
	cpu->until_report -= (int64_t)pages;
	report = take_report(cpu);
	area_cpu_unlock(cpu);
	return report;
}

/* There is something on this CPU that waits: the next call drains it. */
static void set_waiting(void)
{
	__atomic_fetch_or(&fault_depths[platform_cpu()].detour, SLOW_WAITING, __ATOMIC_SEQ_CST);
}

void area_cache_defer(struct area *area, const void *caller)
{
	struct area_cpu *cpu = this_area_cpu();

	area->vm.phys_addr = (uintptr_t)caller;
	area->vm.next = (struct vm_struct *)__atomic_load_n(&cpu->deferred, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&cpu->deferred, (struct area **)&area->vm.next, area,
					    false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	set_waiting();
}

bool area_cache_defer_address(const void *addr)
{
	struct area_cpu *cpu = this_area_cpu();

	for (unsigned int i = 0; i < NR_LATE; i++) {
		const void *none = NULL;

		if (__atomic_compare_exchange_n(&cpu->late[i], &none, addr, false, __ATOMIC_RELEASE,
						__ATOMIC_RELAXED)) {
			set_waiting();
			return true;
		}
	}
	return false;
}

static void move_all(struct area **from, struct area **to)
{
	struct area *area;

	while ((area = area_pop(from)))
		area_push(to, area);
}

static void drain_cpu(struct area_cpu *cpu, struct area **list)
{
	area_cpu_lock_wait(cpu, platform_cpu());
	for (unsigned int i = 0; i < NR_CLASSES; i++) {
		struct lazy_class *class = &cpu->classes[i];

		struct area *ready;

		lazy_class_refresh(class);
		ready = class->ready;
		class->ready = NULL;
		for (struct area *area = ready; area; area = area_next(area))
			cpu->room++;
		move_all(&ready, list);
	}
	area_cpu_unlock(cpu);
}

struct area *area_cache_drain(void)
{
	struct area *list = NULL;

	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
		drain_cpu(area_cpus[cpu], &list);
	return list;
}

struct area *area_cache_collect(void)
{
	struct area *list = NULL;

	for (unsigned int i = 0; i < platform_nr_cpus(); i++) {
		struct area_cpu *cpu = area_cpus[i];

		area_cpu_lock_wait(cpu, platform_cpu());
		move_all(&cpu->lazy, &list);
		cpu->until_report = (int64_t)purge_state.report;
		__atomic_store_n(&cpu->unflushed, 0, __ATOMIC_RELAXED);
		area_cpu_unlock(cpu);
	}
	return list;
}

bool area_cache_has_lazy(void)
{
	bool lazy = false;

	for (unsigned int i = 0; i < platform_nr_cpus(); i++) {
		struct area_cpu *cpu = area_cpus[i];

		area_cpu_lock_wait(cpu, platform_cpu());
		lazy |= cpu->until_report != (int64_t)purge_state.report;
		lazy |= cpu->lazy != NULL; /* it has told its pages, and not added them yet */
		area_cpu_unlock(cpu);
	}
	return lazy;
}

void area_cache_free_spares(void)
{
	for (unsigned int i = 0; i < platform_nr_cpus(); i++) {
		struct area_cpu *cpu = area_cpus[i];
		struct area *spare;

		area_cpu_lock_wait(cpu, platform_cpu());
		spare = cpu->spare;
		cpu->spare = NULL;
		area_cpu_unlock(cpu);
		if (spare)
			kmem_cache_free(areas.descriptors, spare);
	}
}

static bool is_waiting(const struct area *area)
{
	uint8_t state = __atomic_load_n(&area->va.state, __ATOMIC_RELAXED);

	return state == AREA_READY || state == AREA_LAZY;
}

/* Adds the areas of a list of class `size_class` to *nr. false: one does not belong there. */
static bool count_list(const struct area *area, unsigned int size_class, long *nr)
{
	for (; area; area = area_next(area), ++*nr)
		if (area->va.size_class != size_class || !is_waiting(area))
			return false;
	return true;
}

static const char *check_cpu(struct area_cpu *cpu)
{
	const char *problem = NULL;
	long total = 0;

	if (!area_cpu_lock(cpu, platform_cpu()))
		return NULL;
	for (unsigned int i = 0; i < NR_CLASSES && !problem; i++)
		if (!count_list(cpu->classes[i].ready, i, &total) ||
		    !count_list(cpu->classes[i].lazy, i, &total) ||
		    !count_list(cpu->classes[i].older, i, &total))
			problem = "a cache of address ranges holds one that does not belong there";
	if (!problem && total != CACHED_MAX - cpu->room)
		problem = "a cache of address ranges has lost count";
	area_cpu_unlock(cpu);
	return problem;
}

const char *area_cache_check(void)
{
	const char *problem = NULL;

	for (unsigned int i = 0; i < platform_nr_cpus() && !problem; i++)
		problem = check_cpu(area_cpus[i]);
	return problem;
}

static int init_cpu(unsigned int cpu)
{
	struct area_cpu *new = alloc_pages_exact(sizeof(*new), GFP_KERNEL | __GFP_ZERO);
	size_t history_bytes = HISTORY_LENGTH * sizeof(struct freed_area);

	if (!new)
		return -ENOMEM;
	new->pcp = pcps[cpu];
	new->room = CACHED_MAX;
	new->history.ring = alloc_pages_exact(history_bytes, GFP_KERNEL | __GFP_ZERO);
	for (unsigned int i = 0; i < NR_CLASSES; i++)
		new->classes[i].stamp = STAMP_NONE;
	for (unsigned int i = 0; i < RAM_SLOT_PAGES; i++)
		new->ram[i].stamp = STAMP_NONE;
	memset(new->ram_units, 0xff, sizeof(new->ram_units));
	area_cpus[cpu] = new;
	return new->history.ring ? 0 : -ENOMEM;
}

int area_cache_init(void)
{
	int error = 0;

	for (unsigned int cpu = 0; cpu < platform_nr_cpus() && !error; cpu++)
		error = init_cpu(cpu);
	if (error)
		area_cache_exit();
	else
		mm_short_cuts_open();
	return error;
}

void area_cache_exit(void)
{
	size_t history_bytes = HISTORY_LENGTH * sizeof(struct freed_area);

	mm_short_cuts_close();
	for (unsigned int i = 0; i < PLATFORM_CPUS_MAX && area_cpus[i]; i++) {
		if (area_cpus[i]->history.ring)
			free_pages_exact(area_cpus[i]->history.ring, history_bytes);
		free_pages_exact(area_cpus[i], sizeof(struct area_cpu));
		area_cpus[i] = NULL;
	}
}
