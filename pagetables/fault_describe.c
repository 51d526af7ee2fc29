/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault.h"
#include "lib/assert.h"
#include "lib/format.h"
#include "lib/string.h"
#include "space.h"
#include "walk.h"

/*
 * What an address is. First what any reader knows by its value, then those who registered, then
 * what the layout and the tables say.
 */
enum { DESCRIBERS_MAX = 8, ERRNO_MAX = 4095 };

static fault_describer_t describers[DESCRIBERS_MAX];
static unsigned int nr_describers;

static bool describe_value(uintptr_t address, char *buffer, size_t size)
{
	if (!address)
		scnprintf(buffer, size, "NULL");
	else if (address < PAGE_SIZE)
		scnprintf(buffer, size, "NULL plus 0x%lx", address);
	else if (!address_is_canonical(address, platform_cpu_features()->levels))
		scnprintf(buffer, size, "not canonical");
	else if (-address <= ERRNO_MAX)
		scnprintf(buffer, size, "the error number -%lu taken for a pointer", -address);
	else
		return false;
	return true;
}

static const char *permissions(uintptr_t address)
{
	struct leaf leaf;

	if (!walk_lookup(space_current(), address, &leaf))
		return "not mapped";
	if (leaf.prot.pgprot & _PAGE_RW)
		return "read-write";
	return leaf.prot.pgprot & _PAGE_NX ? "read-only" : "read-only and executable";
}

static void describe_place(uintptr_t address, char *buffer, size_t size)
{
	const struct image_section *section = space_image_section(address);
	const char *region = space_region_name(address), *mapped = permissions(address);

	if (section)
		scnprintf(buffer, size, "image %s plus 0x%lx, %s", section->name,
			  address - section->start, mapped);
	else if (!strcmp(region, "direct"))
		scnprintf(buffer, size, "in the direct map, of physical address 0x%lx, %s",
			  address - layout.page_offset, mapped);
	else if (!strcmp(region, "vmalloc"))
		scnprintf(buffer, size, "in the vmalloc region, in no area, %s", mapped);
	else if (!strcmp(region, "pages"))
		scnprintf(buffer, size, "in the page array, %s", mapped);
	else if (address >= layout.window_start && address < layout.window_end)
		scnprintf(buffer, size, "between the regions, %s", mapped);
	else
		scnprintf(buffer, size, "in the %s half, %s",
			  (intptr_t)address < 0 ? "upper" : "lower", mapped);
}

void fault_add_describer(fault_describer_t describer)
{
	for (unsigned int i = 0; i < nr_describers; i++)
		if (describers[i] == describer)
			return;
	ASSERT(nr_describers < DESCRIBERS_MAX, "%u describers", nr_describers);
	describers[nr_describers++] = describer;
}

void fault_describe(uintptr_t address, char *buffer, size_t size)
{
	if (describe_value(address, buffer, size))
		return;
	for (unsigned int i = 0; i < nr_describers; i++)
		if (describers[i](address, buffer, size))
			return;
	describe_place(address, buffer, size);
}
