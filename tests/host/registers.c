/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include "machine.h"
#include "platform.h"
#include "translations.h"

/*
 * platform.h: control registers, TLB instructions and model-specific registers of the simulated
 * machine. What a CPU answers with #GP ends the run, with the instruction named: our code must
 * never do it.
 */

enum {
	MSR_APIC_BASE = 0x1b,
	MSR_MTRRCAP = 0xfe,
	MSR_PHYSBASE0 = 0x200,
	MSR_PAT = 0x277,
	MSR_MTRR_DEF_TYPE = 0x2ff
};
static const uint32_t MSR_EFER = 0xc0000080;

/* PSE, PAE and MCE beside those that mmu.c knows; PCIDE is not offered. */
static const uint64_t CR4_KNOWN = 0x7ff | MMU_CR4_LA57 | MMU_CR4_SMEP | MMU_CR4_SMAP;
static const uint64_t CR4_FLUSHES = 0xb0 | MMU_CR4_SMEP; /* PSE, PAE, PGE (4.10.4.1) */

static _Noreturn void general_protection(const char *instruction, uint64_t value)
{
	char text[128];

	snprintf(text, sizeof(text), "#GP: %s with 0x%llx", instruction, (unsigned long long)value);
	platform_abort(text);
}

uint64_t platform_read_cr2(void)
{
	return machine_this_cpu()->cr2;
}

uint64_t platform_read_cr3(void)
{
	return machine_this_cpu()->mmu.cr3;
}

uint64_t platform_read_cr4(void)
{
	return machine_this_cpu()->mmu.cr4;
}

void platform_write_cr3(uint64_t value)
{
	struct mmu *mmu = &machine_this_cpu()->mmu;

	if (value >> mmu->phys_bits)
		general_protection("MOV to CR3", value);
	mmu->cr3 = value;
	translations_flush(!(mmu->cr4 & MMU_CR4_PGE));
}

void platform_write_cr4(uint64_t value)
{
	struct mmu *mmu = &machine_this_cpu()->mmu;
	uint64_t changed = value ^ mmu->cr4;

	if ((value & ~CR4_KNOWN) || (changed & MMU_CR4_LA57) || !(value & 0x20))
		general_protection("MOV to CR4", value);
	mmu->cr4 = value;
	if (changed & CR4_FLUSHES)
		translations_flush(true);
}

void platform_invlpg(uintptr_t address)
{
	translations_flush_page(address);
}

/* Without PCIDs there is one context, number 0. */
void platform_invpcid(unsigned int type, unsigned int pcid, uintptr_t address)
{
	if (type > 3 || pcid || (type == 0 && !mmu_canonical(&machine_this_cpu()->mmu, address)))
		general_protection("INVPCID", type);
	if (type == 0)
		translations_flush_page(address);
	else
		translations_flush(type == 2);
}

/* RAM is write-back; from 3 to 4 GiB lie devices, uncacheable. */
static uint64_t mtrr_capabilities = MACHINE_MTRR_CAP, mtrr_type = MACHINE_MTRR_TYPE;
static uint64_t mtrrs[2 * MACHINE_MTRRS_MAX] = {
	0xc0000000, (((uint64_t)1 << MACHINE_PHYS_BITS) - 0x40000000) | 0x800};

void machine_set_mtrr(unsigned int nr, uint64_t base, uint64_t mask)
{
	mtrrs[2 * nr] = base;
	mtrrs[2 * nr + 1] = mask;
}

void machine_set_mtrr_use(uint64_t capabilities, uint64_t type)
{
	mtrr_capabilities = capabilities;
	mtrr_type = type;
}

static bool is_variable_mtrr(uint32_t msr)
{
	return msr >= MSR_PHYSBASE0 && msr < MSR_PHYSBASE0 + 2 * (mtrr_capabilities & 0xff);
}

/* Intel SDM vol. 3B, 16.3: three banks, of which the first has nothing and the last no address. */
static uint64_t read_machine_check(uint32_t msr)
{
	enum { MCG_CAP = 0x179, MCG_STATUS, MC0_STATUS = 0x401, MC1_STATUS = 0x405, MC1_ADDR };

	switch (msr) {
	case MCG_CAP:
		return 0x1000 | 3; /* the last one has nothing to say */
	case MCG_STATUS:
		return 5;
	case MC1_STATUS:
		return (uint64_t)0x84 << 56 | 0x135;
	case MC1_ADDR:
		return 0x1234;
	case MC0_STATUS:
		return (uint64_t)0x80 << 56 | 1;
	default:
		return 0;
	}
}

uint64_t platform_read_msr(uint32_t msr)
{
	const struct cpu *cpu = machine_this_cpu();

	if (is_variable_mtrr(msr))
		return mtrrs[msr - MSR_PHYSBASE0];
	if (msr == MSR_EFER)
		return cpu->mmu.efer;
	if (msr == 0x179 || msr == 0x17a || (msr >= 0x400 && msr < 0x400 + 4 * 3))
		return read_machine_check(msr);
	switch (msr) {
	case MSR_PAT:
		return cpu->pat;
	case MSR_MTRRCAP:
		return mtrr_capabilities;
	case MSR_MTRR_DEF_TYPE:
		return mtrr_type;
	case MSR_APIC_BASE:
		return 0xfee00800 | (platform_cpu() ? 0 : 0x100);
	}
	general_protection("RDMSR", msr);
}

static bool is_memory_type(uint64_t type)
{
	return type == 0 || type == 1 || (type >= 4 && type <= 7);
}

static void write_pat(struct cpu *cpu, uint64_t value)
{
	for (unsigned int i = 0; i < 8; i++)
		if (!is_memory_type(value >> 8 * i & 0xff))
			general_protection("WRMSR of the PAT", value);
	cpu->pat = value;
}

void platform_write_msr(uint32_t msr, uint64_t value)
{
	struct cpu *cpu = machine_this_cpu();

	if (msr == MSR_PAT)
		write_pat(cpu, value);
	else if (msr == MSR_EFER && !((value ^ cpu->mmu.efer) & ~(uint64_t)(MMU_EFER_NXE | 1)))
		cpu->mmu.efer = value;
	else
		general_protection("WRMSR", msr);
}
