/* SPDX-License-Identifier: BSD-2-Clause */
#include "mtrr_copy.h"
#include "instructions.h"
#include "platform.h"
#include "registers.h"

enum {
	MSR_CAP = 0xfe,
	MSR_VARIABLE = 0x200, /* base and mask of each */
	MSR_TYPE = 0x2ff,
	CAP_NR_MASK = 0xff,
	CAP_FIXED = 1 << 8,
	TYPE_ENABLES = 3 << 10, /* of all, and of the fixed ones */
};

static const uint32_t fixed_msrs[MTRR_FIXED] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
						0x26b, 0x26c, 0x26d, 0x26e, 0x26f};

/* How many registers of each kind this processor has. */
static void count(unsigned int *fixed, unsigned int *variable)
{
	uint64_t capabilities = platform_cpu_features()->mtrr ? read_msr(MSR_CAP) : 0;
	unsigned int nr = capabilities & CAP_NR_MASK;

	*fixed = capabilities & CAP_FIXED ? MTRR_FIXED : 0;
	*variable = 2 * (nr < MTRR_VARIABLE_MAX ? nr : MTRR_VARIABLE_MAX);
}

void mtrr_copy_read(struct mtrr_copy *copy)
{
	unsigned int fixed, variable;

	count(&fixed, &variable);
	*copy = (struct mtrr_copy){.type = platform_cpu_features()->mtrr ? read_msr(MSR_TYPE) : 0};
	for (unsigned int i = 0; i < fixed; i++)
		copy->fixed[i] = read_msr(fixed_msrs[i]);
	for (unsigned int i = 0; i < variable; i++)
		copy->variable[i] = read_msr(MSR_VARIABLE + i);
}

static void write_registers(const struct mtrr_copy *copy)
{
	unsigned int fixed, variable;

	count(&fixed, &variable);
	write_msr(MSR_TYPE, read_msr(MSR_TYPE) & ~(uint64_t)TYPE_ENABLES);
	for (unsigned int i = 0; i < fixed; i++)
		write_msr(fixed_msrs[i], copy->fixed[i]);
	for (unsigned int i = 0; i < variable; i++)
		write_msr(MSR_VARIABLE + i, copy->variable[i]);
	write_msr(MSR_TYPE, copy->type);
}

/* The manual's sequence (12.11.8): caches off and written back, no TLB entry lives on. */
void mtrr_copy_write(const struct mtrr_copy *copy)
{
	uint64_t cr0 = read_cr0(), cr4 = read_cr4();

	if (!platform_cpu_features()->mtrr)
		return;
	write_cr0((cr0 | CR0_CD) & ~CR0_NW);
	write_back_caches();
	write_cr4(cr4 & ~CR4_PGE);
	write_cr3(read_cr3());
	write_registers(copy);
	write_back_caches();
	write_cr3(read_cr3());
	write_cr0(cr0);
	write_cr4(cr4);
}
