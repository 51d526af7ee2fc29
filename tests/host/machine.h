/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ioremap.h"
#include "memblock.h"
#include "mmu.h"
#include "platform.h"

/*
 * The simulated machine: physical memory in a file, the registers of its CPUs, its model-specific
 * registers. Physical address = offset in the file, which is as long as addresses reach and holds
 * only what was written (the rest reads as zero). All of it can be seen through one plain mapping,
 * as firmware maps memory one to one.
 */

/* The window in which our tables translate, and one for the lower half of further spaces. */
#ifndef LAYOUT_WINDOW_START
#error "LAYOUT_WINDOW_START and LAYOUT_WINDOW_END say where the simulated upper half lies"
#endif
#ifdef UNDER_TSAN /* directly behind the window: ThreadSanitizer leaves no room elsewhere */
#define USER_WINDOW_START LAYOUT_WINDOW_END
#define USER_WINDOW_END (LAYOUT_WINDOW_END + ((uint64_t)1 << 36))
#else
#define USER_WINDOW_START ((uint64_t)0x180000000000)
#define USER_WINDOW_END ((uint64_t)0x200000000000)
#endif

struct machine_config {
	uint64_t memory;     /* bytes, in several ranges with holes between them */
	unsigned int levels; /* 4 or 5: the paging mode at power-on, outside the gate */
	unsigned int inside; /* 4 or 5: the one inside the gate */
	unsigned int nodes;  /* 1 or 2 */
	unsigned int cpus;   /* 1 to PLATFORM_CPUS_MAX */
};

enum { MACHINE_PHYS_BITS = 39, MACHINE_RANGES_MAX = 8 };

/* NULL, or why there is no such machine. Once a process. */
const char *machine_start(const struct machine_config *config);
const struct memory_range *machine_ranges(size_t *nr);
/* The firmware's memory beside them. */
const struct firmware_range *machine_firmware(size_t *nr);
const struct machine_config *machine_config(void);
/* Physical memory through the plain mapping. */
char *machine_memory(void);

/* For a copy of the process: from here on its memory is its own, as it is now. */
bool machine_copy_memory(void);

/* Sets a pair of variable-range MTRRs, `nr` of MACHINE_MTRRS, as firmware would: of all CPUs. */
enum { MACHINE_MTRRS = 8, MACHINE_MTRRS_MAX = 40 };
void machine_set_mtrr(unsigned int nr, uint64_t base, uint64_t mask);
/* What MTRRCAP and MTRR_DEF_TYPE say; at first MACHINE_MTRRS pairs in force, and no fixed ranges.
 */
enum { MACHINE_MTRR_CAP = MACHINE_MTRRS | 1 << 10, MACHINE_MTRR_TYPE = 0x800 | 6 };
void machine_set_mtrr_use(uint64_t capabilities, uint64_t type);

/* What its CPUs have, for a test to change while no other CPU runs anything. */
struct cpu_features *machine_features(void);

/* Calls `visit` for each run of physical memory that was ever written, in address order. */
void machine_visit_written(void (*visit)(void *context, phys_addr_t start, phys_addr_t end),
			   void *context);

/* The registers of one CPU. */
struct cpu {
	struct mmu mmu; /* CR0, CR3, CR4, EFER */
	uint64_t cr2, pat;
	bool inside; /* our tables are in CR3 */
};

struct cpu *machine_cpu(unsigned int cpu);
struct cpu *machine_this_cpu(void);
/* This thread is CPU `cpu` from now on. */
void machine_become(unsigned int cpu);

/*
 * The gate, for the CPU that calls: paging by our tables at `root`; and back. It sets what the gate
 * on a real machine sets: the paging mode, CR0.WP, EFER.NXE, PGE, SMEP.
 */
void machine_enter(phys_addr_t root);
void machine_leave(void);
