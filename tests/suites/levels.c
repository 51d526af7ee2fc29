/* SPDX-License-Identifier: BSD-2-Clause */
#include "levels.h"
#include "entry.h"
#include "mtrr.h"
#include "pat.h"
#include "test.h"

TEST(levels, sizes, "a leaf covers 4 KiB, 2 MiB or 1 GiB, a root entry 512 GiB or 256 TiB")
{
	expect_equal(level_size(LEVEL_PTE), 0x1000);
	expect_equal(level_size(LEVEL_PMD), 0x200000);
	expect_equal(level_size(LEVEL_PUD), 0x40000000);
	expect_equal(level_size(LEVEL_P4D), (uint64_t)512 << 30);
	expect_equal(level_size(LEVEL_PGD), (uint64_t)256 << 40);
}

TEST(levels, index, "an address falls into one index a level")
{
	uintptr_t address = (uintptr_t)0xff11 << 48 | (uintptr_t)1 << 39 | (uintptr_t)2 << 30 |
			    (uintptr_t)3 << 21 | (uintptr_t)511 << 12 | 0xabc;

	expect_equal(pgd_index(address), 0x111);
	expect_equal(p4d_index(address), 1);
	expect_equal(pud_index(address), 2);
	expect_equal(pmd_index(address), 3);
	expect_equal(pte_index(address), 511);
}

TEST_FLAGS(levels, canonical, "the bits above the highest translated one must all equal it",
	   TEST_SMOKE)
{
	expect(address_is_canonical(0, 4));
	expect(address_is_canonical(0x00007fffffffffff, 4));
	expect(!address_is_canonical(0x0000800000000000, 4));
	expect(!address_is_canonical(0xffff7fffffffffff, 4));
	expect(address_is_canonical(0xffff800000000000, 4));
	expect(address_is_canonical(UINT64_MAX, 4));
	expect(address_is_canonical(0x0000800000000000, 5));
	expect(!address_is_canonical(0x0100000000000000, 5));
	expect(address_is_canonical(0xff00000000000000, 5));
	expect(!address_is_canonical(0x4000000000000000, 5));
}

static const pgprot_t protections[] = {PAGE_KERNEL, PAGE_KERNEL_RO, PAGE_KERNEL_ROX,
				       PAGE_KERNEL_NOCACHE};

TEST_FLAGS(entry, leaf, "a leaf of every size gives back its frame and its protection", TEST_SMOKE)
{
	phys_addr_t phys = (phys_addr_t)0x7ab << 30;

	for (unsigned int level = LEVEL_PTE; level <= LEVEL_PUD; level++)
		for (size_t i = 0; i < sizeof(protections) / sizeof(protections[0]); i++) {
			pgprot_t prot = __pgprot(protections[i].pgprot | _PAGE_PAT);
			entry_t entry = entry_make_leaf(phys, prot, level);

			expect(entry_is_leaf(entry, level));
			expect(!entry_is_table(entry, level));
			expect_equal(entry_leaf_phys(entry, level), phys);
			expect_equal(entry_leaf_prot(entry, level).pgprot, prot.pgprot);
		}
}

TEST(entry, table, "an entry that points to a table allows everything and counts up to 512")
{
	entry_t entry = entry_make_table(0x12345000, 512);

	expect(entry_is_table(entry, LEVEL_PMD));
	expect(!entry_is_leaf(entry, LEVEL_PMD));
	expect_equal(entry_populated(entry), 512);
	expect_equal(entry_populated(entry - ENTRY_POPULATED_ONE), 511);
	expect_equal(entry_table_phys(entry), 0x12345000);
	expect_equal(entry & (_PAGE_RW | _PAGE_USER | _PAGE_NX), _PAGE_RW | _PAGE_USER);
}

