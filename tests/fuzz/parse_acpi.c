/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "acpi.h"
#include "madt.h"
#include "parse.h"
#include "srat.h"

/*
 * Tables in a made-up memory that begins at BASE, with the root pointer in front. The first byte of
 * the input says which sums are made right, so that the search gets beyond them: bits for the
 * pointer, for the table that it leads to, and for every table whose header lies 64-byte aligned.
 */
enum { BASE = 0x1000, LOOKS_MAX = 4096, TABLE_STEP = 64, XSDT_AT = 24 };

static uint8_t *memory, *looks[LOOKS_MAX];
static size_t memory_size;
static unsigned int nr_looks;

/* A copy of exactly that length, so that what is read beyond is seen. */
static const uint8_t *look(void *context, uint64_t address, size_t length)
{
	uint8_t *copy;

	(void)context;
	if (address < BASE || length > memory_size || address - BASE > memory_size - length ||
	    nr_looks == LOOKS_MAX)
		return NULL;
	copy = malloc(length ? length : 1);
	memcpy(copy, memory + (address - BASE), length);
	looks[nr_looks++] = copy;
	return copy;
}

static void seal(size_t at, size_t length, size_t where)
{
	uint8_t sum = 0;

	if (at > memory_size || length > memory_size - at || where >= length)
		return;
	memory[at + where] = 0;
	for (size_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + memory[at + i]);
	memory[at + where] = (uint8_t)-sum;
}

static void seal_all(unsigned int which)
{
	for (size_t at = TABLE_STEP; (which & 4) && at + 8 <= memory_size; at += TABLE_STEP)
		seal(at, acpi_number(memory + at + 4, 4), 9);
	if (which & 1) {
		seal(0, 20, 8);
		seal(0, 36, 32);
	}
}

static void check_nodes(const struct srat *srat)
{
	uint64_t run_end;

	MUST(srat->nr_nodes <= SRAT_NODES_MAX && srat->nr_parts <= SRAT_PARTS_MAX &&
	     srat->nr_cpus <= SRAT_CPUS_MAX);
	for (size_t i = 0; i < srat->nr_parts; i++) {
		const struct srat_part *part = &srat->parts[i];

		MUST(part->start < part->end && part->node < srat->nr_nodes);
		MUST(!i || srat->parts[i - 1].end <= part->start);
		MUST(!((part->start | part->end) & 0xfff));
		MUST(srat_node_of(srat, part->start, part->end, &run_end) == part->node);
		MUST(run_end == part->end);
	}
	for (size_t i = 0; i < srat->nr_cpus; i++)
		MUST(srat_node_of_cpu(srat, srat->cpus[i].apic_id) < SRAT_NODES_MAX);
}

static void check_processors(const struct acpi_memory *world)
{
	static struct madt madt;
	const char *problem = NULL;
	size_t length = 0;
	const uint8_t *table = acpi_find(world, BASE, "APIC", &length, &problem);

	if (table && madt_read(&madt, table, length))
		MUST(madt.nr_cpus == 0);
	else if (table)
		MUST(madt.nr_cpus <= MADT_CPUS_MAX);
}

void parse_acpi(const uint8_t *bytes, size_t size)
{
	static struct srat srat;
	const struct acpi_memory world = {.look = look};
	const char *problem = NULL;
	const uint8_t *table;
	size_t length = 0;

	if (size < 1)
		return;
	memory_size = size - 1;
	memory = malloc(memory_size ? memory_size : 1);
	memcpy(memory, bytes + 1, memory_size);
	seal_all(bytes[0]);
	table = acpi_find(&world, BASE, "SRAT", &length, &problem);
	MUST(!table || (length >= ACPI_HEADER_BYTES && length <= ACPI_TABLE_MAX));
	if (table && srat_read(&srat, table, length))
		MUST(srat.nr_nodes == 0);
	else if (table)
		check_nodes(&srat);
	check_processors(&world);
	while (nr_looks)
		free(looks[--nr_looks]);
	free(memory);
}
