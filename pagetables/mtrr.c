/* SPDX-License-Identifier: BSD-2-Clause */
#include "mtrr.h"

/* Intel SDM vol. 3A, 12.11.1, 12.11.2 */
enum { MSR_MTRR_CAP = 0xfe, MSR_MTRR_PHYS_BASE = 0x200, MSR_MTRR_DEF_TYPE = 0x2ff };
enum { CAP_NR_MASK = 0xff, CAP_FIXED = 1 << 8 };
enum { DEF_TYPE_FIXED_ENABLED = 1 << 10, DEF_TYPE_ENABLED = 1 << 11, PHYS_MASK_VALID = 1 << 11 };

/* The fixed ranges cover the first MiB; they are taken as different from each other by the page. */
enum { FIXED_END = 0x100000 };

/*
 * An address is in the range when it equals `base` in every bit of `mask` (12.11.3). Nothing is
 * asked of the mask: it may have holes, and lack upper bits (U-Boot 2023.01 writes it for 36 bits
 * where the processor has 40), so that the range repeats itself.
 */
struct variable_range {
	phys_addr_t base, mask;
};

enum { RANGES_MAX = 32 };
static struct variable_range ranges[RANGES_MAX];
static unsigned int nr_ranges;
static bool fixed_enabled;

phys_addr_t mtrr_plain_above[LEVEL_PUD + 1];

static phys_addr_t address_bits(void)
{
	return (((phys_addr_t)1 << platform_cpu_features()->phys_bits) - 1) & PAGE_MASK;
}

static void read_range(uint32_t nr)
{
	uint64_t base = platform_read_msr(MSR_MTRR_PHYS_BASE + 2 * nr);
	uint64_t mask = platform_read_msr(MSR_MTRR_PHYS_BASE + 2 * nr + 1);

	if (mask & PHYS_MASK_VALID)
		ranges[nr_ranges++] = (struct variable_range){.base = base & address_bits(),
							      .mask = mask & address_bits()};
}

/* Whether a part of the leaf is in the range and a part is not: its upper bits match, and some of
 * those within it are asked for. */
static bool is_cut_by(const struct variable_range *range, phys_addr_t leaf, size_t size)
{
	return (range->mask & (size - 1)) && !((leaf ^ range->base) & range->mask & -size);
}

bool mtrr_is_uniform(phys_addr_t phys, size_t size)
{
	if (fixed_enabled && phys < FIXED_END && size > PAGE_SIZE)
		return false;
	for (unsigned int i = 0; i < nr_ranges; i++)
		if (is_cut_by(&ranges[i], phys, size))
			return false;
	return true;
}

/* The end of the last leaf of `level` that a range cuts: all bits set that it does not ask for. */
static phys_addr_t last_cut(unsigned int level)
{
	phys_addr_t last = fixed_enabled ? FIXED_END : 0, size = level_size(level);

	for (unsigned int i = 0; i < nr_ranges; i++) {
		phys_addr_t leaf = ((ranges[i].base & ranges[i].mask) | ~ranges[i].mask) &
				   address_bits() & -size;

		if (ranges[i].mask & (size - 1) && leaf + size > last)
			last = leaf + size;
	}
	return last;
}

void mtrr_init(void)
{
	uint64_t capabilities, type;

	nr_ranges = 0;
	fixed_enabled = false;
	if (platform_cpu_features()->mtrr) {
		capabilities = platform_read_msr(MSR_MTRR_CAP);
		type = platform_read_msr(MSR_MTRR_DEF_TYPE);
		fixed_enabled = (type & DEF_TYPE_ENABLED) && (capabilities & CAP_FIXED) &&
				(type & DEF_TYPE_FIXED_ENABLED);
		for (uint32_t i = 0; i < (capabilities & CAP_NR_MASK) && i < RANGES_MAX; i++)
			if (type & DEF_TYPE_ENABLED)
				read_range(i);
	}
	for (unsigned int level = LEVEL_PMD; level <= LEVEL_PUD; level++)
		mtrr_plain_above[level] = last_cut(level);
}
