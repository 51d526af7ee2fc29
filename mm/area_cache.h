/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "fault.h"
#include "history.h"
#include "lazy_class.h"
#include "pcp.h"
#include "purge.h"
#include "vm_map_ram.h"
#include "vmap_area.h"

/*
 * What each CPU keeps of the address space: by size class, ranges that are ready for the next
 * caller and ranges that were freed since the last flush of all TLBs; further freed ranges that no
 * class takes; areas whose freeing was put off; and the history of what was freed here. A range
 * stays in the tree of taken ones all the time that it goes round here, so vmalloc and vfree of a
 * usual size touch no tree and no shared line.
 *
 * A flush has a number. A freed range is stamped with the number of flushes that had begun by then;
 * it is ready once a flush with a higher number is complete (purge.h). So one flush by any CPU
 * makes the freed ranges of all CPUs ready, and nobody has to go through their lists for it. What
 * is freed while a flush goes on waits for the next one, apart from what waits for this one.
 *
 * Classes: up to CLASS_PAGES pages at page alignment; up to CLASS_ALIGNED_PAGES pages at each
 * larger alignment up to PAGE_SIZE << CLASS_ALIGN_SHIFTS; and for large leaves up to CLASS_UNITS
 * times 2 MiB aligned to that, whose entries are not held.
 */

enum {
	CLASS_PAGES = 512,
	CLASS_ALIGNED_PAGES = 16,
	CLASS_ALIGN_SHIFTS = 10,
	CLASS_UNITS = 8,
	CLASS_UNIT = CLASS_PAGES + CLASS_ALIGNED_PAGES * CLASS_ALIGN_SHIFTS,
	NR_CLASSES = CLASS_UNIT + CLASS_UNITS,
	CLASS_NONE = 0xffff,
	CACHED_MAX = 12288, /* ranges in the classes of one CPU */
	LAZY_REPORT = 256,  /* pages freed before a CPU adds them to the common count, at least */
	LAZY_OF_ONE = 8192, /* pages freed by one CPU alone that are worth a flush: 32 MiB */
	NR_LATE = 64,
};

/*
 * Units of PMD_SIZE in blocks of vm_map_ram() that this CPU has freed slots of lately. Forgotten
 * under the lock before blocks are looked at for any that could go (ram_block.c).
 */
enum { NR_RAM_UNITS = 64 };
struct ram_unit {
	uintptr_t start;	/* UINTPTR_MAX: none */
	struct ram_slot *slots; /* that of the first page */
	entry_t note;		/* what stands where nothing is mapped */
	uint64_t unused;	/* a power of two to index by */
};

/* Tables that this CPU has walked to lately: where notes stand. Never used in exception handlers.
 */
enum { NR_NOTED = 256 };
struct noted_table {
	uintptr_t unit; /* address / PMD_SIZE; UINTPTR_MAX: none */
	const entry_t *table;
};

struct area_cpu {
	struct pcp *pcp;       /* the CPU's frames, whose lock is over all this, too */
	int64_t room;	       /* ranges that the classes may still take; 0: no more */
	int64_t until_report;  /* pages to be freed here until they are told; below 0: now */
	int64_t vmalloc_pages; /* allocated here less freed here: all CPUs together count */
	struct history history;
	uint64_t noted_at;	   /* walk_tables_unlinked() when `noted` was begun */
	uint64_t unflushed;	   /* freed here since the last purge, in the common count */
	struct area *lazy;	   /* freed, of no class */
	struct area *deferred;	   /* claimed, still to be freed; pushed in any context */
	const void *late[NR_LATE]; /* addresses to be freed, from exception handlers */
	struct area *spare;	   /* a descriptor for the next split */
	struct noted_table noted[NR_NOTED];
	struct lazy_class classes[NR_CLASSES];
	struct ram_block *ram_block; /* new slots come from it */
	struct lazy_class ram[RAM_SLOT_PAGES];
	struct ram_unit ram_units[NR_RAM_UNITS];
} __cacheline_aligned;

extern __hot struct area_cpu *area_cpus[PLATFORM_CPUS_MAX]; /* NULL beyond the last CPU */

static inline struct area_cpu *this_area_cpu(void)
{
	return area_cpus[platform_cpu()];
}

/* One lock for all that a CPU keeps: a vmalloc or vfree takes it once. */
static inline bool area_cpu_lock(struct area_cpu *cpu, unsigned int number)
{
	return local_lock(&cpu->pcp->lock, number);
}

/* The same where no exception handler comes. */
static inline void area_cpu_lock_wait(struct area_cpu *cpu, unsigned int number)
{
	local_lock_wait(&cpu->pcp->lock, number);
}

static inline void area_cpu_unlock(struct area_cpu *cpu)
{
	local_unlock(&cpu->pcp->lock);
}

static inline struct area *area_next(const struct area *area)
{
	return (struct area *)area->vm.next;
}

static inline void area_push(struct area **list, struct area *area)
{
	area->vm.next = (struct vm_struct *)*list;
	*list = area;
}

static inline struct area *area_pop(struct area **list)
{
	struct area *area = *list;

	if (area)
		*list = area_next(area);
	return area;
}

