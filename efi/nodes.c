/* SPDX-License-Identifier: BSD-2-Clause */
#include "nodes.h"
#include "acpi.h"
#include "apic.h"
#include "console.h"
#include "firmware.h"
#include "firmware_map.h"
#include "levels.h"
#include "memory_map.h"

static struct srat srat;
static const char *source; /* in words, where there is one node */

/* Where the firmware may keep tables. Device memory and what is free are not looked at. */
static bool may_hold_tables(uint32_t type)
{
	switch (type) {
	case EfiReservedMemoryType:
	case EfiLoaderData:
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

static const uint8_t *find_srat(size_t *length)
{
	static const EFI_GUID guids[] = {ACPI_20_TABLE_GUID, ACPI_TABLE_GUID};
	const struct acpi_memory memory = {.look = look};
	const uint8_t *table = NULL;
	const void *pointer;

	source = "no ACPI tables";
	for (size_t i = 0; i < 2 && !table; i++) {
		pointer = firmware_table(&guids[i]);
		if (!pointer)
			continue;
		table = acpi_find(&memory, (uintptr_t)pointer, "SRAT", length, &source);
		source = source ? source : "no SRAT";
	}
	return table;
}

void nodes_read(void)
{
	size_t length;
	const uint8_t *table = find_srat(&length);

	if (!table)
		return;
	source = srat_read(&srat, table, length);
	if (!source && !srat.nr_nodes)
		source = "the SRAT names no memory";
}

const struct srat *nodes_table(void)
{
	return &srat;
}

unsigned int nodes_of_cpu(uint32_t id)
{
	return srat_node_of_cpu(&srat, id);
}

static uint64_t taken_of_node(unsigned int node)
{
	size_t nr;
	const struct taken_range *ranges = memory_taken(&nr);
	uint64_t bytes = 0;

	for (size_t i = 0; i < nr; i++) {
		uint64_t start = ranges[i].start, end;

		for (; start < ranges[i].end; start = end)
			if (srat_node_of(&srat, start, ranges[i].end, &end) == node)
				bytes += end - start;
	}
	return bytes;
}

void nodes_log(void)
{
	if (source) {
		log_note("nodes: 1 (%s)", source);
		return;
	}
	log_note("nodes: %u, %zu processors in the SRAT; this one, APIC id %u, is of node %u",
		 srat.nr_nodes, srat.nr_cpus, apic_id(), nodes_of_cpu(apic_id()));
	for (unsigned int node = 0; node < srat.nr_nodes; node++)
		log_note("node %u: domain %u, %llu frames taken", node, srat.domain[node],
			 (unsigned long long)taken_of_node(node) >> PAGE_SHIFT);
}
