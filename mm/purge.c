/* SPDX-License-Identifier: BSD-2-Clause */
#include "purge.h"
#include "area_cache.h"
#include "areas.h"
#include "lib/errno.h"
#include "tlb.h"
#include "vmalloc.h"

struct purge_state purge_state;

static struct spinlock purge_lock = SPINLOCK("purge", LOCK_RANK_PURGE);
static struct quarantine {
	struct area *first, *last; /* oldest first */
	uint64_t pages;
} quarantine;

void purge_set_lazy_max(uint64_t pages)
{
	uint64_t before = purge_state.report;

	purge_state.lazy_max = pages;
	purge_state.report = (pages < LAZY_REPORT ? pages : LAZY_REPORT) - 1;
	area_cache_set_report(before, purge_state.report);
}

void purge_init(uint64_t lazy_max, uint64_t quarantine_max)
{
	uint64_t log = 64 - (uint64_t)__builtin_clzl(platform_nr_cpus());

	if (lazy_max == 0)
		lazy_max = (((uint64_t)32 << 20) >> PAGE_SHIFT) * log;
	purge_state = (struct purge_state){.quarantine_max = quarantine_max};
	purge_set_lazy_max(lazy_max);
}

/* Flushes for all that was freed so far; `list` are the ranges whose tables may be empty. */
static void flush_for(struct area *list)
{
	uint64_t number = __atomic_add_fetch(&purge_state.begun, 1, __ATOMIC_SEQ_CST);

	if (!areas_reclaim_tables(list))
		tlb_flush_all();
	__atomic_store_n(&purge_state.done, number, __ATOMIC_RELEASE);
	__atomic_fetch_add(&purge_state.flushes, 1, __ATOMIC_RELAXED);
}

static void quarantine_add(struct area *list)
{
	struct area *area;

	while ((area = area_pop(&list))) {
		__atomic_store_n(&area->va.state, (uint8_t)AREA_QUARANTINED, __ATOMIC_RELEASE);
		area->vm.next = NULL;
		if (quarantine.first)
			quarantine.last->vm.next = (struct vm_struct *)area;
		else
			quarantine.first = area;
		quarantine.last = area;
		quarantine.pages += area_body_pages(&area->va);
	}
}

/* What has been unused for so long that at most `pages` pages stay behind. */
static struct area *quarantine_take(uint64_t pages)
{
	struct area *list = NULL;

	while (quarantine.pages > pages) {
		struct area *area = area_pop(&quarantine.first);

		ASSERT(area, "%llu pages in no area", (unsigned long long)quarantine.pages);
		quarantine.pages -= area_body_pages(&area->va);
		area_push(&list, area);
	}
	return list;
}

/* The lock is held. Returns the ranges that may be used again, to be given back without the lock.
 */
static struct area *purge(void)
{
	struct area *list;

	__atomic_store_n(&purge_state.lazy_pages, 0, __ATOMIC_RELAXED);
	list = area_cache_collect();
	flush_for(list);
	__atomic_fetch_add(&purge_state.purges, 1, __ATOMIC_RELAXED);
	if (purge_state.quarantine_max == 0)
		return list;
	quarantine_add(list);
	return quarantine_take(purge_state.quarantine_max);
}

/* Whether it is time: for all CPUs together, or for what this one has freed alone. */
static bool is_due(const struct area_cpu *cpu)
{
	uint64_t all = __atomic_load_n(&purge_state.lazy_pages, __ATOMIC_RELAXED);

	return all >= purge_state.lazy_max ||
	       __atomic_load_n(&cpu->unflushed, __ATOMIC_RELAXED) >= LAZY_OF_ONE;
}

void purge_account(uint64_t pages)
{
	struct area_cpu *cpu = this_area_cpu();
	struct area *list = NULL;

	__atomic_add_fetch(&purge_state.lazy_pages, pages, __ATOMIC_RELAXED);
	__atomic_add_fetch(&cpu->unflushed, pages, __ATOMIC_RELAXED);
	if (!is_due(cpu))
		return;
	spin_lock(&purge_lock);
	if (is_due(cpu)) /* by chance: another CPU was faster */
		list = purge();
	spin_unlock(&purge_lock);
	areas_give_back(list);
}

bool purge_lazy(void)
{
	struct area *list = NULL;
	bool any;

	spin_lock(&purge_lock);
	any = __atomic_load_n(&purge_state.lazy_pages, __ATOMIC_RELAXED) > 0 ||
	      area_cache_has_lazy();
	if (any)
		list = purge();
	spin_unlock(&purge_lock);
	areas_give_back(list);
	return any;
}

bool purge_all(bool with_quarantine)
{
	bool any = purge_lazy();
	struct area *list;

	vm_map_ram_drain();
	list = area_cache_drain();
	any |= list != NULL;
	areas_reclaim_tables(list);
	areas_give_back(list);
	if (!with_quarantine)
		return any;
	spin_lock(&purge_lock);
	list = quarantine_take(0);
	spin_unlock(&purge_lock);
	areas_give_back(list);
	return any || list;
}

/* Those who give address space back when there is none left, highest priority first. */
static struct notifier_block *notifiers;
static struct spinlock notifiers_lock = SPINLOCK("purge_notifiers", LOCK_RANK_LAZY);

int register_vmap_purge_notifier(struct notifier_block *block)
{
	struct notifier_block **link = &notifiers, *other;

	spin_lock(&notifiers_lock);
	for (other = notifiers; other && other != block; other = other->next)
		;
	if (!other) {
		while (*link && (*link)->priority >= block->priority)
			link = &(*link)->next;
		block->next = *link;
		*link = block;
	}
	spin_unlock(&notifiers_lock);
	return other ? -EEXIST : 0;
}

int unregister_vmap_purge_notifier(struct notifier_block *block)
{
	struct notifier_block **link = &notifiers;
	int error = -ENOENT;

	spin_lock(&notifiers_lock);
	while (*link && *link != block)
		link = &(*link)->next;
	if (*link) {
		*link = block->next;
		error = 0;
	}
	spin_unlock(&notifiers_lock);
	return error;
}

static struct notifier_block *next_notifier(const struct notifier_block *block)
{
	struct notifier_block *next;

	spin_lock(&notifiers_lock);
	next = block ? block->next : notifiers;
	spin_unlock(&notifiers_lock);
	return next;
}

bool vmap_purge_notify(void)
{
	struct notifier_block *block = NULL;
	unsigned long freed = 0;
	bool any = false;

	while ((block = next_notifier(block))) {
		block->notifier_call(block, 0, &freed);
		any = true;
	}
	if (any)
		purge_all(false);
	return any;
}