static inline unsigned int area_unit_class(size_t nr_pages, size_t align)
{
	size_t units = nr_pages / ENTRIES_PER_TABLE;

	if (align != PMD_SIZE || nr_pages % ENTRIES_PER_TABLE || units - 1 >= CLASS_UNITS)
		return CLASS_NONE;
	return CLASS_UNIT + (unsigned int)units - 1;
}

/* The class of `nr_pages` aligned to `align` bytes; CLASS_NONE: of no class. */
static inline unsigned int area_class(size_t nr_pages, size_t align)
{
	unsigned int shift;

	if (align <= PAGE_SIZE)
		return nr_pages <= CLASS_PAGES ? (unsigned int)nr_pages - 1 : CLASS_NONE;
	shift = (unsigned int)__builtin_ctzl(align) - PAGE_SHIFT;
	if (nr_pages > CLASS_ALIGNED_PAGES || shift > CLASS_ALIGN_SHIFTS)
		return area_unit_class(nr_pages, align);
	return CLASS_PAGES + (shift - 1) * CLASS_ALIGNED_PAGES + (unsigned int)nr_pages - 1;
}

/*
 * The class itself if it has a ready range, else, for one of aligned ranges, one of as many pages
 * at a larger alignment, to which they go back. NULL: none has. The lock is held.
 */
struct lazy_class *area_class_with(struct area_cpu *cpu, unsigned int size_class);
/* The short cut's ways out, with the lock held, which the second one gives up. */
__slow void area_cache_overflow(struct area_cpu *cpu, struct area *area);
__slow void area_cache_report(struct area_cpu *cpu);

/*
 * A ready range of the class, claimed; NULL: CPU `number`, which is this one, has none. Not in
 * exception handlers.
 */
static inline struct area *area_cache_take(unsigned int number, unsigned int size_class)
{
	struct area_cpu *cpu = area_cpus[number];
	struct area *area = NULL;
	struct lazy_class *class;

	area_cpu_lock_wait(cpu, number);
	class = area_class_with(cpu, size_class);
	if (likely(class)) {
		area = class->ready;
		class->ready = area_next(area);
		cpu->room++;
		__atomic_store_n(&area->va.state, AREA_CLAIMED, __ATOMIC_RELEASE);
	}
	area_cpu_unlock(cpu);
	return area;
}

/*
 * What stands in the entry of the page before `address`, by way of the tables that this CPU walked
 * to before: as good as a walk, as long as no table was unlinked since. 0: none of these tables.
 * Not in exception handlers.
 */
static inline entry_t area_noted_entry(const struct area_cpu *cpu, uintptr_t address)
{
	uintptr_t at = address - PAGE_SIZE, unit = at >> PMD_SHIFT;
	const struct noted_table *noted = &cpu->noted[unit % NR_NOTED];

	if (unlikely(noted->unit != unit) || unlikely(cpu->noted_at != walk_tables_unlinked()))
		return 0;
	return __atomic_load_n(&noted->table[pte_index(at)], __ATOMIC_ACQUIRE);
}

/* The same after a walk; 0: there is no such table, or the address is not of the region. */
entry_t area_walked_entry(struct area_cpu *cpu, uintptr_t address);

/* A claimed range that was never mapped comes back. false: no room. */
bool area_cache_put(struct area *area);
/* Writes a claimed area that is freed into the history; the CPU's lock is held. */
static inline void area_remember(struct area_cpu *cpu, const struct area *area, uint64_t pages,
				 uint64_t stamp, const void *allocated, const void *freed)
{
	struct freed_area *entry = history_next(&cpu->history);

	entry->start = area->va.va_start;
	entry->pages = (uint32_t)pages;
	entry->stamp = (uint32_t)stamp;
	entry->allocated = allocated;
	entry->freed = freed;
}

/*
 * A claimed range whose entries are clear is free once a flush has been; remembers who freed it.
 * Returns how many pages this CPU has to tell purge_account(), mostly 0. Not in handlers.
 */
uint64_t area_cache_put_lazy(struct area *area, const void *freed_by);
/*
 * Puts a claimed area on this CPU's list of those that are still to be freed, with who did it. Any
 * context. The second form notes an address alone, false when there is no room.
 */
void area_cache_defer(struct area *area, const void *caller);
bool area_cache_defer_address(const void *addr);
/* `phys_addr` of a claimed area is nobody's: there the first form keeps the caller. */
static inline const void *area_deferred_by(const struct area *area)
{
	return (const void *)(uintptr_t)area->vm.phys_addr;
}
/* A CPU tells its pages after `pages` from here on, not `before`. */
void area_cache_set_report(uint64_t before, uint64_t pages);
/* Takes everything of every CPU's classes that no TLB can know, in one list. */
struct area *area_cache_drain(void);
/* Takes the freed ranges of no class of every CPU, and begins the count of pages anew. */
struct area *area_cache_collect(void);
/* Whether anything was freed on any CPU since area_cache_collect(). */
bool area_cache_has_lazy(void);
/* Gives back the descriptors kept for splits. */
void area_cache_free_spares(void);
/* NULL, or what is wrong with the lists. */
const char *area_cache_check(void);
/* 0 or -ENOMEM. The lists must be empty at the end. */
int area_cache_init(void);
void area_cache_exit(void);
