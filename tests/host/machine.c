/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "machine.h"
#include <sys/mman.h>
#include <unistd.h>
#include "levels.h"
#include "page.h"
#include "translations.h"

enum { POWER_ON_CR4 = 0x668, POWER_ON_EFER = 0x500 };
#define POWER_ON_CR0 ((uint64_t)0x80000033)
#define POWER_ON_PAT ((uint64_t)0x0007040600070406)

static const uint64_t MIB = 1 << 20, GIB = 1 << 30;

static int memory_fd;
static char *memory;
static struct memory_range ranges[MACHINE_RANGES_MAX];
static size_t nr_ranges;
static struct cpu cpus[PLATFORM_CPUS_MAX];
static struct machine_config machine;
__thread unsigned int machine_this_cpu_number;

static void add_range(phys_addr_t start, uint64_t size, uint16_t node)
{
	ranges[nr_ranges] = (struct memory_range){.start = start,
						  .end = start + size,
						  .descriptor = (uint32_t)(3 * nr_ranges + 2),
						  .node = node};
	nr_ranges++;
}

/*
 * Something for every zone, and every awkwardness that firmware has: ends that are aligned to a
 * page and no more, a hole of one page, a range of one page, one that ends with a piece of the page
 * array, halves below and above 4 GiB, and ranges without anything between them, of one zone or
 * node and of two.
 */
static void lay_out_memory(uint64_t size, unsigned int nodes)
{
	uint64_t below = size < 3 * GIB ? size : 3 * GIB; /* the rest lies behind it all */
	uint64_t half = (below - 16 * MIB) / 2 & PAGE_MASK;
	uint64_t quarter = (half / 4 & ~(2 * MIB - 1)) + MIB;
	uint64_t block = FRAME_BLOCK * PAGE_SIZE;
	uint16_t last = (uint16_t)(nodes - 1);

	add_range(1 * MIB, 7 * MIB, 0);
	add_range(8 * MIB + 64 * PAGE_SIZE, 8 * MIB - 64 * PAGE_SIZE, 0);
	add_range(16 * MIB, PAGE_SIZE, 0);
	add_range(16 * MIB + 2 * PAGE_SIZE, half / 2, 0);
	add_range(GIB + 5 * PAGE_SIZE, (half / 2 & ~(block - 1)) + block - 5 * PAGE_SIZE, last);
	add_range(4 * GIB, half / 2, nodes / 3);
	add_range(5 * GIB + 3 * MIB, quarter, 0);
	add_range(5 * GIB + 3 * MIB + quarter, half / 2 - quarter + size - below, last);
}

/* In the first hole: what the firmware uses itself, and what it keeps. */
static const struct firmware_range firmware_ranges[] = {
	{8 << 20, (8 << 20) + 16 * PAGE_SIZE, FIRMWARE_RAM},
	{(8 << 20) + 16 * PAGE_SIZE, (8 << 20) + 48 * PAGE_SIZE, FIRMWARE_RESERVED},
};

const struct firmware_range *machine_firmware(size_t *nr)
{
	*nr = sizeof(firmware_ranges) / sizeof(firmware_ranges[0]);
	return firmware_ranges;
}

/* At `where` (NULL: anywhere). */
static bool create_memory(void *where)
{
	uint64_t size = (uint64_t)1 << MACHINE_PHYS_BITS;
	int flags = MAP_SHARED | MAP_NORESERVE | (where ? MAP_FIXED : 0);

	memory_fd = memfd_create("physical memory", MFD_CLOEXEC);
	if (memory_fd < 0 || ftruncate(memory_fd, (off_t)size))
		return false;
	memory = mmap(where, size, PROT_READ | PROT_WRITE, flags, memory_fd, 0);
	if (memory == MAP_FAILED)
		return false;
	madvise(memory, size, MADV_DONTDUMP);
	translations_set_memory(memory_fd);
	return true;
}

static uint64_t cr4_of(unsigned int levels)
{
	return POWER_ON_CR4 | (levels == 5 ? MMU_CR4_LA57 : 0);
}

