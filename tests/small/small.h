/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Every case that there is, where a structure is small: states are found by breadth-first search
 * from the first one, each is kept as a copy, and from each every call is made. What came is
 * compared with a plain array that shares no code. How many states and calls there were is printed,
 * and compared with a number that was worked out otherwise.
 */

struct search {
	uint64_t states, calls,
		searched; /* found so far; calls made; states that all were made from */
};

/* Marks number `key` in a set of bits; whether it was not in it. */
static inline bool set_add(uint64_t *set, uint64_t key)
{
	uint64_t bit = (uint64_t)1 << key % 64, before = set[key / 64];

	set[key / 64] = before | bit;
	return !(before & bit);
}

/* Pages [start, end) as bits. */
static inline uint32_t pages_of(unsigned int start, unsigned int end)
{
	return (((uint32_t)1 << (end - start)) - 1) << start;
}

/* While it is on, lines of the log are counted and not printed. Returns how many there were. */
unsigned int small_hush(bool on);
void small_report(const struct search *search, uint64_t states_expected);
