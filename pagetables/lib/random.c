/* SPDX-License-Identifier: BSD-2-Clause */
#include "random.h"

static uint64_t rotate_left(uint64_t value, unsigned int bits)
{
	return value << bits | value >> (64 - bits);
}

/* splitmix64: turns a seed with few bits set into words that look random. */
static uint64_t split_mix(uint64_t *state)
{
	uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ mixed >> 31;
}

void random_seed(struct random *random, uint64_t seed)
{
	for (unsigned int i = 0; i < 4; i++)
		random->state[i] = split_mix(&seed);
}

uint64_t random_next(struct random *random)
{
	uint64_t *s = random->state;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate_left(s[3], 45);
	return result;
}

/*
 * The high half of random * bound is in [0, bound). 2^64 numbers cannot be spread evenly over a
 * bound that is no power of two, so 2^64 mod bound of them, told by the low half, are drawn again.
 */
uint64_t random_below(struct random *random, uint64_t bound)
{
	uint64_t surplus = -bound % bound;
	unsigned __int128 product;

	do
		product = (unsigned __int128)random_next(random) * bound;
	while ((uint64_t)product < surplus);
	return (uint64_t)(product >> 64);
}

uint64_t random_below_callback(void *random, uint64_t bound)
{
	return random_below(random, bound);
}
