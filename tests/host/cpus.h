/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/*
 * Threads as CPUs. Each has its registers (machine.h), its signal stack, and is inside the gate
 * only while it runs something here; CPU 0 is whoever called cpus_start().
 */

/* Starts the threads of CPUs 1 and up; they wait. */
void cpus_start(void);
/* As runner_options.run_on_cpus: on CPUs 0, the caller, to nr - 1. The gate of CPU 0 is closed. */
unsigned int cpus_run(unsigned int nr, void (*function)(void *context), void *context);
/* Ends the threads. */
void cpus_stop(void);
