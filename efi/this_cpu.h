/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/*
 * Which CPU of the run a processor is: GS base leads to its number, from the first of our code to
 * the last, gate open or closed. Firmware uses no segment bases (UEFI 2.3.4: selectors are flat
 * and otherwise not used), but gets its own back.
 */

/* This processor is CPU `cpu` from here on; before anything asks platform_cpu(). */
void this_cpu_become(unsigned int cpu);
/* The same again, where somebody else may have changed GS. */
void this_cpu_renew(unsigned int cpu);
/* This processor gets the firmware's GS base back, and is no CPU of ours any more. */
void this_cpu_end(void);