static void reset_cpu(struct cpu *cpu)
{
	cpu->mmu = (struct mmu){.cr0 = POWER_ON_CR0,
				.cr4 = cr4_of(machine.levels),
				.efer = POWER_ON_EFER,
				.phys_bits = MACHINE_PHYS_BITS,
				.gib_leaves = true,
				.memory = memory};
	cpu->pat = POWER_ON_PAT;
}

static bool is_levels(unsigned int levels)
{
	return levels == 4 || levels == 5;
}

const char *machine_start(const struct machine_config *config)
{
	if (config->memory < 24 * MIB || config->memory > 8 * GIB)
		return "memory must be between 24M and 8G";
	if (!is_levels(config->levels) || !is_levels(config->inside))
		return "levels must be 4 or 5";
	if (config->nodes < 1 || config->nodes > 3)
		return "nodes must be 1, 2 or 3";
	if (config->cpus < 1 || config->cpus > PLATFORM_CPUS_MAX)
		return "cpus must be between 1 and 64";
	if (!create_memory(NULL))
		return "no memory file";
	if (!translations_reserve(LAYOUT_WINDOW_START, LAYOUT_WINDOW_END) ||
	    !translations_reserve(USER_WINDOW_START, USER_WINDOW_END))
		return "the window's addresses are not free in this process";
	lay_out_memory(config->memory, config->nodes);
	machine = *config;
	for (unsigned int i = 0; i < machine.cpus; i++)
		reset_cpu(&cpus[i]);
	return NULL;
}

const struct memory_range *machine_ranges(size_t *nr)
{
	*nr = nr_ranges;
	return ranges;
}

char *machine_memory(void)
{
	return memory;
}

const struct machine_config *machine_config(void)
{
	return &machine;
}

void machine_visit_written(void (*visit)(void *context, phys_addr_t start, phys_addr_t end),
			   void *context)
{
	off_t start = lseek(memory_fd, 0, SEEK_DATA);

	while (start >= 0) {
		off_t end = lseek(memory_fd, start, SEEK_HOLE);

		visit(context, (phys_addr_t)start, (phys_addr_t)end);
		start = lseek(memory_fd, end, SEEK_DATA);
	}
}

static bool copy_run(int from, int to, off_t start, off_t end)
{
	while (start < end) {
		ssize_t nr = copy_file_range(from, &start, to, &(off_t){start},
					     (size_t)(end - start), 0);

		if (nr <= 0)
			return false;
	}
	return true;
}

bool machine_copy_memory(void)
{
	int from = memory_fd;
	off_t start, end;

	if (!create_memory(memory))
		return false;
	for (start = lseek(from, 0, SEEK_DATA); start >= 0; start = lseek(from, end, SEEK_DATA)) {
		end = lseek(from, start, SEEK_HOLE);
		if (!copy_run(from, memory_fd, start, end))
			return false;
	}
	translations_flush(true);
	return true;
}

struct cpu *machine_cpu(unsigned int cpu)
{
	return &cpus[cpu];
}

struct cpu *machine_this_cpu(void)
{
	return &cpus[machine_this_cpu_number];
}

void machine_become(unsigned int cpu)
{
	machine_this_cpu_number = cpu;
}

unsigned int platform_nr_cpus(void)
{
	return machine.cpus;
}

void machine_enter(phys_addr_t root)
{
	struct cpu *cpu = machine_this_cpu();

	cpu->mmu.cr0 = POWER_ON_CR0 | MMU_CR0_WP;
	cpu->mmu.efer = POWER_ON_EFER | MMU_EFER_NXE;
	cpu->mmu.cr3 = root;
	cpu->mmu.cr4 = cr4_of(machine.inside) | MMU_CR4_PGE | MMU_CR4_SMEP;
	__atomic_store_n(&cpu->inside, true, __ATOMIC_SEQ_CST);
}

void machine_leave(void)
{
	struct cpu *cpu = machine_this_cpu();

	__atomic_store_n(&cpu->inside, false, __ATOMIC_SEQ_CST);
	reset_cpu(cpu);
}
