/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What pagetables/ and mm/ ask of the world outside. Implemented twice: by efi/ for the machine, by
 * tests/host/ for a process with a simulated MMU. Whoever takes mm/ into a kernel of his own
 * implements it a third time.
 *
 * Unless a line says otherwise, every function may be called on any CPU, in any context (exception
 * handlers too), with any lock held.
 */

typedef uint64_t phys_addr_t;

/* CPUs are numbered 0 to platform_nr_cpus() - 1, without holes, for the whole run. */
enum { PLATFORM_CPUS_MAX = 64 };
/* static inline unsigned int platform_cpu(void): this one. From the platform's folder. */
#include "platform_this_cpu.h"
unsigned int platform_nr_cpus(void);

/* One turn of a bounded wait (PAUSE). */
void platform_pause(void);

/*
 * A good moment for the world: the gate may open (text to the screen, a look at the keyboard), and
 * this CPU has passed a quiescent point. Never with a lock held, never in an exception handler.
 */
void platform_relax(void);
/* The quiescent point alone: nothing opens, nothing is flushed. Under the same conditions. */
void platform_quiescent(void);
/* How often `cpu` has passed either; only that it changes means something. */
uint64_t platform_relaxed(unsigned int cpu);

/* Time stamp: ticks since an arbitrary start, never backwards on one CPU; and their rate. */
uint64_t platform_ticks(void);
uint64_t platform_ticks_per_second(void);

/* One line of the log, without a newline; longer than PLATFORM_LINE_MAX - 1 bytes: cut. */
enum { PLATFORM_LINE_MAX = 256 };
void platform_log(const char *line);

/* What cannot go on: logs the reason, ends the run in good order with a crash status. */
_Noreturn void platform_abort(const char *reason);

/* Registers of this CPU, and the instructions that empty its TLB (Intel SDM vol. 3A, 2.5, 4.10). */
uint64_t platform_read_cr2(void);
uint64_t platform_read_cr3(void);
uint64_t platform_read_cr4(void);
void platform_write_cr3(uint64_t value);
void platform_write_cr4(uint64_t value);
void platform_invlpg(uintptr_t address);
/* INVPCID (vol. 2A): type 0 address, 1 context, 2 all with globals, 3 all without globals. */
void platform_invpcid(unsigned int type, unsigned int pcid, uintptr_t address);
uint64_t platform_read_msr(uint32_t msr);
void platform_write_msr(uint32_t msr, uint64_t value);

/* Whether `cpu` has our tables in CR3 now; one that has not needs no TLB flush. */
bool platform_cpu_inside(unsigned int cpu);

/* What this CPU has, as far as it matters here (CPUID; Intel SDM vol. 2A). Never changes in a run.
 */
struct cpu_features {
	bool nx;	 /* EFER.NXE may be set */
	bool pge;	 /* global pages */
	bool gib_leaves; /* 1 GiB leaves */
	bool la57;	 /* 5-level paging */
	bool pat;
	bool mtrr;
	bool smep, smap, umip;
	bool pcid, invpcid;
	bool rdrand, rdseed;
	bool x2apic;
	bool hypervisor;
	unsigned int phys_bits; /* MAXPHYADDR */
	unsigned int levels;	/* of the paging mode we run in: 4 or 5 */
};
const struct cpu_features *platform_cpu_features(void);
