/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* What fault.c and the assembly beside it share. */

#ifdef __ASSEMBLER__

#define LABEL(name)                                                                                \
	.globl name;                                                                               \
	.hidden name;                                                                              \
	name:
#define FUNCTION(name)                                                                             \
	.type name, @function;                                                                     \
	LABEL(name)

#else

#include <stdbool.h>
#include <stdint.h>
#include "fault.h"

#pragma GCC visibility push(hidden)

/* fault_probe.S */
bool fault_probe_read(uintptr_t address);
bool fault_probe_write(uintptr_t address);
bool fault_probe_fetch(uintptr_t address);
extern const char fault_probe_read_at[], fault_probe_write_at[], fault_probe_fetch_at[];
extern const char fault_probe_fetch_return[], fault_probe_taken[], fault_probe_missed[];

/* fault_catch.S: goes on behind the call of fault_catch(), which returns `value`. */
_Noreturn void fault_catch_resume(const struct fault_catch *context, int value);
/* fault.c: what fault_catch() does once the registers are saved; returns 0. */
int fault_catch_arm(struct fault_catch *context);

/* fault_entry.S: one entry a vector, FAULT_STUB_BYTES apart. Machine only. */
enum { FAULT_STUB_BYTES = 16 };
extern const char fault_stubs[];

#pragma GCC visibility pop

#endif
