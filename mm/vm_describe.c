/* SPDX-License-Identifier: BSD-2-Clause */
#include "history.h"
#include "lib/format.h"
#include "tlb.h"
#include "vm_area.h"

/* What an address of the vmalloc region is, said to a person; and the lines that refuse a call. */

enum { NAME_LENGTH = 64 };

const char *vm_kind(unsigned long flags)
{
	static const struct {
		unsigned long flag;
		const char *name;
	} kinds[] = {
		{VM_DMA_COHERENT, "dma-coherent"}, {VM_IOREMAP, "ioremap"}, {VM_SPARSE, "sparse"},
		{VM_MAP_RAM, "vm_map_ram"},	   {VM_MAP, "vmap"},	    {VM_ALLOC, "vmalloc"},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (flags & kinds[i].flag)
			return kinds[i].name;
	return "reserved";
}

/* "a 3-page vmalloc area 0x...-0x..., allocated at NAME" */
static void name_live(const struct vmap_neighbour *area, char *buffer, size_t size)
{
	char who[NAME_LENGTH];

	symbol_format((uintptr_t)area->caller, who, sizeof(who));
	scnprintf(buffer, size, "a %lu-page %s area 0x%lx-0x%lx, allocated at %s",
		  (unsigned long)((area->body_end - area->start) >> PAGE_SHIFT),
		  vm_kind(area->flags), (unsigned long)area->start, (unsigned long)area->body_end,
		  who);
}

/* "", or what set_memory_np() has made of a page in an area. */
static const char *absence(uintptr_t address)
{
	struct leaf leaf;

	if (!walk_lookup_any(&kernel_space, address, &leaf) || leaf.prot.pgprot & _PAGE_PRESENT)
		return "";
	return "; that page was made not present";
}

static void describe_live(uintptr_t address, const struct vmap_neighbour *area, char *buffer,
			  size_t size)
{
	const char *absent = absence(address);
	char name[160];

	name_live(area, name, sizeof(name));
	if (address == area->start)
		scnprintf(buffer, size, "the start of %s%s", name, absent);
	else if (address < area->start)
		scnprintf(buffer, size, "guard in front of %s, %lu bytes before its start", name,
			  (unsigned long)(area->start - address));
	else if (address < area->body_end)
		scnprintf(buffer, size, "%lu bytes inside of %s%s",
			  (unsigned long)(address - area->start), name, absent);
	else
		scnprintf(buffer, size, "%lu bytes past the end of %s",
			  (unsigned long)(address - area->body_end), name);
}

static bool describe_freed(uintptr_t address, char *buffer, size_t size)
{
	struct freed_area freed;
	char allocated[NAME_LENGTH], by[NAME_LENGTH];

	if (!history_find(address, &freed))
		return false;
	symbol_format((uintptr_t)freed.allocated, allocated, sizeof(allocated));
	symbol_format((uintptr_t)freed.freed, by, sizeof(by));
	scnprintf(buffer, size, "%lu bytes into a %lu-page area freed at %s, allocated at %s",
		  (unsigned long)(address - freed.start), (unsigned long)freed.pages, by,
		  allocated);
	return true;
}

/* Distance to an area whose guard the address would be in; UINTPTR_MAX: it is in none. */
static uintptr_t guard_distance(uintptr_t address, const struct vmap_neighbour *area)
{
	uintptr_t distance =
		address < area->start ? area->start - address : address - area->body_end;

	if (area->kind != VMAP_LIVE || distance > vmap_area_guard() * PAGE_SIZE)
		return UINTPTR_MAX;
	return distance;
}

/* In no area's body: the nearer of the two neighbours, if their guards reach so far. */
static bool describe_guard(uintptr_t address, const struct vmap_neighbour *below,
			   const struct vmap_neighbour *above, char *buffer, size_t size)
{
	uintptr_t from_below = guard_distance(address, below);
	uintptr_t from_above = guard_distance(address, above);

	if (from_below == UINTPTR_MAX && from_above == UINTPTR_MAX)
		return false;
	describe_live(address, from_below <= from_above ? below : above, buffer, size);
	return true;
}

static const char *say_kind(enum vmap_kind kind)
{
	switch (kind) {
	case VMAP_CHANGING:
		return "in an area that is being set up or freed";
	case VMAP_CACHED:
		return "in the vmalloc region, reserved for the next area of its size";
	case VMAP_FREED:
		return "in an area that was freed";
	default:
		return "in the vmalloc region, in no area";
	}
}

bool vm_describe(uintptr_t address, char *buffer, size_t size)
{
	struct vmap_neighbour below, above;
	bool inside;

	if (!is_vmalloc_addr((const void *)address) || !vmap_area_is_up())
		return false;
	if (!vmap_area_neighbours(address, &below, &above)) {
		scnprintf(buffer, size, "in the vmalloc region (busy, not decoded)");
		return true;
	}
	inside = below.kind != VMAP_NOTHING && address < below.body_end;
	if (inside && below.kind == VMAP_LIVE)
		describe_live(address, &below, buffer, size);
	else if ((inside || !describe_guard(address, &below, &above, buffer, size)) &&
		 !describe_freed(address, buffer, size))
		scnprintf(buffer, size, "%s", say_kind(inside ? below.kind : VMAP_NOTHING));
	return true;
}

void vm_refuse(const char *call, const void *caller, const char *format, ...)
{
	char why[PLATFORM_LINE_MAX], who[NAME_LENGTH];
	va_list arguments;

	va_start(arguments, format);
	vscnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	symbol_format((uintptr_t)caller, who, sizeof(who));
	log_line("%s refused at %s: %s", call, who, why);
}

void vm_refuse_address(const char *call, const void *caller, const void *addr)
{
	char what[PLATFORM_LINE_MAX];

	if (!vmap_area_is_up())
		scnprintf(what, sizeof(what), "before vmalloc_init()");
	else if (!vm_describe((uintptr_t)addr, what, sizeof(what)))
		fault_describe((uintptr_t)addr, what, sizeof(what));
	vm_refuse(call, caller, "0x%lx is %s", (unsigned long)(uintptr_t)addr, what);
}

bool vm_may_wait(const char *call, gfp_t gfp, const void *caller)
{
	if (likely(!fault_in_handler())) {
		tlb_answer();
		return true;
	}
	if (!gfpflags_allow_blocking(gfp))
		return true;
	vm_refuse(call, caller, "a call that may wait, in an exception handler");
	return false;
}

bool vmalloc_dump_obj(void *object)
{
	char what[PLATFORM_LINE_MAX];

	if (!vm_describe((uintptr_t)object, what, sizeof(what)))
		return false;
	log_line("0x%lx is %s", (unsigned long)(uintptr_t)object, what);
	return true;
}
