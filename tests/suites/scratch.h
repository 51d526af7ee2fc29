/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "entry.h"
#include "levels.h"
#include "space.h"

/*
 * For suites that look at what tables become: an address space that no CPU has in CR3, so any
 * frames can be mapped in it, there or not. Table allocations that are counted and can fail. And
 * physical addresses for devices that are not there.
 */

/* Frames that are never touched, from 4 GiB on: aligned for the largest leaf, of one memory type.
 */
#define SCRATCH_PHYS ((phys_addr_t)4 << 30)

/* As the kernel's pages, but not global: those are never in a space's own half. */
#define SCRATCH_RW __pgprot(PAGE_KERNEL.pgprot & ~_PAGE_GLOBAL)
#define SCRATCH_RO __pgprot(PAGE_KERNEL_RO.pgprot & ~_PAGE_GLOBAL)

/* Empty; what a test that gave up left behind is cleared away. NULL, after a failed expectation. */
struct space *scratch_open(void);
/* Where its own half begins: aligned for the largest leaf; SCRATCH_GIBS of it are for use. */
enum { SCRATCH_GIBS = 4 };
uintptr_t scratch_base(void);
/* Unmaps what is left, expects that no table but the root remains, and destroys the space. */
void scratch_close(void);
/* Its tables, the root included. */
uint64_t scratch_tables(void);

/* The entry of 4 KiB for `address`, whose tables are all there. */
entry_t *scratch_entry(uintptr_t address);

/* From here on the `nth` table allocation (from 1) fails, once; 0: none does. */
void scratch_fail_table(uint64_t nth);
/* Ends that. Returns whether it failed. */
bool scratch_table_failed(void);

/*
 * A whole GiB above all memory; nothing answers there, so it is only mapped. 0 where this CPU
 * addresses no more; scratch_device() skips the test then.
 */
phys_addr_t scratch_above_memory(void);
phys_addr_t scratch_device(void);
