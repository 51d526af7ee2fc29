/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "platform.h"

/*
 * The local APIC, as far as CPUs name and call each other by it (Intel SDM vol. 3A, chapter 11).
 * Its mode, xAPIC or x2APIC, is the one that the firmware has chosen.
 */

/* This processor's id (vol. 2A, CPUID: leaf 0BH has all 32 bits, leaf 01H the lowest 8). */
uint32_t apic_id(void);
/* What an id says of where the processor is, as this one counts (vol. 3A, 9.9.3). */
void apic_place(uint32_t id, uint32_t *package, uint32_t *core, uint32_t *thread);
/* Where the registers lie, and whether they are MSRs instead, so that memory is not needed. */
phys_addr_t apic_phys(void);
bool apic_by_msr(void);

enum apic_signal {
	APIC_NMI = 0x4400, /* vol. 3A, 11.6.1: delivery mode, level "assert" */
	APIC_INIT = 0x4500,
	APIC_STARTUP = 0x4600, /* plus the page number of where to start */
};
/*
 * Sends `signal` to the processor `id`. `registers`: apic_phys() as this CPU's tables map it; not
 * used by MSR. False: the one before has not left within a bound, and this one was not sent.
 */
bool apic_send(volatile void *registers, uint32_t id, uint32_t signal);
