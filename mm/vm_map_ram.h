/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "page.h"

/*
 * Short-lived maps of a few pages, cheaper than vmap(): slots out of blocks of RAM_BLOCK_PAGES
 * pages that stay mapped out in the tables. A slot belongs to the CPU that gave it up last, which
 * uses it again for the same count of pages once a flush has been. Above RAM_SLOT_PAGES pages a map
 * is an area of its own. Blocks have guards; slots within one have none between them.
 */

enum { RAM_BLOCK_PAGES = 1024, RAM_SLOT_PAGES = 64 };

/*
 * The address, or NULL: refused (no pages, in an exception handler), or no memory. The pages are
 * believed, where vmap() looks at each: a pointer that is none to a frame's struct page maps
 * anything.
 */
void *vm_map_ram(struct page **pages, unsigned int count, int node);
/* Exactly what vm_map_ram() gave for as many pages; anything else is refused. */
void vm_unmap_ram(const void *mem, unsigned int count);

/* Blocks without a live slot go back; the addresses that were freed must have been flushed. */
void vm_map_ram_drain(void);
/* NULL, or what is wrong with blocks and lists. */
const char *vm_map_ram_check(void);
