/* SPDX-License-Identifier: BSD-2-Clause */
#include "quiet.h"
#include <stdbool.h>
#include "lib/format.h"
#include "lib/string.h"

enum { DIGITS_BEHIND_0X = 6, DIGITS_BARE = 7, WORDS = 16, ROUNDS = 64 };

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_word(char c)
{
	return is_hex(c) || (c >= 'g' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* How many hexadecimal digits stand here, where a word begins; 0: it is a word of another kind. */
static size_t count_digits(const char *text)
{
	size_t nr = 0;

	while (is_hex(text[nr]))
		nr++;
	return is_word(text[nr]) ? 0 : nr;
}

static void put_dots(char **to, size_t room)
{
	for (size_t i = 0; i < 3 && i < room; i++)
		*(*to)++ = '.';
}

void quiet_line(char *line)
{
	char *to = line;
	const char *from = line;
	bool in_word = false;

	while (*from) {
		bool seed = !strncmp(from, "seed=", 5), prefix = false;
		size_t digits;

		if (!in_word && seed) {
			memmove(to, from, 5);
			to += 5;
			from += 5;
		}
		if (!in_word && !strncmp(from, "0x", 2)) {
			*to++ = *from++;
			*to++ = *from++;
			prefix = true;
		}
		digits = in_word && !prefix ? 0 : count_digits(from);
		if (digits && (seed || digits >= (prefix ? DIGITS_BEHIND_0X : DIGITS_BARE))) {
			put_dots(&to, digits);
			from += digits;
		} else if (*from) {
			in_word = is_word(*from) || *from == '.';
			*to++ = *from++;
		}
	}
	*to = '\0';
}

static const uint32_t round_constants[ROUNDS] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2};

static uint32_t rotate(uint32_t value, unsigned int by)
{
	return value >> by | value << (32 - by);
}

/* FIPS 180-4, 6.2.2, steps 1 to 3. */
static void extend(uint32_t words[ROUNDS])
{
	for (unsigned int i = WORDS; i < ROUNDS; i++) {
		uint32_t a = words[i - 15], b = words[i - 2];

		words[i] = words[i - 16] + words[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) +
			   (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
	}
}

static void compress(uint32_t state[8], const uint32_t words[ROUNDS])
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint32_t a = state[0], e = state[4];
		uint32_t one = state[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
			       ((e & state[5]) ^ (~e & state[6])) + round_constants[i] + words[i];
		uint32_t two = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
			       ((a & state[1]) ^ (a & state[2]) ^ (state[1] & state[2]));

		memmove(state + 1, state, 7 * sizeof(*state));
		state[4] += one;
		state[0] = one + two;
	}
}

const char *quiet_digest(uint64_t seed, char digest[QUIET_DIGEST_MAX])
{
	uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	uint32_t state[8], words[ROUNDS] = {0};

	/* One block: eight bytes, the bit 1, and the length of 64 bits. */
	words[0] = __builtin_bswap32((uint32_t)seed);
	words[1] = __builtin_bswap32((uint32_t)(seed >> 32));
	words[2] = 0x80000000;
	words[WORDS - 1] = 64;
	memcpy(state, first, sizeof(state));
	extend(words);
	compress(state, words);
	state[0] += first[0];
	state[1] += first[1];
	scnprintf(digest, QUIET_DIGEST_MAX, "%04x-%04x-%04x-%04x", state[0] >> 16,
		  state[0] & 0xffff, state[1] >> 16, state[1] & 0xffff);
	return digest;
}
