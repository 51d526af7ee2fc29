/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdint.h>

/* Reproducible random numbers (xoshiro256**, seeded by splitmix64: Blackman and Vigna, 2018). */
struct random {
	uint64_t state[4];
};

void random_seed(struct random *random, uint64_t seed);
uint64_t random_next(struct random *random);
/* Uniform in [0, bound), bound > 0, without modulo bias. */
uint64_t random_below(struct random *random, uint64_t bound);
/* The same with the shape that layout_draw() asks for; `random` is a struct random. */
uint64_t random_below_callback(void *random, uint64_t bound);
