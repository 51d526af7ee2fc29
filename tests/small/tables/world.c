/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "platform.h"
#include "tlb.h"

/* What pagetables/ asks for, as little of it as there can be: one CPU, memory in an array. */

struct space kernel_space;
uintptr_t page_offset_base;
__thread unsigned int machine_this_cpu_number;
struct world world;

/* Frame 0 is never handed out: 0 means that there is none. */
static phys_addr_t alloc_table(void *context, bool low)
{
	(void)context;
	(void)low;
	if (world.budget == 0)
		return 0;
	world.budget--;
	for (unsigned int frame = 1; frame < WORLD_FRAMES; frame++) {
		if (world.used >> frame & 1)
			continue;
		world.used |= (uint64_t)1 << frame;
		memset(world_table(frame), 0, WORLD_TABLE_BYTES);
		return (phys_addr_t)frame << PAGE_SHIFT;
	}
	world_fail("no frame is left");
}

/* What was freed holds rubbish, so that whoever still walks through it is noticed. */
static void free_table(void *context, phys_addr_t table)
{
	unsigned int frame = (unsigned int)(table >> PAGE_SHIFT);

	(void)context;
	if (!frame || frame >= WORLD_FRAMES || !(world.used >> frame & 1))
		world_fail("a table is freed that is none");
	if (world.flushes == world.flushes_before)
		world_fail("a table is freed without a flush");
	world.used &= ~((uint64_t)1 << frame);
	memset(world_table(frame), 0xa5, WORLD_TABLE_BYTES);
}

/* The frames lie 4 KiB apart, as their addresses say; only the front of each is used. */
static char memory[WORLD_FRAMES << PAGE_SHIFT] __attribute__((aligned(1 << PAGE_SHIFT)));

entry_t *world_table(unsigned int frame)
{
	return (entry_t *)(memory + ((size_t)frame << PAGE_SHIFT));
}

void world_start(void)
{
	struct table_source source = {.alloc = alloc_table, .free = free_table};

	page_offset_base = (uintptr_t)memory;
	space_set_source(&source);
	world.budget = WORLD_FRAMES;
	kernel_space = (struct space){.levels = 4, .lock = SPINLOCK("space", LOCK_RANK_SPACE)};
	kernel_space.root = alloc_table(NULL, true);
}

void world_save(struct snapshot *snapshot)
{
	snapshot->used = world.used;
	memcpy(snapshot->nr_tables, kernel_space.tables, sizeof(snapshot->nr_tables));
	for (unsigned int frame = 1; frame < WORLD_FRAMES; frame++)
		memcpy(snapshot->tables[frame], world_table(frame), WORLD_TABLE_BYTES);
}

void world_restore(const struct snapshot *snapshot)
{
	world.used = snapshot->used;
	memcpy(kernel_space.tables, snapshot->nr_tables, sizeof(snapshot->nr_tables));
	for (unsigned int frame = 1; frame < WORLD_FRAMES; frame++)
		memcpy(world_table(frame), snapshot->tables[frame], WORLD_TABLE_BYTES);
}

_Noreturn void world_fail(const char *what)
{
	printf("# %s\nnot ok 1 small.tables\n", what);
	exit(1);
}

/* tlb.h: flushes are counted, and asked for before a table is freed. */
void tlb_flush_all(void)
{
	world.flushes++;
}

void tlb_flush_range(uintptr_t start, uintptr_t end)
{
	(void)start;
	(void)end;
	world.flushes++;
}

/* platform.h */
void platform_log(const char *line)
{
	printf("%s\n", line);
}

_Noreturn void platform_abort(const char *reason)
{
	world_fail(reason);
}

const struct cpu_features *platform_cpu_features(void)
{
	static const struct cpu_features features = {.nx = true, .gib_leaves = true, .levels = 4};

	return &features;
}

uint64_t platform_ticks(void)
{
	return 0;
}

uint64_t platform_ticks_per_second(void)
{
	return 1;
}

uint64_t platform_read_msr(uint32_t msr)
{
	(void)msr;
	return 0;
}

void platform_pause(void)
{
}
