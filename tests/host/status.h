/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* Exit statuses of the host program. */
enum { STATUS_PASSED = 0, STATUS_FAILED = 1, STATUS_CRASHED = 2 };

/* Ends the process at once, with nothing but what coverage has counted written down. Any context.
 */
_Noreturn void host_leave(int status);

/* The stack of the caller with names, on standard error, where a sanitizer is there to print it. */
void host_print_stack(void);
