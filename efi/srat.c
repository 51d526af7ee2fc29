/* SPDX-License-Identifier: BSD-2-Clause */
#include "srat.h"
#include "acpi.h"
#include "levels.h"

enum {
	FIRST_ENTRY = ACPI_HEADER_BYTES + 12,
	REVISION = 8,
	ENTRY_HEADER = 2, /* type, length */
	ENABLED = 1,
};

enum { TYPE_APIC, TYPE_MEMORY, TYPE_X2APIC, NR_TYPES };
static const uint8_t least_bytes[NR_TYPES] = {
	[TYPE_APIC] = 16, [TYPE_MEMORY] = 40, [TYPE_X2APIC] = 24};

/* Before revision 2 a domain has 8 bits, and what became its higher ones may hold anything. */
static uint32_t domain_of(uint32_t number, uint8_t revision)
{
	return revision < 2 ? number & 0xff : number;
}

/* The node of a domain; nr_nodes: it has none. */
static unsigned int find_domain(const struct srat *srat, uint32_t domain)
{
	unsigned int node = 0;

	while (node < srat->nr_nodes && srat->domain[node] != domain)
		node++;
	return node;
}

static const char *insert_part(struct srat *srat, struct srat_part part)
{
	size_t i = srat->nr_parts;

	if (i == SRAT_PARTS_MAX)
		return "it has too many ranges of memory";
	for (; i > 0 && srat->parts[i - 1].start > part.start; i--)
		srat->parts[i] = srat->parts[i - 1];
	srat->parts[i] = part;
	srat->nr_parts++;
	if ((i > 0 && srat->parts[i - 1].end > part.start) ||
	    (i + 1 < srat->nr_parts && srat->parts[i + 1].start < part.end))
		return "its ranges of memory overlap";
	return NULL;
}

static const char *read_memory(struct srat *srat, const uint8_t *entry, uint8_t revision)
{
	uint32_t domain = domain_of((uint32_t)acpi_number(entry + 2, 4), revision);
	uint64_t start = acpi_number(entry + 8, 8), length = acpi_number(entry + 16, 8);
	struct srat_part part = {.node = find_domain(srat, domain)};

	if (!(entry[28] & ENABLED) || !length)
		return NULL;
	if (start + length < start || start + length > PAGE_MASK)
		return "a range of memory wraps around";
	part.start = (start + PAGE_SIZE - 1) & PAGE_MASK;
	part.end = (start + length) & PAGE_MASK;
	if (part.start >= part.end)
		return NULL;
	if (part.node == SRAT_NODES_MAX)
		return "it has too many nodes";
	if (part.node == srat->nr_nodes)
		srat->domain[srat->nr_nodes++] = domain;
	return insert_part(srat, part);
}

static const char *add_cpu(struct srat *srat, uint32_t apic_id, uint32_t domain)
{
	if (srat->nr_cpus == SRAT_CPUS_MAX)
		return "it has too many processors";
	srat->cpus[srat->nr_cpus++] = (struct srat_cpu){apic_id, domain};
	return NULL;
}

static const char *read_entry(struct srat *srat, const uint8_t *entry, uint8_t revision)
{
	uint32_t domain;

	switch (entry[0]) {
	case TYPE_MEMORY:
		return read_memory(srat, entry, revision);
	case TYPE_APIC:
		domain = entry[2] | (uint32_t)acpi_number(entry + 9, 3) << 8;
		return entry[4] & ENABLED ? add_cpu(srat, entry[3], domain_of(domain, revision))
					  : NULL;
	default:
		domain = (uint32_t)acpi_number(entry + 4, 4);
		return entry[12] & ENABLED
			       ? add_cpu(srat, (uint32_t)acpi_number(entry + 8, 4), domain)
			       : NULL;
	}
}

static const char *read_all(struct srat *srat, const uint8_t *table, size_t length)
{
	const char *problem = NULL;
	size_t at = FIRST_ENTRY;

	if (length < FIRST_ENTRY)
		return "it is too short";
	while (!problem && at + ENTRY_HEADER <= length) {
		const uint8_t *entry = table + at;

		if (entry[1] < ENTRY_HEADER || entry[1] > length - at)
			return "an entry's length cannot be true";
		if (entry[0] < NR_TYPES && entry[1] < least_bytes[entry[0]])
			return "an entry is too short for its type";
		if (entry[0] < NR_TYPES)
			problem = read_entry(srat, entry, table[REVISION]);
		at += entry[1];
	}
	return problem ? problem : at != length ? "bytes are left behind its last entry" : NULL;
}

const char *srat_read(struct srat *srat, const uint8_t *table, size_t length)
{
	const char *problem;

	srat->nr_nodes = 0;
	srat->nr_parts = srat->nr_cpus = 0;
	problem = read_all(srat, table, length);
	if (problem) {
		srat->nr_nodes = 0;
		srat->nr_parts = srat->nr_cpus = 0;
	}
	return problem;
}

unsigned int srat_node_of(const struct srat *srat, uint64_t start, uint64_t end, uint64_t *run_end)
{
	size_t i = 0;

	while (i < srat->nr_parts && srat->parts[i].end <= start)
		i++;
	*run_end = end;
	if (i == srat->nr_parts)
		return 0;
	if (srat->parts[i].start > start) {
		*run_end = srat->parts[i].start < end ? srat->parts[i].start : end;
		return 0;
	}
	*run_end = srat->parts[i].end < end ? srat->parts[i].end : end;
	return srat->parts[i].node;
}

unsigned int srat_node_of_cpu(const struct srat *srat, uint32_t apic_id)
{
	for (size_t i = 0; i < srat->nr_cpus; i++) {
		unsigned int node = find_domain(srat, srat->cpus[i].domain);

		if (srat->cpus[i].apic_id == apic_id)
			return node < srat->nr_nodes ? node : 0;
	}
	return 0;
}
