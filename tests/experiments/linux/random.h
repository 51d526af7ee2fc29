/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <linux/types.h>

/* The run's random numbers, a stream for each module: the same seed, the same numbers. */

u64 get_random_u64(void);
/* Uniform in [0, ceiling); 0 for a ceiling of 0. */
u32 get_random_u32_below(u32 ceiling);
/* Uniform in [floor, ceiling], both included. */
u32 get_random_u32_inclusive(u32 floor, u32 ceiling);
void get_random_bytes(void *buffer, size_t size);

static inline u32 get_random_u32(void)
{
	return (u32)get_random_u64();
}

static inline u16 get_random_u16(void)
{
	return (u16)get_random_u64();
}

static inline u8 get_random_u8(void)
{
	return (u8)get_random_u64();
}

static inline unsigned long get_random_long(void)
{
	return (unsigned long)get_random_u64();
}

static inline unsigned int get_random_int(void)
{
	return get_random_u32();
}

static inline u32 prandom_u32(void)
{
	return get_random_u32();
}

static inline u32 prandom_u32_max(u32 ceiling)
{
	return get_random_u32_below(ceiling);
}

static inline void prandom_bytes(void *buffer, size_t size)
{
	get_random_bytes(buffer, size);
}
