/* SPDX-License-Identifier: BSD-2-Clause */
#include "descriptors.h"
#include "fault_probe.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "platform.h"

/* Intel SDM vol. 3A: 7.2.3 (descriptor), 7.7 (TSS), 6.14.1 (gate) */
enum { NR_VECTORS = 256, TASK_DESCRIPTOR_BYTES = 16 };
enum { TYPE_TASK_AVAILABLE = 0x89, TYPE_TASK_BUSY_BIT = 0x2, TYPE_INTERRUPT_GATE = 0x8e };

struct task_state {
	uint32_t reserved0;
	uint64_t rsp[3], reserved1, ist[7], reserved2;
	uint16_t reserved3, io_map;
} __attribute__((packed));

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

struct task_descriptor {
	uint16_t limit, base_low;
	uint8_t base_middle, type, limit_high, base_high;
	uint32_t base_highest, reserved;
};

/* How many CPUs the image has room for. */
enum { DESCRIPTORS_CPUS = 16 };

struct cpu_descriptors {
	uint8_t gdt[GDT_BYTES_MAX];
	uint8_t stacks[NR_IST][IST_STACK_BYTES] __attribute__((aligned(16)));
	struct gate idt[NR_VECTORS];
	struct task_state task;
	uint16_t gdt_bytes;
} __attribute__((aligned(64)));

static struct cpu_descriptors all[DESCRIPTORS_CPUS];

/* Which stack a vector has of its own: they must work when the stack in use does not. */
static uint8_t stack_of(unsigned int vector)
{
	switch (vector) {
	case VECTOR_NMI:
		return 1;
	case VECTOR_DF:
		return 2;
	case VECTOR_MC:
		return 3;
	case VECTOR_PF:
		return 4;
	default:
		return 0;
	}
}

static void fill_idt(struct cpu_descriptors *descriptors, uint16_t code_selector)
{
	for (unsigned int vector = 0; vector < NR_VECTORS; vector++) {
		uintptr_t stub = (uintptr_t)fault_stubs + vector * FAULT_STUB_BYTES;

		descriptors->idt[vector] = (struct gate){.offset_low = (uint16_t)stub,
							 .offset_middle = (uint16_t)(stub >> 16),
							 .offset_high = (uint32_t)(stub >> 32),
							 .selector = code_selector,
							 .ist = stack_of(vector),
							 .type = TYPE_INTERRUPT_GATE};
	}
}

static void fill_task(struct cpu_descriptors *descriptors)
{
	struct task_state *task = &descriptors->task;

	memset(task, 0, sizeof(*task));
	task->io_map = sizeof(*task);
	for (unsigned int i = 0; i < NR_IST; i++)
		task->ist[i] = (uintptr_t)descriptors->stacks[i] + IST_STACK_BYTES;
}

static struct task_descriptor *task_descriptor(struct cpu_descriptors *descriptors)
{
	return (struct task_descriptor *)(void *)(descriptors->gdt + descriptors->gdt_bytes -
						  TASK_DESCRIPTOR_BYTES);
}

static void fill_task_descriptor(struct cpu_descriptors *descriptors)
{
	uintptr_t base = (uintptr_t)&descriptors->task;

	*task_descriptor(descriptors) =
		(struct task_descriptor){.limit = sizeof(struct task_state) - 1,
					 .base_low = (uint16_t)base,
					 .base_middle = (uint8_t)(base >> 16),
					 .type = TYPE_TASK_AVAILABLE,
					 .base_high = (uint8_t)(base >> 24),
					 .base_highest = (uint32_t)(base >> 32)};
}

struct cpu_descriptors *descriptors_of(unsigned int cpu)
{
	return cpu < DESCRIPTORS_CPUS ? &all[cpu] : NULL;
}

int descriptors_fill(struct cpu_descriptors *descriptors, const struct table_register *firmware_gdt,
		     uint16_t code_selector)
{
	size_t copied = ((size_t)firmware_gdt->limit + 1 + 7) & ~(size_t)7;

	if (copied + TASK_DESCRIPTOR_BYTES > GDT_BYTES_MAX)
		return -EINVAL;
	memset(descriptors->gdt, 0, sizeof(descriptors->gdt));
	memcpy(descriptors->gdt, (const void *)(uintptr_t)firmware_gdt->base,
	       (size_t)firmware_gdt->limit + 1);
	descriptors->gdt_bytes = (uint16_t)(copied + TASK_DESCRIPTOR_BYTES);
	fill_task(descriptors);
	fill_task_descriptor(descriptors);
	fill_idt(descriptors, code_selector);
	return 0;
}

void descriptors_registers(struct cpu_descriptors *descriptors, struct table_register *gdt,
			   struct table_register *idt, uint16_t *task_selector)
{
	gdt->base = (uintptr_t)descriptors->gdt;
	gdt->limit = (uint16_t)(descriptors->gdt_bytes - 1);
	idt->base = (uintptr_t)descriptors->idt;
	idt->limit = sizeof(descriptors->idt) - 1;
	*task_selector = (uint16_t)(descriptors->gdt_bytes - TASK_DESCRIPTOR_BYTES);
}

void descriptors_task_available(struct cpu_descriptors *descriptors)
{
	struct task_descriptor *descriptor = task_descriptor(descriptors);

	descriptor->type = (uint8_t)(descriptor->type & ~TYPE_TASK_BUSY_BIT);
}
