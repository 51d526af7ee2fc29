/* SPDX-License-Identifier: BSD-2-Clause */
#include "apic.h"
#include "instructions.h"

enum {
	MSR_APIC_BASE = 0x1b,
	MSR_X2APIC_ICR = 0x830,
	ICR_LOW = 0x300, /* offsets in bytes */
	ICR_HIGH = 0x310,
	ICR_PENDING = 1 << 12,
	TURNS_MAX = 1000000,
};
#define APIC_BASE_X2 ((uint64_t)1 << 10)
#define APIC_BASE_ADDRESS ((uint64_t)0x000ffffffffff000)

uint32_t apic_id(void)
{
	if (cpuid(0, 0).eax >= 0xb && cpuid(0xb, 0).ebx)
		return cpuid(0xb, 0).edx;
	return cpuid(1, 0).ebx >> 24;
}

/* Without leaf 0BH every id counts as a core. */
void apic_place(uint32_t id, uint32_t *package, uint32_t *core, uint32_t *thread)
{
	bool says = cpuid(0, 0).eax >= 0xb && cpuid(0xb, 0).ebx;
	uint32_t threads = says ? cpuid(0xb, 0).eax & 31 : 0;
	uint32_t cores = says ? cpuid(0xb, 1).eax & 31 : 31;

	*thread = id & ~(~(uint32_t)0 << threads);
	*core = (id & ~(~(uint32_t)0 << cores)) >> threads;
	*package = id >> cores;
}

phys_addr_t apic_phys(void)
{
	return read_msr(MSR_APIC_BASE) & APIC_BASE_ADDRESS;
}

bool apic_by_msr(void)
{
	return read_msr(MSR_APIC_BASE) & APIC_BASE_X2;
}

static volatile uint32_t *at(volatile void *registers, unsigned int offset)
{
	return (volatile uint32_t *)((volatile uint8_t *)registers + offset);
}

/* By memory the command goes out when its low half is written. */
bool apic_send(volatile void *registers, uint32_t id, uint32_t signal)
{
	if (apic_by_msr()) {
		write_msr(MSR_X2APIC_ICR, (uint64_t)id << 32 | signal);
		return true;
	}
	for (int turn = 0; *at(registers, ICR_LOW) & ICR_PENDING; turn++) {
		if (turn == TURNS_MAX)
			return false;
		__builtin_ia32_pause();
	}
	*at(registers, ICR_HIGH) = id << 24;
	*at(registers, ICR_LOW) = signal;
	return true;
}
