/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * The ACPI tables of this machine (acpi.h), where the firmware's list of tables leads to them. Gate
 * open, after firmware_map_read(): the map says what may be looked at.
 */

/* The table `name` (four letters), `*length` bytes; NULL: there is none, and `*why` says in words
 * what is wrong; NULL: nothing is. */
const uint8_t *acpi_table(const char *name, size_t *length, const char **why);
