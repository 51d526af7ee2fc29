/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * Crossing between 4- and 5-level paging. CR4.LA57 can only change with paging off (Intel SDM vol.
 * 3A, 2.5), and paging can only be off in a 32-bit mode (9.8.5.4): so the way leads through a
 * trampoline below 4 GiB that all tables involved map at its physical address: a code page,
 * read-only and executable, and for each CPU a data page (GDT, IDT, stack), no-execute.
 *
 * CR3 can only be loaded with 32 bits there, and the firmware's tables may lie anywhere, map the
 * trampoline no-execute, or not at all. So our own tables come first: a root of ours that has the
 * firmware's number of levels, the bridge, stands between the two worlds. It maps what both see.
 *
 *	closing: CR3 = bridge; paging off; CR4, CR3 = inside; paging on; stack
 *	opening: paging off; CR4, CR3 = bridge; paging on; CR3 = firmware's; stack
 *
 * Between, the stack is that of the data page, and neither world's memory is touched.
 */

/* Takes the pages, and adds them to the image's sections. Gate open, before the tables are
 * built. False, and one line logged, when it cannot; gate_levels_give_back() is due either way. */
bool gate_levels_take(void);
/* Frees them, once however often it is called. NULL, or what went wrong. */
const char *gate_levels_give_back(void);

struct levels_crossing {
	uint64_t cr3_before; /* tables of ours with the levels of now */
	uint64_t cr3_switch; /* tables of ours with the other number of levels; below 4 GiB */
	uint64_t cr4;	     /* with LA57 as those want it, without PGE and PCIDE */
	uint64_t cr3_after;  /* what the other side runs on */
	uint64_t load_stack;
};

/*
 * gate_cross() (gate_cross.S) with a change of levels on the way. Interrupts off; NXE on; GDT and
 * IDT are ours and stay so. An NMI meanwhile is counted; any other exception is the end.
 */
void gate_levels_cross(uint64_t *save_stack, const struct levels_crossing *how);
/* NMIs counted since it was last asked. */
unsigned int gate_levels_nmis(void);
