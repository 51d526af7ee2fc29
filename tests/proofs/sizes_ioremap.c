/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"
#include "ioremap.c"

/*
 * From a physical range to pages, for every address and size of 64 bits and every width of physical
 * addresses: what is mapped is whole pages, holds the range and begins and ends in pages of it, and
 * the pointer leads to its first byte. What is empty, wraps around or lies beyond what the CPU
 * addresses is refused before. Bound: no RAM is known, and no other mapping.
 */
static phys_addr_t phys;
static size_t size;
static struct area area;
static struct cpu_features features;
static bool reserved;

const struct cpu_features *platform_cpu_features(void)
{
	return &features;
}

/* As it says of itself: for so many bytes. */
struct vm_request vm_request_for(unsigned long bytes, const void *caller)
{
	return (struct vm_request){.size = bytes, .caller = caller};
}

struct area *vm_reserve(const struct vm_request *request)
{
	phys_addr_t start = phys & PAGE_MASK, last = phys + (size - 1);

	PROVE(size > 0 && last >= phys && !(last >> features.phys_bits));
	PROVE(request->size > 0 && !(request->size & ~PAGE_MASK));
	PROVE(start + (request->size - 1) >= last);
	PROVE(start + (request->size - PAGE_SIZE) <= last);
	PROVE(!(request->align & (request->align - 1)) && request->align >= PAGE_SIZE);
	PROVE(!((start + request->skew) & (request->align - 1)));
	reserved = true;
	return &area;
}

int map_range(struct space *space, uintptr_t virt, phys_addr_t start, size_t mapped, pgprot_t prot,
	      unsigned int max_level)
{
	(void)space;
	(void)prot;
	(void)max_level;
	PROVE(virt == area.va.va_start && start == (phys & PAGE_MASK));
	PROVE(start + (mapped - 1) >= phys + (size - 1));
	return 0;
}

const struct memory_range *memblock_ranges(size_t *nr)
{
	*nr = 0;
	return NULL;
}

struct area *vmap_area_pin_next(uintptr_t start)
{
	(void)start;
	return NULL;
}

int main(void)
{
	static char window[2 * 4096];
	char *at;

	phys = ANY(phys_addr_t);
	size = ANY(size_t);
	features.phys_bits = 32 + (ANY(uint8_t) & 31);
	ASSUME(features.phys_bits <= 52);
	area.vm.addr = window;
	at = ioremap(phys, size);
	PROVE(IMPLIES(at, reserved && at == window + (phys & ~PAGE_MASK)));
	return 0;
}
