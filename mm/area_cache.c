/* SPDX-License-Identifier: BSD-2-Clause */
#include "area_cache.h"
#include "areas.h"
#include "page_alloc.h"
#include "lib/string.h"
#include "purge.h"
#include "lib/errno.h"

struct area_cpu *area_cpus[PLATFORM_CPUS_MAX];

bool area_class_refresh(struct area_class *class)
{
	if (!class->lazy || !purge_is_clean(class->stamp))
		return false;
	class->lazy_last->vm.next = (struct vm_struct *)class->ready;
	class->ready = class->lazy;
	class->lazy = NULL;
	return true;
}

/* Walks, and remembers the table if the address is one of the region. */
struct area *area_noted_slow(struct area_cpu *cpu, uintptr_t address)
{
	uint64_t unlinked = walk_tables_unlinked();
	uintptr_t at = address - PAGE_SIZE, unit = at >> PMD_SHIFT;
	const entry_t *table;

	if (address - VMALLOC_START - 1 >= VMALLOC_END - VMALLOC_START - 1)
		return NULL;
	if (cpu->noted_at != unlinked)
		memset(cpu->noted, 0xff, sizeof(cpu->noted));
	cpu->noted_at = unlinked;
	table = walk_table(&kernel_space, at);
	if (!table)
		return vmap_area_noted(address);
	cpu->noted[unit % NR_NOTED] = (struct noted_table){.unit = unit, .table = table};
	return area_noted(cpu, address);
}

static void set_state(struct area *area, enum area_state state)
{
	__atomic_store_n(&area->va.state, (uint8_t)state, __ATOMIC_RELEASE);
}

bool area_cache_put(struct area *area)
{
	struct area_cpu *cpu = this_area_cpu();
	bool room;

	if (!local_lock(&cpu->lock, platform_cpu()))
		return false;
	room = cpu->nr_cached < CACHED_MAX;
	if (room) {
		set_state(area, AREA_READY);
		area_push(&cpu->classes[area->va.size_class].ready, area);
		cpu->nr_cached++;
	}
	local_unlock(&cpu->lock);
	return room;
}

static void put_lazy(struct area_cpu *cpu, struct area *area)
{
	unsigned int size_class = area->va.size_class;
	uint64_t stamp = purge_stamp();
	struct area_class *class;

	if (unlikely(size_class == CLASS_NONE || cpu->nr_cached >= CACHED_MAX)) {
		area_push(&cpu->lazy, area);
		return;
	}
	class = &cpu->classes[size_class];
	if (unlikely(class->stamp != stamp))
		area_class_refresh(class);
	if (!class->lazy)
		class->lazy_last = area;
	area_push(&class->lazy, area);
	class->stamp = stamp;
	cpu->nr_cached++;
}

uint64_t area_cache_put_lazy(struct area *area, const void *freed_by)
{
	struct area_cpu *cpu = this_area_cpu();
	uint64_t pages = area_body_pages(&area->va), report = 0;

	local_lock(&cpu->lock, platform_cpu());
	area_remember(cpu, area, pages, area->va.vm->caller, freed_by);
	set_state(area, AREA_LAZY);
	put_lazy(cpu, area);
	cpu->lazy_pages += pages;
	if (unlikely(cpu->lazy_pages >= purge_state.report)) {
		report = cpu->lazy_pages;
		cpu->lazy_pages = 0;
	}
	local_unlock(&cpu->lock);
	return report;
}

