/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/*
 * platform_cpu() on the machine, in one load: it stands in the middle of every short cut, and a
 * call there would cost each of them its registers. GS base leads to what this CPU is
 * (this_cpu.h), on both sides of the gate.
 */
static inline unsigned int platform_cpu(void)
{
	unsigned int cpu;

	__asm__("movl %%gs:0, %0" : "=r"(cpu));
	return cpu;
}
