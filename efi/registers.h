/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "descriptors.h"

/*
 * The registers that belong to one of the two worlds: the gate saves and restores them, and the end
 * of the run compares them with how they were at the start. Bits by the names of the Intel SDM
 * (vol. 3A, 2.5 and 2.2.1; vol. 4 for the MSRs).
 */

#define CR0_WP ((uint64_t)1 << 16)
#define CR0_NW ((uint64_t)1 << 29)
#define CR0_CD ((uint64_t)1 << 30)
#define CR4_PGE ((uint64_t)1 << 7)
#define CR4_MCE ((uint64_t)1 << 6)
#define CR4_UMIP ((uint64_t)1 << 11)
#define CR4_LA57 ((uint64_t)1 << 12)
#define CR4_PCIDE ((uint64_t)1 << 17)
#define CR4_SMEP ((uint64_t)1 << 20)
#define CR4_SMAP ((uint64_t)1 << 21)
#define CR4_CET ((uint64_t)1 << 23)

#define MSR_EFER 0xc0000080
#define EFER_LMA ((uint64_t)1 << 10)
#define EFER_NXE ((uint64_t)1 << 11)
#define EFER_LMSLE ((uint64_t)1 << 13)
#define MSR_SEV_STATUS 0xc0010131

#define FLAGS_IF ((uint64_t)1 << 9)

struct registers {
	uint64_t cr0, cr3, cr4, efer, pat, flags;
	struct table_register gdt, idt;
	uint16_t task, ldt, cs;
};

void registers_read(struct registers *registers);

/*
 * NULL when `after` equals `before`, TR and flags aside; else the first difference, written into
 * `buffer`. TR: one that was null cannot be loaded back, so it is compared only when the firmware
 * had one (registers_has_task()).
 */
const char *registers_compare(const struct registers *before, const struct registers *after,
			      char *buffer, size_t size);

/* Whether TR names a descriptor within the GDT. What is null or beyond it counts as none. */
int registers_has_task(const struct registers *registers);
