/* SPDX-License-Identifier: BSD-2-Clause */
#include "acpi_tables.h"
#include "acpi.h"
#include "firmware.h"
#include "firmware_map.h"

/* Where the firmware may keep tables: U-Boot has them in its heap, which is of its code's type.
 * Device memory and what is free are not looked at. */
static bool may_hold_tables(uint32_t type)
{
	switch (type) {
	case EfiReservedMemoryType:
	case EfiLoaderData:
	case EfiBootServicesCode:
	case EfiBootServicesData:
	case EfiRuntimeServicesData:
	case EfiACPIReclaimMemory:
	case EfiACPIMemoryNVS:
		return true;
	default:
		return false;
	}
}

/* How far from `address` on memory may be looked at; `address` itself: not at all. */
static uint64_t end_of_readable(uint64_t address)
{
	for (size_t i = 0; i < firmware_map_nr(); i++) {
		struct map_entry entry = firmware_map_entry(i);

		if (may_hold_tables(entry.type) && address >= entry.start && address < entry.end)
			return entry.end;
	}
	return address;
}

/* The firmware maps its memory one to one (UEFI 2.3.4). */
static const uint8_t *look(void *unused, uint64_t address, size_t length)
{
	uint64_t end = address;

	(void)unused;
	while (end < address + length) {
		uint64_t further = end_of_readable(end);

		if (further == end)
			return NULL;
		end = further;
	}
	return (const uint8_t *)(uintptr_t)address;
}

const uint8_t *acpi_table(const char *name, size_t *length, const char **why)
{
	static const EFI_GUID guids[] = {ACPI_20_TABLE_GUID, ACPI_TABLE_GUID};
	const struct acpi_memory memory = {.look = look};
	const uint8_t *table = NULL;
	const void *pointer;

	*why = "no ACPI tables";
	for (size_t i = 0; i < 2 && !table; i++) {
		pointer = firmware_table(&guids[i]);
		if (!pointer)
			continue;
		table = acpi_find(&memory, (uintptr_t)pointer, name, length, why);
	}
	return table;
}
