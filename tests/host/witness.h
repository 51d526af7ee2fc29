/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * A second opinion on the live page tables, by the walker written from the manual (mmu.h): what it
 * finds is compared with what pagetables/ says, and with what must hold of every table.
 */

/* NULL, or what is wrong: a page writable and executable, page 0 mapped, a leaf outside the window,
 * a reserved bit, a leaf over frames that are not ours, another number of tables or other leaves
 * than pagetables/ reports. CPU 0 is inside the gate and nothing is being mapped. */
const char *witness_check(void);

/* The leaf that this CPU has for `address`, as pagetables/ would tell it; false: there is none. */
struct leaf;
bool witness_look_up(uintptr_t address, struct leaf *leaf);

/* What is mapped, as one number, and how many leaves and tables it takes: equal before and after.
 */
struct witness_picture {
	uint64_t hash, leaves, tables;
};
void witness_take(struct witness_picture *picture);
