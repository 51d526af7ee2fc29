/* SPDX-License-Identifier: BSD-2-Clause */
#include "mtrr.h"
#include "entry.h"

/* Intel SDM vol. 3A, 12.11.1, 12.11.2 */
enum { MSR_MTRR_CAP = 0xfe, MSR_MTRR_PHYS_BASE = 0x200, MSR_MTRR_DEF_TYPE = 0x2ff };
enum { CAP_NR_MASK = 0xff, CAP_FIXED = 1 << 8 };
enum { DEF_TYPE_FIXED_ENABLED = 1 << 10, DEF_TYPE_ENABLED = 1 << 11, PHYS_MASK_VALID = 1 << 11 };

/* The fixed ranges cover the first MiB; they are taken as different from each other by the page. */
enum { FIXED_END = 0x100000 };

/*
 * Where the type can change: both ends of each variable range. A mask with holes in it makes many
 * ranges; then every multiple of its lowest bit is such a place (`period`).
 */
struct variable_range {
	phys_addr_t start, end, period;
};

enum { RANGES_MAX = 32 };
static struct variable_range ranges[RANGES_MAX];
static unsigned int nr_ranges;
static bool fixed_enabled;

phys_addr_t mtrr_plain_above[LEVEL_PUD + 1];

static phys_addr_t phys_limit(void)
{
	return (phys_addr_t)1 << platform_cpu_features()->phys_bits;
}

static void read_range(uint32_t nr)
{
	uint64_t base = platform_read_msr(MSR_MTRR_PHYS_BASE + 2 * nr);
	uint64_t mask = platform_read_msr(MSR_MTRR_PHYS_BASE + 2 * nr + 1);
	phys_addr_t bits = mask & ENTRY_ADDRESS_MASK & (phys_limit() - 1), size = bits & -bits;
	bool contiguous = bits + size == phys_limit();

	if (!(mask & PHYS_MASK_VALID) || !bits)
		return;
	base &= bits;
	ranges[nr_ranges++] =
		contiguous ? (struct variable_range){.start = base, .end = base + size}
			   : (struct variable_range){.end = phys_limit(), .period = size};
}

/* Whether the type can change strictly within [start, end). */
static bool is_cut_by(const struct variable_range *range, phys_addr_t start, phys_addr_t end)
{
	if (range->period)
		return end - start > range->period;
	return (range->start > start && range->start < end) ||
	       (range->end > start && range->end < end);
}

bool mtrr_is_uniform(phys_addr_t phys, size_t size)
{
	phys_addr_t end = phys + size;

	if (fixed_enabled && phys < FIXED_END && size > PAGE_SIZE)
		return false;
	for (unsigned int i = 0; i < nr_ranges; i++)
		if (is_cut_by(&ranges[i], phys, end))
			return false;
	return true;
}

/* The end of the last leaf of `level` that a range cuts. */
static phys_addr_t last_cut(unsigned int level)
{
	phys_addr_t last = fixed_enabled ? FIXED_END : 0, mask = level_size(level) - 1;

	for (unsigned int i = 0; i < nr_ranges; i++) {
		if (ranges[i].end & mask || ranges[i].period)
			last = ranges[i].end > last ? ranges[i].end : last;
		else if (ranges[i].start & mask)
			last = ranges[i].start > last ? ranges[i].start : last;
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
