/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/string.h"
#include "vm_area.h"
#include "walk.h"

/* Reading whatever lies in the vmalloc region without ever faulting. */

/* Up to `count` bytes of one page of a pinned area: its memory, or zeros. Returns how many. */
static unsigned long read_page(const struct area *area, char *buffer, uintptr_t address,
			       unsigned long count)
{
	unsigned long in_page = PAGE_SIZE - (address & ~PAGE_MASK);
	unsigned long opaque = VM_IOREMAP | VM_UNINITIALIZED;

	if (count > in_page)
		count = in_page;
	if (area->va.vm->flags & opaque || !vmalloc_to_page((const void *)address))
		memset(buffer, 0, count);
	else
		memcpy(buffer, (const void *)address, count);
	return count;
}

static void read_area(const struct area *area, char *buffer, uintptr_t start, uintptr_t end)
{
	while (start < end) {
		unsigned long done = read_page(area, buffer, start, end - start);

		buffer += done;
		start += done;
	}
}

static struct area *pin_from(uintptr_t address)
{
	struct area *area = vmap_area_pin(address);

	return area ? area : vmap_area_pin_next(address);
}

long vread(char *buffer, const char *addr, unsigned long count)
{
	uintptr_t start = (uintptr_t)addr, end = start + count, at = start;
	struct area *area;
	bool any = false;

	if (end < start || !vmap_area_is_up())
		return 0;
	while (at < end && (area = pin_from(at))) {
		uintptr_t from = area->va.va_start > at ? area->va.va_start : at;
		uintptr_t to = area_body_end(&area->va);

		at = area->va.va_end;
		if (to > end)
			to = end;
		if (from < to) {
			if (!any)
				memset(buffer, 0, count);
			read_area(area, buffer + (from - start), from, to);
			any = true;
		}
		vmap_area_unpin(area);
	}
	return any ? (long)count : 0;
}
