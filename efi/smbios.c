/* SPDX-License-Identifier: BSD-2-Clause */
#include "smbios.h"
#include <stdint.h>
#include "lib/string.h"

enum { TYPE_SYSTEM = 1, TYPE_END = 127, HEADER_BYTES = 4, MANUFACTURER = 4, PRODUCT = 5 };

static uint64_t little_endian(const uint8_t *bytes, unsigned int nr)
{
	uint64_t value = 0;

	while (nr--)
		value = value << 8 | bytes[nr];
	return value;
}

bool smbios_table(const void *entry_point, const void **table, size_t *length)
{
	const uint8_t *entry = entry_point;
	uint64_t address;

	if (!memcmp(entry, "_SM3_", 5)) {
		*length = little_endian(entry + 0x0c, 4);
		address = little_endian(entry + 0x10, 8);
	} else if (!memcmp(entry, "_SM_", 4)) {
		*length = little_endian(entry + 0x16, 2);
		address = little_endian(entry + 0x18, 4);
	} else {
		return false;
	}
	*table = (const void *)(uintptr_t)address;
	return address != 0;
}

/* A structure: `formatted` bytes, then strings, each with a NUL, and one more NUL. */
struct structure {
	const uint8_t *start;
	size_t formatted, total;
};

/* false: what is at `bytes` does not end within `length`. */
static bool read_structure(const uint8_t *bytes, size_t length, struct structure *structure)
{
	size_t end;

	if (length < HEADER_BYTES || bytes[1] < HEADER_BYTES)
		return false;
	for (end = bytes[1]; end + 1 < length; end++) {
		if (bytes[end] || bytes[end + 1])
			continue;
		*structure = (struct structure){bytes, bytes[1], end + 2};
		return true;
	}
	return false;
}

/* The string whose number (from 1) stands at `field`. */
static void copy_string(const struct structure *structure, size_t field, char *out, size_t size)
{
	unsigned int number = field < structure->formatted ? structure->start[field] : 0;
	size_t at = structure->formatted, used = 0;

	for (; number > 1 && at < structure->total; at++)
		number -= structure->start[at] == '\0';
	for (; number == 1 && at < structure->total && structure->start[at]; at++) {
		char c = (char)structure->start[at];

		if (used + 1 < size)
			out[used++] = c >= ' ' && c < 0x7f ? c : '?';
	}
	out[used] = '\0';
}

void smbios_system(const void *table, size_t length, char *manufacturer, char *product, size_t size)
{
	const uint8_t *bytes = table;
	struct structure structure;

	manufacturer[0] = product[0] = '\0';
	while (read_structure(bytes, length, &structure) && bytes[0] != TYPE_END) {
		if (bytes[0] == TYPE_SYSTEM) {
			copy_string(&structure, MANUFACTURER, manufacturer, size);
			copy_string(&structure, PRODUCT, product, size);
			return;
		}
		bytes += structure.total;
		length -= structure.total;
	}
}
