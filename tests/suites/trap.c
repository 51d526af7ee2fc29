/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"
#include "layout.h"

/* Defects in a test, made on purpose: only run when asked for by full name. */

TEST_FLAGS(trap, wild_write, "a write through a wild pointer fails this test and no other",
	   TEST_NAMED)
{
	volatile uint64_t *wild = (volatile uint64_t *)(VMALLOC_END - 4096);

	*wild = 1;
}
