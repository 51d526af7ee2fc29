/* SPDX-License-Identifier: BSD-2-Clause */
#include "ioremap.h"
#include "memblock.h"
#include "pat.h"
#include "vm_area.h"
#include "walk.h"

static const struct firmware_range *firmware;
static size_t nr_firmware;

void ioremap_set_ram(const struct firmware_range *ranges, size_t nr)
{
	firmware = ranges;
	nr_firmware = nr;
}

const struct firmware_range *ioremap_ram(size_t *nr)
{
	*nr = nr_firmware;
	return firmware;
}

phys_addr_t ioremap_ram_end(void)
{
	phys_addr_t end = memblock_end();

	for (size_t i = 0; i < nr_firmware; i++)
		if (firmware[i].kind == FIRMWARE_RAM && firmware[i].end > end)
			end = firmware[i].end;
	return end;
}

static bool is_ours(phys_addr_t start, phys_addr_t end)
{
	size_t nr;
	const struct memory_range *ranges = memblock_ranges(&nr);

	for (size_t i = 0; i < nr; i++)
		if (start < ranges[i].end && end > ranges[i].start)
			return true;
	return false;
}

/* Whether the firmware's map has RAM there; what it reserved only counts when asked for. */
static bool is_ram(phys_addr_t start, phys_addr_t end, bool reserved_too)
{
	for (size_t i = 0; i < nr_firmware; i++)
		if (start < firmware[i].end && end > firmware[i].start &&
		    (reserved_too || firmware[i].kind == FIRMWARE_RAM))
			return true;
	return is_ours(start, end);
}

struct mapping {
	phys_addr_t phys; /* as asked for */
	size_t size;
	enum page_cache_mode mode;
	bool reserved; /* the firmware's reserved memory will do */
	const void *caller;
};

static const char *fault_of(const struct mapping *mapping)
{
	phys_addr_t last = mapping->phys + mapping->size - 1;

	if (mapping->size == 0)
		return "size 0";
	if (last < mapping->phys)
		return "a range that wraps around";
	if (last >> platform_cpu_features()->phys_bits)
		return "a range beyond what the CPU addresses";
	if (is_ram(mapping->phys & PAGE_MASK, (last | ~PAGE_MASK) + 1, !mapping->reserved))
		return "RAM";
	return NULL;
}

static enum page_cache_mode mode_of(const struct area *area)
{
	struct leaf leaf;

	if (!walk_lookup_any(&kernel_space, area->va.va_start, &leaf))
		return _PAGE_CACHE_MODE_NUM;
	return pgprot2cachemode(leaf.prot);
}

/* Whether another area maps a part of the range of `mine` with another type. */
static bool conflicts(const struct area *mine, enum page_cache_mode mode)
{
	phys_addr_t start = mine->vm.phys_addr & PAGE_MASK;
	phys_addr_t end = start + get_vm_area_size(&mine->vm);
	bool conflict = false;
	struct area *area;

	for (uintptr_t at = VMALLOC_START; !conflict && (area = vmap_area_pin_next(at));
	     vmap_area_unpin(area)) {
		const struct vm_struct *vm = area->va.vm;
		phys_addr_t other = vm->phys_addr & PAGE_MASK;

		at = area->va.va_start;
		if (area != mine && vm->flags & VM_IOREMAP && other)
			conflict = start < other + get_vm_area_size(vm) && end > other &&
				   mode_of(area) != mode;
	}
	return conflict;
}

static struct area *map(const char *call, const struct mapping *mapping)
{
	phys_addr_t start = mapping->phys & PAGE_MASK;
	struct vm_request request =
		vm_request_for((mapping->phys - start + mapping->size + PAGE_SIZE - 1) & PAGE_MASK,
			       mapping->caller);
	pgprot_t prot = pgprot_cachemode(PAGE_KERNEL, mapping->mode);
	struct area *area;

	request.flags = VM_IOREMAP;
	request.by_hand = true;
	request.align = PAGE_SIZE;
	if (request.size >= PMD_SIZE) { /* congruent to the frames, so that large leaves fit */
		request.align = request.size >= PUD_SIZE ? PUD_SIZE : PMD_SIZE;
		request.skew = -start & (request.align - 1);
	}
	area = vm_reserve(&request);
	if (area &&
	    !map_range(&kernel_space, area->va.va_start, start, request.size, prot, LEVEL_PUD)) {
		area->vm.phys_addr = mapping->phys;
		return area;
	}
	if (area)
		vmap_area_free_unused(area);
	vm_no_memory(call, &request);
	return NULL;
}

static void *remap(const char *call, const struct mapping *mapping)
{
	const char *fault = fault_of(mapping);
	struct area *area;

	if (!vmap_area_is_up() || !vm_may_wait(call, GFP_KERNEL, mapping->caller))
		return NULL;
	if (fault) {
		vm_refuse(call, mapping->caller, "0x%llx, %zu bytes: %s",
			  (unsigned long long)mapping->phys, mapping->size, fault);
		return NULL;
	}
	area = map(call, mapping);
	if (!area)
		return NULL;
	vm_publish(area); /* first seen, then checked: of two that conflict none is overlooked */
	if (!conflicts(area, mapping->mode))
		return (char *)area->vm.addr + (mapping->phys & ~PAGE_MASK);
	if (vmap_area_claim(area)) /* by chance: another CPU was told of it, and unmaps it */
		vm_unmap_area(area, mapping->caller);
	vm_refuse(call, mapping->caller, "0x%llx is mapped with another memory type",
		  (unsigned long long)mapping->phys);
	return NULL;
}

#define IOREMAP(name, type)                                                                        \
	void *name(phys_addr_t phys, size_t size)                                                  \
	{                                                                                          \
		struct mapping mapping = {                                                         \
			.phys = phys, .size = size, .mode = type, .caller = CALLER_OF_THIS};       \
                                                                                                   \
		return remap(#name, &mapping);                                                     \
	}

IOREMAP(ioremap, _PAGE_CACHE_MODE_UC_MINUS)
IOREMAP(ioremap_uc, _PAGE_CACHE_MODE_UC)
IOREMAP(ioremap_wc, _PAGE_CACHE_MODE_WC)
IOREMAP(ioremap_wt, _PAGE_CACHE_MODE_WT)
IOREMAP(ioremap_cache, _PAGE_CACHE_MODE_WB)

static void unmap(const char *call, const void *addr, const void *caller)
{
	struct area *area;

	if (!addr || !vm_may_wait(call, GFP_KERNEL, caller))
		return;
	area = vm_claim(call, (const void *)((uintptr_t)addr & PAGE_MASK), VM_IOREMAP, 0, caller);
	if (area)
		vm_unmap_area(area, caller);
}

void iounmap(const void *addr)
{
	unmap("iounmap", addr, CALLER_OF_THIS);
}

void *memremap(phys_addr_t phys, size_t size, unsigned long flags)
{
	struct mapping mapping = {.phys = phys, .size = size, .caller = CALLER_OF_THIS};

	switch (flags) {
	case MEMREMAP_WB:
		mapping.mode = _PAGE_CACHE_MODE_WB;
		mapping.reserved = true;
		break;
	case MEMREMAP_WT:
		mapping.mode = _PAGE_CACHE_MODE_WT;
		break;
	case MEMREMAP_WC:
		mapping.mode = _PAGE_CACHE_MODE_WC;
		break;
	default:
		vm_refuse("memremap", mapping.caller, "flags 0x%lx", flags);
		return NULL;
	}
	return remap("memremap", &mapping);
}

void memunmap(void *addr)
{
	unmap("memunmap", addr, CALLER_OF_THIS);
}
