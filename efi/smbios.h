/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/*
 * Who made the machine, from SMBIOS (DSP0134 3.6, 5.2 and 7.2). Plain C without state; the tables
 * are the firmware's and not trusted: nothing beyond the stated length is read.
 */

/* The table that an entry point (2.1 or 3.0) leads to, and its length; false: it is none. */
bool smbios_table(const void *entry_point, const void **table, size_t *length);

/* Manufacturer and product of the system (type 1); empty strings where there is nothing. */
void smbios_system(const void *table, size_t length, char *manufacturer, char *product,
		   size_t size);
