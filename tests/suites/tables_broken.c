/* SPDX-License-Identifier: BSD-2-Clause */
#include "broken.h"
#include "lib/format.h"
#include "map.h"
#include "scratch.h"
#include "words.h"

/* Page tables that are broken by hand: space_check() says what, and where. */

TEST(tables_broken, entry, "an entry that may not be is told with its address and its value")
{
	struct space *space = scratch_open();
	uintptr_t at = scratch_base() + PAGE_SIZE;
	char text[PLATFORM_LINE_MAX];
	entry_t *entry, wild;

	require(space);
	require_equal(map_range(space, at, SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE), 0);
	entry = scratch_entry(at);
	wild = *entry & ~_PAGE_NX;
	scnprintf(text, sizeof(text),
		  "page tables: a writable and executable page at 0x%lx, entry 0x%lx", at, wild);
	expect_broken(space_check(), *entry, wild, text);
	scnprintf(text, sizeof(text),
		  "page tables: a global page of one space at 0x%lx, entry 0x%lx", at,
		  *entry | _PAGE_GLOBAL);
	expect_broken(space_check(), *entry, *entry | _PAGE_GLOBAL, text);
	expect_equal(unmap_range(space, at, PAGE_SIZE), 1);
	scratch_close();
}
