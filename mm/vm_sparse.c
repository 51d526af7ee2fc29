/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/errno.h"
#include "vm_area.h"

/* Parts of VM_SPARSE areas, mapped and taken away by their owner. */

static int check_part(const struct vm_struct *area, unsigned long start, unsigned long end)
{
	unsigned long first = (unsigned long)(uintptr_t)area->addr;

	if (!(area->flags & VM_SPARSE) || (start | end) & ~PAGE_MASK || start >= end)
		return -EINVAL;
	if ((end - start) >> PAGE_SHIFT > totalram_pages())
		return -E2BIG;
	if (start < first || end > first + get_vm_area_size(area))
		return -ERANGE;
	return 0;
}

int vm_area_map_pages(struct vm_struct *area, unsigned long start, unsigned long end,
		      struct page **pages)
{
	int error = check_part(area, start, end);

	return error ? error : vmap_pages_range(start, end, PAGE_KERNEL, pages, PAGE_SHIFT);
}

int vm_area_unmap_pages(struct vm_struct *area, unsigned long start, unsigned long end)
{
	int error = check_part(area, start, end);

	if (!error)
		vunmap_range(start, end);
	return error;
}
