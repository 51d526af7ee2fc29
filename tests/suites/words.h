/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "levels.h"
#include "lib/string.h"

/* Small things that several suites of the vmalloc family need. */

static inline bool text_contains(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (; *text; text++)
		if (strncmp(text, word, length) == 0)
			return true;
	return false;
}

/* A pattern that no other area has: every eight bytes depend on `seed` and their place. */
static inline uint64_t pattern_at(uint64_t seed, size_t index)
{
	return (seed ^ index) * 0x9e3779b97f4a7c15;
}

static inline void pattern_fill(void *memory, size_t bytes, uint64_t seed)
{
	uint64_t *words = memory;

	for (size_t i = 0; i < bytes / sizeof(uint64_t); i++)
		words[i] = pattern_at(seed, i);
}

static inline bool pattern_holds(const void *memory, size_t bytes, uint64_t seed)
{
	const uint64_t *words = memory;

	for (size_t i = 0; i < bytes / sizeof(uint64_t); i++)
		if (words[i] != pattern_at(seed, i))
			return false;
	return true;
}

static inline bool all_zero(const void *memory, size_t bytes)
{
	const char *at = memory;

	for (size_t i = 0; i < bytes; i++)
		if (at[i])
			return false;
	return true;
}
