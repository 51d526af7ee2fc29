/* SPDX-License-Identifier: BSD-2-Clause */
#include "set_memory.h"
#include "fault.h"
#include "lib/errno.h"
#include "protect.h"
#include "tlb.h"
#include "vm_area.h"

struct change {
	const char *call;
	const void *caller;
	uintptr_t addr;
	size_t size; /* bytes; 0: not valid */
};

/* Whether the whole range has page structures: nothing else of the direct map is anybody's. */
static bool is_direct(uintptr_t addr, size_t size)
{
	uint64_t pfn = (addr - layout.page_offset) >> PAGE_SHIFT, end = pfn + (size >> PAGE_SHIFT);

	if (addr < layout.page_offset || addr + size > layout.page_offset_end)
		return false;
	while (pfn < end && pfn_valid(pfn))
		pfn++;
	return pfn == end;
}

static bool is_vmalloc(uintptr_t addr, size_t size)
{
	return is_vmalloc_addr((const void *)addr) && size <= VMALLOC_END - addr;
}

/* What is wrong with the place; NULL: nothing. */
static const char *fault_of(const struct change *change)
{
	uintptr_t addr = change->addr;

	if (fault_in_handler())
		return "in an exception handler";
	if (addr & ~PAGE_MASK || change->size == 0 || addr + change->size < addr)
		return "no whole pages";
	if (!is_vmalloc(addr, change->size) && !is_direct(addr, change->size))
		return "neither in the vmalloc region nor in the direct map";
	return NULL;
}

static struct change change_of(const char *call, const void *caller, unsigned long addr, int pages)
{
	return (struct change){.call = call,
			       .caller = caller,
			       .addr = addr,
			       .size = pages > 0 ? (size_t)pages << PAGE_SHIFT : 0};
}

static int refuse(const struct change *change, int error, const char *why)
{
	vm_refuse(change->call, change->caller, "0x%lx, %lu pages: %s", (unsigned long)change->addr,
		  (unsigned long)(change->size >> PAGE_SHIFT), why);
	return error;
}

static int protect(struct change change, uint64_t set, uint64_t clear)
{
	const char *fault = fault_of(&change);
	int error;

	if (fault)
		return refuse(&change, -EINVAL, fault);
	error = protect_range(&kernel_space, change.addr, change.size, set, clear);
	if (error == -EPERM)
		return refuse(&change, error, "would be writable and executable");
	if (error == -ENOENT)
		return refuse(&change, error, "a page is not mapped");
	if (!error)
		tlb_flush_range(change.addr, change.addr + change.size);
	return error;
}

#define CHANGE change_of(__func__, __builtin_return_address(0), addr, pages)

int set_memory_ro(unsigned long addr, int pages)
{
	return protect(CHANGE, 0, _PAGE_RW);
}

int set_memory_rw(unsigned long addr, int pages)
{
	return protect(CHANGE, _PAGE_RW, 0);
}

int set_memory_x(unsigned long addr, int pages)
{
	return protect(CHANGE, 0, _PAGE_NX);
}

int set_memory_nx(unsigned long addr, int pages)
{
	return protect(CHANGE, _PAGE_NX, 0);
}

int set_memory_rox(unsigned long addr, int pages)
{
	return protect(CHANGE, 0, _PAGE_RW | _PAGE_NX);
}

int set_memory_np(unsigned long addr, int pages)
{
	return protect(CHANGE, 0, _PAGE_PRESENT);
}

int set_memory_p(unsigned long addr, int pages)
{
	return protect(CHANGE, _PAGE_PRESENT, 0);
}
