/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmallocinfo.h"
#include "lib/format.h"
#include "lib/string.h"
#include "vm_area.h"

enum { LINE_LENGTH = PLATFORM_LINE_MAX };

/* What a line says, copied while the area was pinned. */
struct facts {
	struct vm_struct vm;
	bool early;
	unsigned long per_node[MAX_NUMNODES];
};

static void count_nodes(const struct vm_struct *vm, unsigned long per_node[MAX_NUMNODES])
{
	memset(per_node, 0, MAX_NUMNODES * sizeof(per_node[0]));
	for (unsigned int i = 0; vm->pages && i < vm->nr_pages; i++)
		per_node[page_to_nid(vm->pages[i])]++;
}

/* The next live area above `address`. */
static bool next_area(uintptr_t address, struct facts *facts)
{
	struct area *area = vmap_area_pin_next(address);

	if (!area)
		return false;
	facts->vm = *area->va.vm;
	facts->early = area->va.vm != &area->vm;
	count_nodes(&facts->vm, facts->per_node);
	vmap_area_unpin(area);
	return true;
}

struct text {
	char buffer[LINE_LENGTH];
	size_t length;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text->length += (size_t)vscnprintf(text->buffer + text->length,
					   sizeof(text->buffer) - text->length, format, arguments);
	va_end(arguments);
}

static void add_flags(struct text *text, const struct facts *facts)
{
	unsigned long flags = facts->vm.flags;

	add(text, " %s", vm_kind(flags));
	if (flags & VM_USERMAP)
		add(text, " user");
	if (flags & VM_UNINITIALIZED)
		add(text, " unfinished");
	if (facts->early)
		add(text, " early");
	if (facts->vm.page_order > 0)
		add(text, " huge=%s", facts->vm.page_order > PMD_SHIFT - PAGE_SHIFT ? "1G" : "2M");
}

static void format_area(struct text *text, const struct facts *facts)
{
	const struct vm_struct *vm = &facts->vm;
	char who[64];

	symbol_format((uintptr_t)vm->caller, who, sizeof(who));
	text->length = 0;
	add(text, "0x%016lx-0x%016lx %7lu %s", (unsigned long)(uintptr_t)vm->addr,
	    (unsigned long)(uintptr_t)vm->addr + vm->size, vm->size, who);
	if (vm->nr_pages)
		add(text, " pages=%u", vm->nr_pages);
	if (vm->phys_addr)
		add(text, " phys=0x%llx", (unsigned long long)vm->phys_addr);
	add_flags(text, facts);
	for (unsigned int node = 0; node < MAX_NUMNODES; node++)
		if (facts->per_node[node])
			add(text, " N%u=%lu", node, facts->per_node[node]);
}

void vmallocinfo(void (*line)(void *context, const char *text), void *context)
{
	uintptr_t at = VMALLOC_START, start, end;
	struct facts facts;
	struct text text;

	for (; next_area(at, &facts); at = (uintptr_t)facts.vm.addr) {
		format_area(&text, &facts);
		line(context, text.buffer);
	}
	for (at = VMALLOC_START; vmap_area_next_lazy(at, &start, &end); at = start) {
		text.length = 0;
		add(&text, "0x%016lx-0x%016lx %7lu unpurged vm_area", (unsigned long)start,
		    (unsigned long)end, (unsigned long)(end - start));
		line(context, text.buffer);
	}
}

unsigned long vmalloc_leaks(void (*line)(void *context, const char *text), void *context)
{
	unsigned long nr = 0;
	struct facts facts;
	struct text text;

	for (uintptr_t at = VMALLOC_START; next_area(at, &facts); at = (uintptr_t)facts.vm.addr) {
		if (facts.early)
			continue;
		format_area(&text, &facts);
		line(context, text.buffer);
		nr++;
	}
	return nr;
}

void vmalloc_get_totals(struct vmalloc_totals *totals)
{
	struct vmap_area_stats stats;

	vmap_area_get_stats(&stats);
	*totals = (struct vmalloc_totals){.areas = stats.areas,
					  .pages = stats.pages,
					  .lazy = stats.lazy,
					  .ready = stats.ready,
					  .free_bytes = stats.free_bytes,
					  .largest_free = stats.largest_free,
					  .free_blocks = stats.free_blocks};
	totals->table_bytes = space_nr_tables() * PAGE_SIZE;
	totals->descriptor_bytes = stats.descriptors * sizeof(struct area);
	if (stats.free_bytes >= 1000)
		totals->fragmentation =
			1000 - (unsigned int)(stats.largest_free / (stats.free_bytes / 1000));
}
