/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * The address translation of an x86-64 CPU, written from the manual (Intel SDM vol. 3A, chapter 4)
 * and from nothing else: it includes no header of pagetables/, so that a mistake there is not
 * repeated here. Supervisor accesses with CR0.WP; paging with 4 or 5 levels; XD, SMEP, SMAP, PAT,
 * accessed and dirty flags. No PCIDs, protection keys, shadow stacks or HLAT: those control bits
 * are never set in the simulated machine.
 */

enum { MMU_CR0_WP = 1 << 16 };
enum {
	MMU_CR4_PGE = 1 << 7,
	MMU_CR4_LA57 = 1 << 12,
	MMU_CR4_SMEP = 1 << 20,
	MMU_CR4_SMAP = 1 << 21
};
enum { MMU_EFER_NXE = 1 << 11 };
/* Of a page-fault error code (4.7). */
enum { MMU_FAULT_P = 1, MMU_FAULT_WR = 2, MMU_FAULT_RSVD = 8, MMU_FAULT_ID = 16 };

/* Everything that a translation depends on. */
struct mmu {
	uint64_t cr0, cr3, cr4, efer;
	unsigned int phys_bits; /* MAXPHYADDR */
	bool gib_leaves;
	char *memory; /* where physical address 0 lies in this process; 2^phys_bits bytes follow */
};

enum mmu_access { MMU_READ, MMU_WRITE, MMU_FETCH };

/* One leaf, and what all levels together allow a supervisor (4.6.1). */
struct mmu_leaf {
	uint64_t virt, phys, size; /* bytes; both addresses multiples of the size */
	bool write, execute, user, global, dirty;
	unsigned int pat; /* index into IA32_PAT: PAT, PCD, PWT (4.9.2) */
};

unsigned int mmu_levels(const struct mmu *mmu);
/* Whether `address` is canonical in the paging mode (vol. 1, 3.3.7.1). */
bool mmu_canonical(const struct mmu *mmu, uint64_t address);

/*
 * Translates as one access does, and sets accessed and dirty flags as it would. True: `*leaf` is
 * filled in. False: a page fault, whose error code is `*error`; no flag was set.
 */
bool mmu_translate(const struct mmu *mmu, uint64_t address, enum mmu_access access,
		   struct mmu_leaf *leaf, unsigned int *error);

/* The leaf for `address`, without an access: whatever it allows, and no flag is set. */
bool mmu_look_up(const struct mmu *mmu, uint64_t address, struct mmu_leaf *leaf);

/* Every leaf that an access could use, in address order (the lower half first), and for each table
 * its level and physical address. Either function may be NULL. Sets no flag. */
struct mmu_visitor {
	void (*leaf)(void *context, const struct mmu_leaf *leaf);
	void (*table)(void *context, unsigned int level, uint64_t phys);
	void (*reserved)(void *context, unsigned int level, uint64_t virt, uint64_t entry);
	void *context;
};
void mmu_visit(const struct mmu *mmu, const struct mmu_visitor *visitor);
