/* SPDX-License-Identifier: BSD-2-Clause */
#include "descriptors.c"

#include "test.h"

/*
 * The tables that a CPU is given on the machine, read as the CPU reads them: field by field from
 * the manual (Intel SDM vol. 3A), with no structure of descriptors.c.
 */

/* The stubs are assembly that a process does not run; only where they are counts. */
const char fault_stubs[NR_VECTORS * FAULT_STUB_BYTES];

enum { CODE_SELECTOR = 0x38, FIRMWARE_BYTES = 0x48 - 2 }; /* a limit that ends within an entry */

static uint8_t firmware_gdt[GDT_BYTES_MAX];
static struct table_register gdt, idt;
static uint16_t task_selector;

static struct table_register firmware(size_t bytes)
{
	for (unsigned int i = 0; i < GDT_BYTES_MAX; i++)
		firmware_gdt[i] = (uint8_t)(i + 1);
	return (struct table_register){.base = (uintptr_t)firmware_gdt,
				       .limit = (uint16_t)(bytes - 1)};
}

static struct cpu_descriptors *fill(size_t bytes)
{
	struct table_register theirs = firmware(bytes);
	struct cpu_descriptors *ours = descriptors_of(1);

	require(ours);
	require_equal(descriptors_fill(ours, &theirs, CODE_SELECTOR), 0);
	descriptors_registers(ours, &gdt, &idt, &task_selector);
	return ours;
}

/* `size` bytes, the lowest first. */
static uint64_t read_at(uint64_t address, unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, (const void *)(uintptr_t)address, size);
	return value;
}

/* Figure 7-4. */
static uint64_t task_base(void)
{
	uint64_t at = gdt.base + task_selector;

	return read_at(at + 2, 3) | read_at(at + 7, 1) << 24 | read_at(at + 8, 4) << 32;
}

TEST(descriptors, gdt, "the GDT is the firmware's, with a task of 104 bytes behind it")
{
	fill(FIRMWARE_BYTES);
	expect(!memcmp((const void *)(uintptr_t)gdt.base, firmware_gdt, FIRMWARE_BYTES));
	expect_equal(read_at(gdt.base + FIRMWARE_BYTES, 2), 0);
	expect_equal(task_selector, 0x48);
	expect_equal(gdt.limit, 0x48 + 16 - 1);
	expect_equal(read_at(gdt.base + task_selector, 2), 103);
	expect_equal(read_at(gdt.base + task_selector + 5, 2), 0x0089);
	expect_equal(read_at(gdt.base + task_selector + 12, 4), 0);
	expect_equal(read_at(task_base() + 102, 2), 104);
}

TEST(descriptors, task_available, "a task that the CPU has marked busy is made available again")
{
	struct cpu_descriptors *ours = fill(FIRMWARE_BYTES);
	uint8_t *type = (uint8_t *)(uintptr_t)(gdt.base + task_selector + 5);

	*type = 0x8b;
	descriptors_task_available(ours);
	expect_equal(*type, 0x89);
}

/* Figures 6-8 and 7-11. */
TEST(descriptors, gates, "each vector has its stub; four of them have stacks that touch no other")
{
	static const struct {
		unsigned int vector, ist;
	} own[] = {{2, 1}, {8, 2}, {18, 3}, {14, 4}};
	uint64_t top[NR_IST];

	fill(FIRMWARE_BYTES);
	expect_equal(idt.limit, 256 * 16 - 1);
	for (unsigned int vector = 0; vector < 256; vector++) {
		uint64_t gate = idt.base + vector * 16, ist = 0;

		for (unsigned int i = 0; i < NR_IST; i++)
			ist = own[i].vector == vector ? own[i].ist : ist;
		expect_equal(read_at(gate, 2) | read_at(gate + 6, 6) << 16,
			     (uintptr_t)fault_stubs + vector * FAULT_STUB_BYTES);
		expect_equal(read_at(gate + 2, 2), CODE_SELECTOR);
		expect_equal(read_at(gate + 4, 2), 0x8e00 | ist);
		expect_equal(read_at(gate + 12, 4), 0);
	}
	for (unsigned int i = 0; i < NR_IST; i++) {
		top[i] = read_at(task_base() + 36 + 8 * i, 8);
		expect_equal(top[i] % 16, 0);
		for (unsigned int j = 0; j < i; j++)
			expect(top[i] >= top[j] + IST_STACK_BYTES ||
			       top[j] >= top[i] + IST_STACK_BYTES);
	}
}

TEST(descriptors, too_large, "a GDT that leaves no room for the task is refused; nothing changes")
{
	struct table_register theirs = firmware(GDT_BYTES_MAX - 15);
	struct cpu_descriptors *ours = fill(GDT_BYTES_MAX - 16);
	uint64_t base = task_base();

	expect_equal(task_selector, GDT_BYTES_MAX - 16);
	expect_equal(descriptors_fill(ours, &theirs, CODE_SELECTOR), -EINVAL);
	expect_equal(task_base(), base);
}

TEST(descriptors, cpus, "sixteen CPUs have descriptors of their own, and no more")
{
	for (unsigned int cpu = 0; cpu < 16; cpu++) {
		expect(descriptors_of(cpu));
		expect(cpu == 0 || descriptors_of(cpu) != descriptors_of(cpu - 1));
	}
	expect(!descriptors_of(16));
}
