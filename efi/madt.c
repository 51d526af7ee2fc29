/* SPDX-License-Identifier: BSD-2-Clause */
#include "madt.h"
#include <stdbool.h>
#include "acpi.h"

enum {
	FIRST_ENTRY = ACPI_HEADER_BYTES + 8,
	ENTRY_HEADER = 2, /* type, length */
	TYPE_APIC = 0,
	APIC_BYTES = 8,
	TYPE_X2APIC = 9,
	X2APIC_BYTES = 16,
	ENABLED = 1,
};

static bool is_known(const struct madt *madt, uint32_t apic_id)
{
	for (size_t i = 0; i < madt->nr_cpus; i++)
		if (madt->apic_ids[i] == apic_id)
			return true;
	return false;
}

static void add(struct madt *madt, uint64_t apic_id, uint64_t flags)
{
	if (!(flags & ENABLED) || is_known(madt, (uint32_t)apic_id))
		return;
	if (madt->nr_cpus == MADT_CPUS_MAX)
		madt->nr_more++;
	else
		madt->apic_ids[madt->nr_cpus++] = (uint32_t)apic_id;
}

/* 0: an entry of this type is not read. */
static unsigned int least_bytes(uint8_t type)
{
	return type == TYPE_APIC ? APIC_BYTES : type == TYPE_X2APIC ? X2APIC_BYTES : 0;
}

static const char *read_all(struct madt *madt, const uint8_t *table, size_t length)
{
	size_t at = FIRST_ENTRY;

	if (length < FIRST_ENTRY)
		return "it is too short";
	while (at + ENTRY_HEADER <= length) {
		const uint8_t *entry = table + at;

		if (entry[1] < ENTRY_HEADER || entry[1] > length - at)
			return "an entry's length cannot be true";
		if (entry[1] < least_bytes(entry[0]))
			return "an entry is too short for its type";
		if (entry[0] == TYPE_APIC)
			add(madt, entry[3], acpi_number(entry + 4, 4));
		else if (entry[0] == TYPE_X2APIC)
			add(madt, acpi_number(entry + 4, 4), acpi_number(entry + 8, 4));
		at += entry[1];
	}
	return at != length ? "bytes are left behind its last entry" : NULL;
}

const char *madt_read(struct madt *madt, const uint8_t *table, size_t length)
{
	const char *problem;

	madt->nr_cpus = madt->nr_more = 0;
	problem = read_all(madt, table, length);
	if (problem)
		madt->nr_cpus = madt->nr_more = 0;
	return problem;
}
