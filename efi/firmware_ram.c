/* SPDX-License-Identifier: BSD-2-Clause */
#include "firmware_ram.h"
#include "console.h"
#include "firmware_map.h"
#include "ioremap.h"
#include "map_spans.h"

enum { RANGES_MAX = 512 };

static struct map_span spans[RANGES_MAX];
static struct firmware_range ranges[RANGES_MAX];

/*
 * UEFI 7.2.3, tables 7.6 and 7.10. Reserved ranges are memory where they can be cached: PCI's
 * configuration space has to be reserved too (PCI Firmware 4.1.2), and is a device.
 */
static bool kind_of(const struct map_entry *entry, enum firmware_ram *kind)
{
	switch (entry->type) {
	case EfiLoaderCode:
	case EfiLoaderData:
	case EfiBootServicesCode:
	case EfiBootServicesData:
	case EfiConventionalMemory:
		*kind = FIRMWARE_RAM;
		return true;
	case EfiRuntimeServicesCode:
	case EfiRuntimeServicesData:
	case EfiACPIReclaimMemory:
	case EfiACPIMemoryNVS:
	case EfiPalCode:
		*kind = FIRMWARE_RESERVED;
		return true;
	case EfiMemoryMappedIO:
	case EfiMemoryMappedIOPortSpace:
		return false;
	default:
		*kind = FIRMWARE_RESERVED;
		return entry->attribute & EFI_MEMORY_WB;
	}
}

void firmware_ram_tell(void)
{
	struct map_spans map = {.spans = spans, .max = RANGES_MAX};

	for (size_t i = 0; i < firmware_map_nr(); i++) {
		struct map_entry entry = firmware_map_entry(i);
		enum firmware_ram kind;

		if (kind_of(&entry, &kind))
			map_spans_add(&map, entry.start, entry.end, kind);
	}
	for (size_t i = 0; i < map.nr; i++)
		ranges[i] = (struct firmware_range){spans[i].start, spans[i].end,
						    (enum firmware_ram)spans[i].type};
	ioremap_set_ram(ranges, map.nr);
	if (map.overflowed)
		log_note("ioremap: the firmware's map has too many ranges to know all RAM");
}
