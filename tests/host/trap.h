/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <signal.h>

/*
 * Exceptions of the simulated machine. A SIGSEGV in the window is a TLB miss: the tables are walked
 * and the page is mapped, or a page fault is delivered to fault_handle() with the error code, CR2
 * and registers that hardware would give. Elsewhere it is delivered only when a test meant it
 * (the instruction is a probe of fault_expect_*()); otherwise it goes to whoever had the signal
 * before, so that a sanitizer reports it. SIGILL, SIGFPE and SIGTRAP are delivered as #UD, #DE, #BP
 * and #DB.
 *
 * TRAP_NMI_SIGNAL, sent to the thread of a CPU, is an NMI; it is ignored outside the gate and while
 * the simulated TLB is being changed.
 */
#define TRAP_NMI_SIGNAL SIGUSR1
void trap_init(void);
/* Each thread needs a signal stack of its own before its first fault. */
void trap_init_thread(void);
