/* SPDX-License-Identifier: BSD-2-Clause */
#include "stacks.h"
#include "cpus.h"
#include "lib/errno.h"
#include "map.h"
#include "memblock.h"
#include "vmalloc.h"

static struct {
	struct vm_struct area;
	phys_addr_t phys;
} stacks[CPUS_MAX];

static int map_stack(struct vm_struct *area, phys_addr_t *phys)
{
	*phys = memblock_alloc(RUN_STACK_BYTES, PAGE_SIZE, 0);
	if (!*phys)
		return -ENOMEM;
	area->flags = VM_MAP;
	area->size = RUN_STACK_BYTES;
	area->caller = (void *)map_stack;
	vm_area_register_early(area, PAGE_SIZE);
	return map_range(&kernel_space, (uintptr_t)area->addr, *phys, RUN_STACK_BYTES, PAGE_KERNEL,
			 LEVEL_PTE);
}

int stacks_map(void)
{
	int error = 0;

	for (unsigned int cpu = 0; cpu < cpus_nr() && !error; cpu++)
		error = map_stack(&stacks[cpu].area, &stacks[cpu].phys);
	return error;
}

uintptr_t stack_top(unsigned int cpu)
{
	return (uintptr_t)stacks[cpu].area.addr + RUN_STACK_BYTES;
}

/* Gate open: the firmware maps its memory one to one. */
uint64_t *stack_top_now(unsigned int cpu)
{
	return (uint64_t *)(uintptr_t)(stacks[cpu].phys + RUN_STACK_BYTES);
}