TEST(entry, large_bit, "the bit of large leaves makes one at levels 2 and 3 alone")
{
	entry_t small = _PAGE_PRESENT | _PAGE_RW, large = small | _PAGE_PSE;

	for (unsigned int level = LEVEL_PTE; level <= LEVEL_PGD; level++) {
		bool may_be_leaf = level == LEVEL_PMD || level == LEVEL_PUD;

		expect_equal(entry_is_leaf(small, level), level == LEVEL_PTE);
		expect_equal(entry_is_table(small, level), level != LEVEL_PTE);
		expect_equal(entry_is_leaf(large, level), level == LEVEL_PTE || may_be_leaf);
		expect_equal(entry_is_table(large, level), level > LEVEL_PUD);
		expect(!entry_is_leaf(large & ~_PAGE_PRESENT, level));
		expect(!entry_is_table(small & ~_PAGE_PRESENT, level));
		expect(!entry_is_table(large & ~_PAGE_PRESENT, level));
	}
}

TEST(entry, write_or_execute, "writable and executable is seen, and only that")
{
	expect(prot_is_writable_and_executable(PAGE_KERNEL_EXEC));
	for (size_t i = 0; i < sizeof(protections) / sizeof(protections[0]); i++)
		expect(!prot_is_writable_and_executable(protections[i]));
}

TEST(pat, modes, "each memory type is asked for by the bits that mean it")
{
	expect_equal(pgprot2cachemode(PAGE_KERNEL), _PAGE_CACHE_MODE_WB);
	expect_equal(pgprot2cachemode(PAGE_KERNEL_NOCACHE), _PAGE_CACHE_MODE_UC);
	expect_equal(pgprot2cachemode(pgprot_noncached(PAGE_KERNEL)), _PAGE_CACHE_MODE_UC_MINUS);
	expect_equal(pgprot2cachemode(pgprot_writethrough(PAGE_KERNEL)), _PAGE_CACHE_MODE_WT);
	if (platform_cpu_features()->pat)
		expect_equal(pgprot2cachemode(pgprot_writecombine(PAGE_KERNEL)),
			     _PAGE_CACHE_MODE_WC);
	expect_equal(pgprot_writecombine(PAGE_KERNEL).pgprot & ~_PAGE_CACHE_MASK,
		     PAGE_KERNEL.pgprot);
}

/* What the eight entries of the register mean (Intel SDM vol. 3A, table 12-10). */
TEST(pat, value, "entries 0 to 3 are those of power-on; the type that a leaf asks for is there")
{
	static const uint8_t types[_PAGE_CACHE_MODE_NUM] = {[_PAGE_CACHE_MODE_WB] = 6,
							    [_PAGE_CACHE_MODE_WC] = 1,
							    [_PAGE_CACHE_MODE_UC_MINUS] = 7,
							    [_PAGE_CACHE_MODE_UC] = 0,
							    [_PAGE_CACHE_MODE_WT] = 4};

	expect_equal((uint32_t)PAT_VALUE, (uint32_t)PAT_POWER_ON_VALUE);
	for (unsigned int i = 0; i < 8; i++) {
		pgprot_t prot = __pgprot((i & 1 ? _PAGE_PWT : 0) | (i & 2 ? _PAGE_PCD : 0) |
					 (i & 4 ? _PAGE_PAT : 0));

		expect_equal((uint8_t)(PAT_VALUE >> (8 * i)), types[pgprot2cachemode(prot)]);
	}
}

TEST(mtrr, small, "a page is always of one type")
{
	for (phys_addr_t phys = 0; phys < 0x200000; phys += PAGE_SIZE)
		expect(mtrr_is_uniform(phys, PAGE_SIZE));
}

TEST(mtrr, whole, "what is uniform is so in all its parts")
{
	for (phys_addr_t phys = 0; phys < (phys_addr_t)8 << 30; phys += PUD_SIZE) {
		bool all = true;

		for (size_t part = 0; part < PUD_SIZE; part += PMD_SIZE)
			all &= mtrr_is_uniform(phys + part, PMD_SIZE);
		expect(all || !mtrr_is_uniform(phys, PUD_SIZE));
	}
}
