/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "firmware.h"
#include "memory_plan.h"
#include "platform.h"

/*
 * Page frames taken from the firmware, and given back.
 *
 * What is taken is conventional memory, with AllocatePages at the address that the map names: the
 * map is a hint, the firmware's allocator the truth. Some firmware fills what it gets back with a
 * pattern: all of it is touched, which under an emulator takes seconds a GiB, and as much of the
 * host's memory. There, unless told otherwise, no more is taken than MEMORY_FILLED_BYTES, something
 * of every range. Whether it fills is seen in what it has filled, not by a clock, so that the same
 * machine always gives the same frames. The list of what was taken lies in the image, so both
 * worlds see it.
 */

struct taken_range {
	phys_addr_t start, end; /* bytes, multiples of the page size */
	uint32_t descriptor;	/* index in the firmware's map as it was then */
};

enum { TAKEN_RANGES_MAX = MEMORY_PARTS_MAX, MEMORY_FRAMES_MIN = 2048 };
#define MEMORY_FILLED_BYTES ((uint64_t)256 << 20)
#define MEMORY_ALL (~(uint64_t)0)

/*
 * Takes what may be taken, at most `limit` bytes (0: what is right here). Once a run, after
 * firmware_map_read() and after drives are connected. EFI_SUCCESS; EFI_OUT_OF_RESOURCES and one
 * line in the log when that is less than MEMORY_FRAMES_MIN frames (memory_give_back() is due either
 * way).
 */
EFI_STATUS memory_take(uint64_t limit);

/* What was taken: sorted by address, disjoint. */
const struct taken_range *memory_taken(size_t *nr);
uint64_t memory_taken_bytes(void);
/* The ranges as a table, and what the firmware keeps. */
void memory_log(void);

/* Clears all of it; pages that read as zero are not written to. Gate open. */
void memory_clear(void);
/* Whether the page at `address` reads as zero. */
bool memory_is_clear(uint64_t address);

/* Frees every range exactly once, however often it is called. NULL, or what went wrong. */
const char *memory_give_back(void);
