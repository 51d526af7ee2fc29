/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "firmware.h"

/*
 * The firmware's memory map (UEFI 7.2.3) as it was when last read. One buffer for the whole run,
 * allocated before the first reading with room for a longer map, so that later readings find it in
 * the same place. What a descriptor says is not trusted: one that is empty, unaligned or wraps
 * around ends where it starts.
 */

struct map_entry {
	uint64_t start, end; /* bytes */
	uint64_t attribute;
	uint32_t type;
};

/* Reads it, for the first time or anew. EFI_SUCCESS, or what the firmware says. */
EFI_STATUS firmware_map_read(void);
size_t firmware_map_nr(void);
struct map_entry firmware_map_entry(size_t i);
/* Gives the buffer back. */
void firmware_map_free(void);
