/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdint.h>

/*
 * All areas, a line each in address order, in the shape of Linux's /proc/vmallocinfo:
 *
 *	0xSTART-0xEND SIZE CALLER+OFFSET pages=N phys=0x... KIND... huge=2M|1G N0=PAGES N1=...
 *
 * SIZE is bytes and, as END, with the guard behind. Then one line for each range that was freed and
 * waits for its addresses to be used again: "0xSTART-0xEND SIZE unpurged vm_area". `line` is called
 * without any lock.
 */
void vmallocinfo(void (*line)(void *context, const char *text), void *context);

/* A line for every area that is left, early ones aside, with its caller: what nobody freed. Returns
 * how many. */
unsigned long vmalloc_leaks(void (*line)(void *context, const char *text), void *context);

/* Totals. */
struct vmalloc_totals {
	uint64_t areas, pages; /* busy ones */
	uint64_t lazy, ready;  /* ranges that were freed, or wait for the next caller */
	uint64_t free_bytes, largest_free, free_blocks;
	unsigned int fragmentation; /* of the free space, in thousandths: 1 - largest / all */
	uint64_t table_bytes, descriptor_bytes;
};
void vmalloc_get_totals(struct vmalloc_totals *totals);
