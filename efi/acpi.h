/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Finding an ACPI table (ACPI 6.5, chapter 5.2). Plain C without state, and nothing that is read is
 * trusted: every address is asked for before it is followed, every length is bounded, every sum is
 * checked. Values are little-endian and need not be aligned.
 */

/* How physical memory is looked at: `length` bytes at `address`, or NULL, which means that this is
 * no memory in which tables can lie. What it returned stays as it is for the whole search. */
struct acpi_memory {
	const uint8_t *(*look)(void *context, uint64_t address, size_t length);
	void *context;
};

enum { ACPI_HEADER_BYTES = 36, ACPI_TABLE_MAX = 1 << 20 /* bytes; a longer one is not believed */ };

/*
 * The table with the signature `name` (four letters), by way of the pointer at `rsdp` (version 1.0
 * or 2.0): through the XSDT, or the RSDT where there is no XSDT that is whole. The first of that
 * name that is whole. `*length` bytes with its header. NULL with `*problem` set to what is wrong,
 * in words; to NULL when all is well but for there being no such table.
 */
const uint8_t *acpi_find(const struct acpi_memory *memory, uint64_t rsdp, const char *name,
			 size_t *length, const char **problem);

/* Reads numbers as tables have them. */
uint64_t acpi_number(const uint8_t *bytes, unsigned int nr);
