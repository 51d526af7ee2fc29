/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * Which processors there are: the multiple APIC description table (ACPI 6.5, 5.2.12), as far as it
 * names local APICs. Plain C without state; a table that is not whole is refused as a whole.
 */

enum { MADT_CPUS_MAX = 256 };

struct madt {
	size_t nr_cpus;
	uint32_t apic_ids[MADT_CPUS_MAX]; /* of those that are enabled, each once, in its order */
	size_t nr_more;			  /* for which there was no room */
};

/*
 * Reads `length` bytes, header included, whose checksum is right. NULL; or what is wrong, in words,
 * and then there are no processors in `madt`.
 */
const char *madt_read(struct madt *madt, const uint8_t *table, size_t length);
