/* SPDX-License-Identifier: BSD-2-Clause */
#include "entropy.h"
#include "firmware.h"
#include "instructions.h"
#include "lib/format.h"
#include "platform.h"

enum { RETRIES = 10, WORDS = 4, STALLS = 16 };

/* Finalizer of splitmix64 (Steele, Lea, Flood, 2014): every bit of the input moves every other. */
static uint64_t mix(uint64_t state, uint64_t word)
{
	uint64_t z = state + word + 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static bool read_rdseed(uint64_t *word)
{
	unsigned char good;

	__asm__ volatile("rdseed %0; setc %1" : "=r"(*word), "=qm"(good) : : "cc");
	return good;
}

static bool read_rdrand(uint64_t *word)
{
	unsigned char good;

	__asm__ volatile("rdrand %0; setc %1" : "=r"(*word), "=qm"(good) : : "cc");
	return good;
}

/* Some processors answer the same word for ever after a resume: then it counts as absent. */
static bool mix_instruction(uint64_t *seed, bool (*read)(uint64_t *word))
{
	uint64_t words[WORDS] = {0};
	bool differ = false;

	for (int i = 0; i < WORDS; i++) {
		int tries = 0;

		while (!read(&words[i]))
			if (++tries == RETRIES)
				return false;
		differ |= words[i] != words[0];
	}
	for (int i = 0; differ && i < WORDS; i++)
		*seed = mix(*seed, words[i]);
	return differ;
}

static bool mix_protocol(uint64_t *seed)
{
	static const EFI_GUID guid = EFI_RNG_PROTOCOL_GUID;
	EFI_RNG_PROTOCOL *rng = firmware_protocol(NULL, &guid);
	uint64_t words[WORDS] = {0};

	if (!rng || EFI_ERROR(efi_call(rng, GetRNG, rng, NULL, sizeof(words), (UINT8 *)words)))
		return false;
	for (int i = 0; i < WORDS; i++)
		*seed = mix(*seed, words[i]);
	return true;
}

/* What a firmware call takes varies with interrupts and devices. */
static void mix_time(uint64_t *seed)
{
	for (int i = 0; i < STALLS; i++) {
		efi_call(firmware.boot, Stall, 1);
		*seed = mix(*seed, read_time_stamp());
	}
}

uint64_t entropy_seed(char *sources, size_t size)
{
	const struct cpu_features *cpu = platform_cpu_features();
	uint64_t seed = 0;
	int used = 0;

	sources[0] = '\0';
	if (mix_protocol(&seed))
		used += scnprintf(sources, size, "firmware's generator, ");
	if (cpu->rdseed && mix_instruction(&seed, read_rdseed))
		used += scnprintf(sources + used, size - (size_t)used, "RDSEED, ");
	if (cpu->rdrand && mix_instruction(&seed, read_rdrand))
		used += scnprintf(sources + used, size - (size_t)used, "RDRAND, ");
	mix_time(&seed);
	scnprintf(sources + used, size - (size_t)used, "time stamps");
	return seed;
}
