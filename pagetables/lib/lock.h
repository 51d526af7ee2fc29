/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * A spin lock with a name and a rank. A CPU takes locks in ascending rank; DEBUG builds check that,
 * that no lock is taken twice by one CPU, and that none is held at platform_relax(). Test-and-set,
 * not tickets: with more CPUs than cores tickets convoy.
 *
 * Exception handlers only try (spin_trylock()). The ranks of all locks stand in one list, here.
 */
enum lock_rank {
	LOCK_RANK_NONE,	      /* tests' own locks: not checked against others */
	LOCK_RANK_PURGE,      /* mm: one purge of lazily freed areas at a time */
	LOCK_RANK_VM_MAP_RAM, /* mm: blocks of vm_map_ram */
	LOCK_RANK_SPACE,      /* pagetables: the tables of one address space */
	LOCK_RANK_SLAB,	      /* mm: lists of slabs of one cache */
	LOCK_RANK_LAZY,	      /* mm: the list of lazily freed areas */
	LOCK_RANK_BUSY,	      /* mm: the tree of busy areas */
	LOCK_RANK_FREE,	      /* mm: the tree of free address space */
	LOCK_RANK_PERCPU,     /* mm: caches of one CPU, when another one drains them */
	LOCK_RANK_ZONE,	      /* mm: buddy lists of one zone */
	LOCK_RANK_TLB,	      /* pagetables: one shootdown at a time */
	LOCK_RANK_LOG,	      /* efi: the ring of the log */
};

struct spinlock {
	uint32_t locked; /* 0 free, otherwise CPU number + 1 */
	uint8_t rank;	 /* enum lock_rank */
	const char *name;
	uint64_t contended; /* how often somebody had to wait */
};

#define SPINLOCK(lock_name, lock_rank_)                                                            \
	{                                                                                          \
		.locked = 0, .rank = (lock_rank_), .name = (lock_name)                             \
	}

/* Builds that count what CPUs share are told each lock that was taken, or was not free. */
#ifdef COUNT_SHARING
void lock_note(const struct spinlock *lock, bool taken);
#else
static inline void lock_note(const struct spinlock *lock, bool taken)
{
	(void)lock;
	(void)taken;
}
#endif

void spin_lock(struct spinlock *lock);
bool spin_trylock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);
bool spin_is_locked(const struct spinlock *lock);
/* What a CPU does at each turn of its wait for a lock: tlb_poll(), once CPUs take part in flushes.
 */
void spin_set_wait_work(void (*work)(void));

/* DEBUG builds: complains (assertion) when this CPU holds any ranked lock. Else nothing. */
void lock_assert_none_held(void);
/* How many locks this CPU holds (all builds): what a fault handler asks before it goes on. */
unsigned int locks_held(void);
/* The same of another CPU; of a moment, unless it has stopped. */
unsigned int locks_held_by(unsigned int cpu);
/* How often any CPU had to wait for a lock so far. */
uint64_t locks_waited(void);
/* Forgets what this CPU holds; only for a run that is being ended. */
void locks_forget(void);
