/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdint.h>

/*
 * quiet-addresses=on: lines of the log without what tells where things lie in memory, or the seed
 * that decides it. Plain C without state.
 */

/*
 * Puts "..." for the digits of every number that may be an address: behind 0x if there are six or
 * more, else if there are seven or more (decimal ones with them); and for any number behind
 * "seed=". The line never grows.
 */
void quiet_line(char *line);

/* The first 64 bits of the SHA-256 (FIPS 180-4) of the seed's eight bytes, lowest first, as
 * "0123-4567-89ab-cdef": tells two seeds apart, and nothing else. */
enum { QUIET_DIGEST_MAX = 20 };
const char *quiet_digest(uint64_t seed, char digest[QUIET_DIGEST_MAX]);
