/* SPDX-License-Identifier: BSD-2-Clause */
#include "nodes.h"
#include "acpi_tables.h"
#include "apic.h"
#include "console.h"
#include "levels.h"
#include "memory_map.h"

static struct srat srat;
static const char *source; /* in words, where there is one node */

void nodes_read(void)
{
	size_t length;
	const uint8_t *table = acpi_table("SRAT", &length, &source);

	if (!table) {
		source = source ? source : "no SRAT";
		return;
	}
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
