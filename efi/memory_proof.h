/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "space.h"

/*
 * The proof that memory was given back: the firmware's map from before the first frame was taken,
 * kept in the image, against the one after the last was freed.
 */

/* Keeps the map that firmware_map_read() has just read. Before memory_take(). */
void memory_proof_begin(void);

/*
 * Looks at every frame of `ranges`, before memory_give_back(). NULL when all of it reads as zero;
 * else how much does not. `left_out` frames more could not be noted; that is a problem too.
 */
const char *memory_proof_cleared(const struct phys_range *ranges, size_t nr, uint64_t left_out);

/*
 * Reads the map again, after memory_give_back(). NULL when every page that was ours is conventional
 * or one of boot services, and all types other than these are as they were; else what is not, in
 * words. Logs how many pages the firmware's own pool has taken or returned meanwhile. Where nothing
 * was begun there is nothing to prove.
 */
const char *memory_proof_end(void);

/* A fault_describer_t (fault.h): says of which type the firmware's memory at `address` was. */
bool memory_proof_describe(uintptr_t address, char *buffer, size_t size);
