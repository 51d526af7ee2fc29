/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * The processors of this machine, by way of the firmware's MP services: who is there, who takes
 * part as CPU 0 (the one that the firmware has started us on) to cpus_nr() - 1, and how the others
 * are called. What they do inside the gate is crew.h's business. Everything here: gate open, on the
 * first CPU.
 */

enum { CPUS_MAX = 16 /* as many as descriptors.c has room for */ };

struct cpu_place {
	uint32_t apic_id, package, core, thread;
};

/*
 * Finds the processors and has each come once. `wanted`: how many are to take part, all bits for
 * all of them, 0 for all under a hypervisor and one elsewhere. Those that are disabled, have failed
 * or do not come are named, in a line each, and the run goes on without them.
 */
void cpus_find(uint64_t wanted);
/* How many take part: 1 before cpus_find(), then the same number for the whole run. */
unsigned int cpus_nr(void);
const struct cpu_place *cpus_place(unsigned int cpu);
/* "APIC id 2, package 0, core 2, thread 0"; the buffer is one for all. */
const char *cpus_describe(unsigned int cpu);

/*
 * Calls `come` on every CPU but the first one: on the firmware's stack there, which is small,
 * interrupts off, platform_cpu() in place. Returns at once; nobody is called again before
 * cpus_all_back(). False, and a line: the firmware refused.
 */
bool cpus_dispatch(void (*come)(void));
/* Waits, with a bound, until the firmware has seen that all have returned from `come`. */
bool cpus_all_back(void);
/* The same as both, but the firmware waits: false when it says that not all were back in time. */
bool cpus_call(void (*come)(void));
/* `cpu` does not return: the firmware resets it at the next cpus_reset_lost(), and it is never
 * called again. Any CPU, gate closed too. */
void cpus_lose(unsigned int cpu);
bool cpus_is_lost(unsigned int cpu);
/* Whether there is any that was not reset yet; and resets them. */
bool cpus_have_to_reset(void);
void cpus_reset_lost(void);
/* After the last call: the firmware gets its processors back as they were. */
void cpus_end(void);
