/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdint.h>
#include "descriptors.h"

/*
 * Single instructions that C has no words for (Intel SDM vol. 2). Nothing here decides anything.
 */

static inline uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out8_bytes(uint16_t port, const char *bytes, uint64_t nr)
{
	__asm__ volatile("rep outsb" : "+S"(bytes), "+c"(nr) : "d"(port) : "memory");
}

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

static inline uint64_t read_msr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void write_msr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

#define DEFINE_CONTROL_REGISTER(name)                                                              \
	static inline uint64_t read_##name(void)                                                   \
	{                                                                                          \
		uint64_t value;                                                                    \
                                                                                                   \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(value) : : "memory");                \
		return value;                                                                      \
	}                                                                                          \
	static inline void write_##name(uint64_t value)                                            \
	{                                                                                          \
		__asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory");                    \
	}
DEFINE_CONTROL_REGISTER(cr0)
DEFINE_CONTROL_REGISTER(cr2)
DEFINE_CONTROL_REGISTER(cr3)
DEFINE_CONTROL_REGISTER(cr4)
#undef DEFINE_CONTROL_REGISTER

static inline struct table_register read_gdtr(void)
{
	struct table_register table;

	__asm__ volatile("sgdt %0" : "=m"(table));
	return table;
}

static inline struct table_register read_idtr(void)
{
	struct table_register table;

	__asm__ volatile("sidt %0" : "=m"(table));
	return table;
}

static inline void write_gdtr(const struct table_register *table)
{
	__asm__ volatile("lgdt %0" : : "m"(*table) : "memory");
}

static inline void write_idtr(const struct table_register *table)
{
	__asm__ volatile("lidt %0" : : "m"(*table) : "memory");
}

static inline uint16_t read_task_register(void)
{
	uint16_t selector;

	__asm__ volatile("str %0" : "=r"(selector));
	return selector;
}

static inline void write_task_register(uint16_t selector)
{
	__asm__ volatile("ltr %0" : : "r"(selector) : "memory");
}

static inline uint16_t read_ldtr(void)
{
	uint16_t selector;

	__asm__ volatile("sldt %0" : "=r"(selector));
	return selector;
}

static inline uint16_t read_cs(void)
{
	uint16_t selector;

	__asm__ volatile("mov %%cs, %0" : "=r"(selector));
	return selector;
}

static inline uint16_t read_ds(void)
{
	uint16_t selector;

	__asm__ volatile("mov %%ds, %0" : "=r"(selector));
	return selector;
}

static inline uint16_t read_es(void)
{
	uint16_t selector;

	__asm__ volatile("mov %%es, %0" : "=r"(selector));
	return selector;
}

static inline uint16_t read_ss(void)
{
	uint16_t selector;

	__asm__ volatile("mov %%ss, %0" : "=r"(selector));
	return selector;
}

static inline uint64_t read_flags(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags) : : "memory");
	return flags;
}

static inline void interrupts_off(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void interrupts_on(void)
{
	__asm__ volatile("sti" : : : "memory");
}

/* As if an NMI had come, but that no further one is held back (vol. 3A, 6.7.1). */
static inline void raise_nmi_vector(void)
{
	__asm__ volatile("int $2" : : : "memory");
}

static inline void write_back_caches(void)
{
	__asm__ volatile("wbinvd" : : : "memory");
}

static inline uint64_t read_time_stamp(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}
