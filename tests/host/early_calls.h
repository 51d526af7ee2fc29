/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/*
 * Calls of the vmalloc family while there is none: before mm_init(), or after mm_exit(), with the
 * gate closed. Each has to answer as for want of memory, and must leave everything as it is. NULL,
 * or the call that answered something else.
 */
const char *early_calls(void);
/* The same for what only comes after mm_exit(). */
const char *late_calls(void);
