/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * GDT, TSS and IDT of one CPU (Intel SDM vol. 3A, 3.5, 6.14, 7.7). The GDT is a copy of the
 * firmware's with our TSS appended, so that selectors mean the same on both sides of the gate. NMI,
 * double fault, machine check and page fault have stacks of their own (IST 1 to 4).
 */

struct table_register { /* as LGDT and LIDT want it */
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

enum { GDT_BYTES_MAX = 4096, IST_STACK_BYTES = 8192, NR_IST = 4 };

struct cpu_descriptors; /* one a CPU, in the image's data; sizeof is known to descriptors.c */

/* The descriptors of CPU `cpu`; NULL beyond what the image has room for. */
struct cpu_descriptors *descriptors_of(unsigned int cpu);
/*
 * Fills GDT, TSS and IDT anew; `code_selector` is what interrupt gates use (the firmware's CS).
 * 0, or -EINVAL when the firmware's GDT is too large to copy.
 */
int descriptors_fill(struct cpu_descriptors *descriptors, const struct table_register *firmware_gdt,
		     uint16_t code_selector);
void descriptors_registers(struct cpu_descriptors *descriptors, struct table_register *gdt,
			   struct table_register *idt, uint16_t *task_selector);
/* LTR faults on a busy TSS: marks it available again. */
void descriptors_task_available(struct cpu_descriptors *descriptors);
