/* SPDX-License-Identifier: BSD-2-Clause */
#include "platform.h"

/* All that mm/ and pagetables/ ask of a kernel with one CPU: platform.h, the smallest that is
 * whole. The log goes to QEMU's debug port. */

#define GIVES(type_, call_, value_)                                                                \
	type_ platform_##call_                                                                     \
	{                                                                                          \
		return value_;                                                                     \
	}
#define READS(register_)                                                                           \
	uint64_t platform_read_##register_(void)                                                   \
	{                                                                                          \
		uint64_t value;                                                                    \
		__asm__ volatile("mov %%" #register_ ", %0" : "=r"(value) : : "memory");           \
		return value;                                                                      \
	}
#define WRITES(register_)                                                                          \
	void platform_write_##register_(uint64_t value)                                            \
	{                                                                                          \
		__asm__ volatile("mov %0, %%" #register_ : : "r"(value) : "memory");               \
	}

static uint64_t turns;
static const struct cpu_features features = {
	.nx = true, .pge = true, .pat = true, .phys_bits = 36, .levels = 4};

GIVES(const struct cpu_features *, cpu_features(void), &features)
GIVES(unsigned int, nr_cpus(void), 1)
GIVES(bool, cpu_inside(unsigned int cpu), cpu == 0)
GIVES(uint64_t, relaxed(unsigned int cpu), turns + cpu)
GIVES(uint64_t, ticks(void), __builtin_ia32_rdtsc())
GIVES(uint64_t, ticks_per_second(void), 1000000000) /* about; a kernel would measure it */
READS(cr2)
READS(cr3)
READS(cr4)
WRITES(cr3)
WRITES(cr4)

uint64_t platform_read_msr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

void platform_write_msr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

void platform_invlpg(uintptr_t address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

void platform_invpcid(unsigned int type, unsigned int pcid, uintptr_t address)
{
	(void)type, (void)pcid, (void)address; /* never called: it is not among the features */
}

void platform_pause(void)
{
	__builtin_ia32_pause();
}

void platform_quiescent(void)
{
	turns++;
}

void platform_relax(void)
{
	platform_quiescent();
}

static void print(char character)
{
	__asm__ volatile("outb %b0, $0xe9" : : "a"(character));
}

void platform_log(const char *line)
{
	for (; *line; line++)
		print(*line);
	print('\n');
}

void platform_abort(const char *reason)
{
	platform_log(reason);
	for (;;)
		__asm__ volatile("outl %0, $0xf4" : : "a"(19)); /* QEMU ends with 39 */
}
