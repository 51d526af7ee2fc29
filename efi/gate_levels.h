/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdint.h>

/*
 * Between 4- and 5-level paging. CR4.LA57 can only change with paging off (Intel SDM vol. 3A,
 * 4.1.1), and paging can only be off in a 32-bit mode: so the way leads through a trampoline below
 * 4 GiB that both worlds map at its physical address, its code page executable and read-only, its
 * data page (GDT, stack, what is saved) no-execute.
 */

struct gate_levels {
	void *code; /* the trampoline's page, EfiLoaderCode, below 4 GiB */
	void *data; /* its data page, below 4 GiB */
};

/* Copies the trampoline to `levels->code` and fills the data page. Gate open. */
void gate_levels_prepare(const struct gate_levels *levels);

/*
 * Leaves paging, writes CR4 and CR3, comes back. Interrupts are off, CR4.PGE and CR4.PCIDE are
 * clear, both roots lie below 4 GiB and map the trampoline and this image; the stack need not be
 * mapped in between. GDTR, selectors, FS and GS base are as before on return.
 */
void gate_levels_switch(const struct gate_levels *levels, uint64_t cr3, uint64_t cr4);
