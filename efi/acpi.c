/* SPDX-License-Identifier: BSD-2-Clause */
#include "acpi.h"
#include "lib/string.h"

/* The root system description pointer (5.2.5.3), and the header of every table (5.2.6). */
enum {
	RSDP_BYTES_1 = 20,
	RSDP_BYTES_2 = 36,
	RSDP_BYTES_MAX = 4096,
	RSDP_REVISION = 15,
	RSDP_RSDT = 16,
	RSDP_LENGTH = 20,
	RSDP_XSDT = 24,
	NAME_BYTES = 4,
	TABLE_LENGTH = 4,
};

uint64_t acpi_number(const uint8_t *bytes, unsigned int nr)
{
	uint64_t value = 0;

	while (nr--)
		value = value << 8 | bytes[nr];
	return value;
}

/* All bytes of what is whole add up to 0 modulo 256. */
static bool sum_is_zero(const uint8_t *bytes, size_t length)
{
	uint8_t sum = 0;

	while (length--)
		sum = (uint8_t)(sum + *bytes++);
	return sum == 0;
}

struct search {
	const struct acpi_memory *memory;
	const char *name, *problem;
	size_t length; /* of the table found */
};

static const uint8_t *look(const struct search *search, uint64_t address, size_t length)
{
	if (!address || address + length < address)
		return NULL;
	return search->memory->look(search->memory->context, address, length);
}

/* The table at `address`, when it is called `name` and is whole. */
static const uint8_t *table_at(struct search *search, uint64_t address, const char *name,
			       size_t *length)
{
	const uint8_t *table = look(search, address, ACPI_HEADER_BYTES);

	if (!table) {
		search->problem = "a table lies outside of memory";
		return NULL;
	}
	if (memcmp(table, name, NAME_BYTES))
		return NULL;
	*length = acpi_number(table + TABLE_LENGTH, 4);
	if (*length < ACPI_HEADER_BYTES || *length > ACPI_TABLE_MAX) {
		search->problem = "a table's length cannot be true";
		return NULL;
	}
	table = look(search, address, *length);
	if (!table)
		search->problem = "a table reaches out of memory";
	else if (!sum_is_zero(table, *length))
		search->problem = "a table's checksum is wrong";
	return table && !search->problem ? table : NULL;
}

/* Through the root table `root_name` at `address`, whose entries are addresses of `bytes` bytes. */
static const uint8_t *find_below(struct search *search, uint64_t address, const char *root_name,
				 unsigned int bytes)
{
	const uint8_t *root, *table = NULL;
	const char *problem = NULL;
	size_t root_length, length;

	search->problem = NULL;
	root = table_at(search, address, root_name, &root_length);
	if (!root) {
		search->problem = search->problem ? search->problem : "there is no root table";
		return NULL;
	}
	for (size_t at = ACPI_HEADER_BYTES; !table && at + bytes <= root_length; at += bytes) {
		search->problem = NULL;
		table = table_at(search, acpi_number(root + at, bytes), search->name, &length);
		problem = problem ? problem : search->problem;
	}
	search->problem = table ? NULL : problem;
	search->length = table ? length : 0;
	return table;
}

/* The pointer's addresses; false: it is none. A pointer of version 1.0 has no XSDT. */
static bool read_pointer(struct search *search, uint64_t rsdp, uint64_t *rsdt, uint64_t *xsdt)
{
	const uint8_t *pointer = look(search, rsdp, RSDP_BYTES_1);
	size_t length;

	if (!pointer || memcmp(pointer, "RSD PTR ", 8) || !sum_is_zero(pointer, RSDP_BYTES_1))
		return false;
	*rsdt = acpi_number(pointer + RSDP_RSDT, 4);
	*xsdt = 0;
	if (pointer[RSDP_REVISION] < 2)
		return true;
	pointer = look(search, rsdp, RSDP_BYTES_2);
	length = pointer ? acpi_number(pointer + RSDP_LENGTH, 4) : 0;
	if (length < RSDP_BYTES_2 || length > RSDP_BYTES_MAX)
		return false;
	pointer = look(search, rsdp, length);
	if (!pointer || !sum_is_zero(pointer, length))
		return false;
	*xsdt = acpi_number(pointer + RSDP_XSDT, 8);
	return true;
}

const uint8_t *acpi_find(const struct acpi_memory *memory, uint64_t rsdp, const char *name,
			 size_t *length, const char **problem)
{
	struct search search = {.memory = memory, .name = name};
	const uint8_t *table = NULL;
	uint64_t rsdt, xsdt;

	if (!read_pointer(&search, rsdp, &rsdt, &xsdt)) {
		*problem = "the pointer to the tables is not one";
		return NULL;
	}
	if (xsdt)
		table = find_below(&search, xsdt, "XSDT", 8);
	if (!table && rsdt && (!xsdt || search.problem))
		table = find_below(&search, rsdt, "RSDT", 4);
	*problem = xsdt || rsdt ? search.problem : "there is no root table";
	*length = search.length;
	return table;
}
