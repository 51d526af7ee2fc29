/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which memory and which processors belong together: the system resource affinity table (ACPI 6.5,
 * 5.2.16) as nodes, numbered from 0 in the order in which memory names their domains. Plain C
 * without state; a table that is not whole, or contradicts itself, is refused as a whole.
 */

enum { SRAT_NODES_MAX = 8, SRAT_PARTS_MAX = 64, SRAT_CPUS_MAX = 1024 };

struct srat {
	unsigned int nr_nodes;
	uint32_t domain[SRAT_NODES_MAX]; /* as the table calls each */
	size_t nr_parts;
	struct srat_part {
		uint64_t start, end; /* bytes, multiples of the page size */
		unsigned int node;
	} parts[SRAT_PARTS_MAX]; /* sorted, disjoint */
	size_t nr_cpus;
	struct srat_cpu {
		uint32_t apic_id, domain;
	} cpus[SRAT_CPUS_MAX];
};

/*
 * Reads `length` bytes, header included, whose checksum is right. NULL; or what is wrong, in words,
 * and then there are no nodes in `srat`. Disabled entries and those of unknown type are skipped.
 */
const char *srat_read(struct srat *srat, const uint8_t *table, size_t length);

/*
 * The node of the page at `start`, and in `*run_end` how far memory from there on, up to `end` at
 * most, is of the same. What no entry names counts to node 0. Multiples of the page size.
 */
unsigned int srat_node_of(const struct srat *srat, uint64_t start, uint64_t end, uint64_t *run_end);
/* The node of a processor; 0 where the table does not say, or says one without memory. */
unsigned int srat_node_of_cpu(const struct srat *srat, uint32_t apic_id);