void area_cache_defer(struct area *area, const void *caller)
{
	struct area_cpu *cpu = this_area_cpu();

	area->vm.phys_addr = (uintptr_t)caller;
	area->vm.next = (struct vm_struct *)__atomic_load_n(&cpu->deferred, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&cpu->deferred, (struct area **)&area->vm.next, area,
					    false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	__atomic_store_n(&cpu->waiting, true, __ATOMIC_SEQ_CST);
}

bool area_cache_defer_address(const void *addr)
{
	struct area_cpu *cpu = this_area_cpu();

	for (unsigned int i = 0; i < NR_LATE; i++) {
		const void *none = NULL;

		if (__atomic_compare_exchange_n(&cpu->late[i], &none, addr, false, __ATOMIC_RELEASE,
						__ATOMIC_RELAXED)) {
			__atomic_store_n(&cpu->waiting, true, __ATOMIC_SEQ_CST);
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
	if (!local_lock(&cpu->lock, platform_cpu()))
		return;
	for (unsigned int i = 0; i < NR_CLASSES; i++) {
		struct area_class *class = &cpu->classes[i];

		area_class_refresh(class);
		for (struct area *area = class->ready; area; area = area_next(area))
			cpu->nr_cached--;
		move_all(&class->ready, list);
	}
	local_unlock(&cpu->lock);
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

		if (!local_lock(&cpu->lock, platform_cpu()))
			continue;
		move_all(&cpu->lazy, &list);
		cpu->lazy_pages = 0;
		__atomic_store_n(&cpu->unflushed, 0, __ATOMIC_RELAXED);
		local_unlock(&cpu->lock);
	}
	return list;
}

bool area_cache_has_lazy(void)
{
	bool lazy = false;

	for (unsigned int i = 0; i < platform_nr_cpus(); i++) {
		struct area_cpu *cpu = area_cpus[i];

		if (!local_lock(&cpu->lock, platform_cpu()))
			continue;
		lazy |= cpu->lazy_pages != 0 || cpu->lazy;
		local_unlock(&cpu->lock);
	}
	return lazy;
}

void area_cache_free_spares(void)
{
	for (unsigned int i = 0; i < platform_nr_cpus(); i++) {
		struct area_cpu *cpu = area_cpus[i];
		struct area *spare;

		if (!local_lock(&cpu->lock, platform_cpu()))
			continue;
		spare = cpu->spare;
		cpu->spare = NULL;
		local_unlock(&cpu->lock);
		if (spare)
			kmem_cache_free(areas.descriptors, spare);
	}
}

static bool is_waiting(const struct area *area)
{
	uint8_t state = __atomic_load_n(&area->va.state, __ATOMIC_RELAXED);

	return state == AREA_READY || state == AREA_LAZY;
}

/* How many areas a list of class `size_class` has; -1: one does not belong there. */
static long count_list(const struct area *area, unsigned int size_class)
{
	long nr = 0;

	for (; area; area = area_next(area), nr++)
		if (area->va.size_class != size_class || !is_waiting(area))
			return -1;
	return nr;
}

static const char *check_cpu(struct area_cpu *cpu)
{
	const char *problem = NULL;
	long total = 0;

	if (!local_lock(&cpu->lock, platform_cpu()))
		return NULL;
	for (unsigned int i = 0; i < NR_CLASSES && !problem; i++) {
		long ready = count_list(cpu->classes[i].ready, i);
		long lazy = count_list(cpu->classes[i].lazy, i);

		if (ready < 0 || lazy < 0)
			problem = "a cache of address ranges holds one that does not belong there";
		total += ready + lazy;
	}
	if (!problem && total != cpu->nr_cached)
		problem = "a cache of address ranges has lost count";
	local_unlock(&cpu->lock);
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
	new->lock = (struct spinlock)LOCAL_LOCK("area_cpu");
	new->history.ring = alloc_pages_exact(history_bytes, GFP_KERNEL | __GFP_ZERO);
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
	return error;
}

void area_cache_exit(void)
{
	size_t history_bytes = HISTORY_LENGTH * sizeof(struct freed_area);

	for (unsigned int i = 0; i < PLATFORM_CPUS_MAX && area_cpus[i]; i++) {
		if (area_cpus[i]->history.ring)
			free_pages_exact(area_cpus[i]->history.ring, history_bytes);
		free_pages_exact(area_cpus[i], sizeof(struct area_cpu));
		area_cpus[i] = NULL;
	}
}
