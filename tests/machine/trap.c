/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

/* What ends a run, done on purpose: only when asked for by full name. */

TEST_FLAGS(trap, double_fault, "a double fault ends the run with a report", TEST_NAMED)
{
	/* A push to a stack that no stack can be; and the exception finds no other (Intel SDM vol.
	 * 3A, table 6-5: two contributory exceptions). */
	__asm__ volatile("movq %0, %%rsp; pushq %%rax" : : "r"((uint64_t)1 << 62) : "memory");
}
