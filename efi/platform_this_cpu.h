/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/*
 * platform_cpu() on the machine, in one load: it stands in the middle of every short cut, and a
 * call there would cost each of them its registers. The boot processor is the only one that runs
 * our code.
 */

extern unsigned int platform_boot_cpu __attribute__((visibility("hidden")));

static inline unsigned int platform_cpu(void)
{
	return platform_boot_cpu;
}
