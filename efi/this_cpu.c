/* SPDX-License-Identifier: BSD-2-Clause */
#include "this_cpu.h"
#include "instructions.h"
#include "platform.h"

enum { MSR_GS_BASE = 0xc0000101 };

static struct this_cpu {
	unsigned int number; /* first: platform_cpu() reads it */
	uint64_t firmware_base;
} __attribute__((aligned(64))) all[PLATFORM_CPUS_MAX];

void this_cpu_become(unsigned int cpu)
{
	all[cpu].number = cpu;
	all[cpu].firmware_base = read_msr(MSR_GS_BASE);
	this_cpu_renew(cpu);
}

void this_cpu_renew(unsigned int cpu)
{
	write_msr(MSR_GS_BASE, (uintptr_t)&all[cpu]);
}

void this_cpu_end(void)
{
	write_msr(MSR_GS_BASE, all[platform_cpu()].firmware_base);
}
