/* SPDX-License-Identifier: BSD-2-Clause */
#include "mmu.h"
#include "test.h"

/*
 * The simulated MMU against answers worked out by hand. Twelve pages are the physical memory; frame
 * n holds one table. The address under test goes through index 1 of the root, 2 of the next table,
 * 3 and 4: ADDRESS = 1 << 39 | 2 << 30 | 3 << 21 | 4 << 12, and 5 << 48 before them with five
 * levels.
 */

enum { FRAME = 4096, ROOT = 1, PDPT = 2, PD = 3, PT = 4, PML5 = 5, FRAMES = 12 };
#define ADDRESS ((uint64_t)0x8080604abc)
#define ADDRESS5 ((uint64_t)5 << 48 | ADDRESS)
#define TABLE ((uint64_t)0x27) /* present, writable, user, accessed */
#define NX ((uint64_t)1 << 63)

static uint64_t memory[FRAMES][512] __attribute__((aligned(4096)));

static struct mmu make_mmu(void)
{
	struct mmu mmu = {.cr0 = MMU_CR0_WP,
			  .cr3 = ROOT * FRAME,
			  .cr4 = MMU_CR4_PGE,
			  .efer = MMU_EFER_NXE,
			  .phys_bits = 39,
			  .gib_leaves = true,
			  .memory = (char *)memory};

	memset(memory, 0, sizeof(memory));
	memory[PML5][5] = ROOT * FRAME | TABLE;
	memory[ROOT][1] = PDPT * FRAME | TABLE;
	memory[PDPT][2] = PD * FRAME | TABLE;
	memory[PD][3] = PT * FRAME | TABLE;
	memory[PT][4] = 0x12345000 | NX | 0x163; /* present, writable, accessed, dirty, global */
	return mmu;
}

/* ~0: translated; otherwise the error code. */
static unsigned int error_of(const struct mmu *mmu, uint64_t address, enum mmu_access access)
{
	struct mmu_leaf leaf;
	unsigned int error;

	return mmu_translate(mmu, address, access, &leaf, &error) ? ~0u : error;
}

TEST(host_mmu, small_page, "four levels lead to a 4 KiB page with the leaf's permissions")
{
	struct mmu mmu = make_mmu();
	struct mmu_leaf leaf;
	unsigned int error;

	require(mmu_translate(&mmu, ADDRESS, MMU_READ, &leaf, &error));
	expect_equal(leaf.virt, 0x8080604000);
	expect_equal(leaf.phys, 0x12345000);
	expect_equal(leaf.size, 0x1000);
	expect(leaf.write && !leaf.execute && !leaf.user && leaf.global && leaf.dirty);
	expect_equal(leaf.pat, 0);
}

TEST(host_mmu, large_pages, "a set PS bit ends the walk at 2 MiB and at 1 GiB")
{
	struct mmu mmu = make_mmu();
	struct mmu_leaf leaf;
	unsigned int error;

	memory[PD][3] = 0x12200000 | 0xe3;
	require(mmu_translate(&mmu, ADDRESS, MMU_WRITE, &leaf, &error));
	expect_equal(leaf.virt, 0x8080600000);
	expect_equal(leaf.phys, 0x12200000);
	expect_equal(leaf.size, 0x200000);
	expect(leaf.execute && !leaf.global);
	memory[PDPT][2] = 0x40000000 | 0xe3 | 1 << 12 | NX;
	require(mmu_translate(&mmu, ADDRESS, MMU_READ, &leaf, &error));
	expect_equal(leaf.virt, 0x8080000000);
	expect_equal(leaf.phys, 0x40000000);
	expect_equal(leaf.size, 0x40000000);
	expect_equal(leaf.pat, 4);
}

TEST(host_mmu, five_levels, "CR4.LA57 puts nine more bits in front")
{
	struct mmu mmu = make_mmu();
	struct mmu_leaf leaf;
	unsigned int error;

	mmu.cr3 = PML5 * FRAME;
	mmu.cr4 |= MMU_CR4_LA57;
	require(mmu_translate(&mmu, ADDRESS5, MMU_READ, &leaf, &error));
	expect_equal(leaf.virt, ADDRESS5 & ~(uint64_t)0xfff);
	expect_equal(leaf.phys, 0x12345000);
	expect_equal(error_of(&mmu, ADDRESS, MMU_READ), 0);
}

TEST(host_mmu, canonical, "the bits above the highest translated one must equal it")
{
	struct mmu mmu = make_mmu();

	expect(mmu_canonical(&mmu, 0x00007fffffffffff));
	expect(!mmu_canonical(&mmu, 0x0000800000000000));
	expect(!mmu_canonical(&mmu, 0xff11000000000000));
	expect(mmu_canonical(&mmu, 0xffff800000000000));
	mmu.cr4 |= MMU_CR4_LA57;
	expect(mmu_canonical(&mmu, 0x00ffffffffffffff));
	expect(!mmu_canonical(&mmu, 0x0100000000000000));
	expect(mmu_canonical(&mmu, 0xff11000000000000));
}

TEST(host_mmu, not_present, "an entry that is not present gives error code bit 0 clear")
{
	struct mmu mmu = make_mmu();

	memory[PT][4] = ~(uint64_t)1;
	expect_equal(error_of(&mmu, ADDRESS, MMU_READ), 0);
	expect_equal(error_of(&mmu, ADDRESS, MMU_WRITE), 2);
	expect_equal(error_of(&mmu, ADDRESS, MMU_FETCH), 16);
	memory[ROOT][1] = 0;
	expect_equal(error_of(&mmu, ADDRESS, MMU_WRITE), 2);
}

TEST(host_mmu, rights, "R/W and XD of every level count together")
{
	struct mmu mmu = make_mmu();

	expect_equal(error_of(&mmu, ADDRESS, MMU_FETCH), 17);
	memory[PT][4] &= ~NX;
	expect_equal(error_of(&mmu, ADDRESS, MMU_FETCH), ~0u);
	memory[PDPT][2] |= NX;
	expect_equal(error_of(&mmu, ADDRESS, MMU_FETCH), 17);
	expect_equal(error_of(&mmu, ADDRESS, MMU_WRITE), ~0u);
	memory[ROOT][1] &= ~(uint64_t)2;
	expect_equal(error_of(&mmu, ADDRESS, MMU_WRITE), 3);
	expect_equal(error_of(&mmu, ADDRESS, MMU_READ), ~0u);
	mmu.cr0 = 0;
	expect_equal(error_of(&mmu, ADDRESS, MMU_WRITE), ~0u);
}

TEST(host_mmu, user_pages,
     "SMEP forbids fetches, SMAP all data accesses, where all levels say user")
{
	struct mmu mmu = make_mmu();

	memory[PT][4] = 0x12345067;
	expect_equal(error_of(&mmu, ADDRESS, MMU_FETCH), ~0u);
	mmu.cr4 |= MMU_CR4_SMEP;
	expect_equal(error_of(&mmu, ADDRESS, MMU_FETCH), 17);
	expect_equal(error_of(&mmu, ADDRESS, MMU_READ), ~0u);
	mmu.cr4 |= MMU_CR4_SMAP;
	expect_equal(error_of(&mmu, ADDRESS, MMU_READ), 1);
	expect_equal(error_of(&mmu, ADDRESS, MMU_WRITE), 3);
	memory[PD][3] &= ~(uint64_t)4;
	expect_equal(error_of(&mmu, ADDRESS, MMU_WRITE), ~0u);
}

/* Whether `entry` in that place is refused for its reserved bits. */
static bool refused(const struct mmu *mmu, uint64_t *place, uint64_t entry)
{
	uint64_t before = *place;
	unsigned int error;

	*place = entry;
	error = error_of(mmu, ADDRESS, MMU_READ);
	*place = before;
	return error == (MMU_FAULT_P | MMU_FAULT_RSVD);
}

TEST(host_mmu, reserved_bits, "each reserved bit faults, and each ignored one does not")
{
	struct mmu mmu = make_mmu();

	for (unsigned int nr = 13; nr <= 20; nr++)
		expect(refused(&mmu, &memory[PD][3], 0x12200083 | (uint64_t)1 << nr));
	for (unsigned int nr = 13; nr <= 29; nr++)
		expect(refused(&mmu, &memory[PDPT][2], 0x40000083 | (uint64_t)1 << nr));
	for (unsigned int nr = 39; nr <= 51; nr++)
		expect(refused(&mmu, &memory[PT][4], 0x12345003 | (uint64_t)1 << nr));
	expect(refused(&mmu, &memory[ROOT][1], memory[ROOT][1] | 0x80));
	expect(refused(&mmu, &memory[PD][3], memory[PD][3] | (uint64_t)1 << 39));
	for (unsigned int nr = 52; nr <= 62; nr++) {
		expect(!refused(&mmu, &memory[PT][4], 0x12345003 | (uint64_t)1 << nr));
		expect(!refused(&mmu, &memory[PD][3], memory[PD][3] | (uint64_t)1 << nr));
	}
	expect(!refused(&mmu, &memory[PT][4], 0x12345083));
	expect(!refused(&mmu, &memory[PD][3], 0x12201083));
}

TEST(host_mmu, features, "XD without EFER.NXE and 1 GiB leaves on a CPU that has none are reserved")
{
	struct mmu mmu = make_mmu();

	mmu.efer = 0;
	expect_equal(error_of(&mmu, ADDRESS, MMU_WRITE), 11);
	memory[PT][4] &= ~NX;
	expect_equal(error_of(&mmu, ADDRESS, MMU_FETCH), ~0u);
	mmu.gib_leaves = false;
	expect(refused(&mmu, &memory[PDPT][2], 0x40000083));
}

TEST(host_mmu, accessed_and_dirty,
     "a translation sets A on its way and D for a write, a fault none")
{
	struct mmu mmu = make_mmu();

	memory[PT][4] = 0x12345001;
	memory[PD][3] = PT * FRAME | 3;
	expect_equal(error_of(&mmu, ADDRESS, MMU_WRITE), 3);
	expect_equal(memory[PT][4], 0x12345001);
	expect_equal(error_of(&mmu, ADDRESS, MMU_READ), ~0u);
	expect_equal(memory[PT][4], 0x12345021);
	expect_equal(memory[PD][3], PT * FRAME | 0x23);
	memory[PT][4] |= 2;
	expect_equal(error_of(&mmu, ADDRESS, MMU_WRITE), ~0u);
	expect_equal(memory[PT][4], 0x12345063);
}

struct counts {
	unsigned int leaves, tables, reserved;
	uint64_t last_virt;
};

static void count_leaf(void *context, const struct mmu_leaf *leaf)
{
	struct counts *counts = context;

	counts->leaves++;
	counts->last_virt = leaf->virt;
}

static void count_table(void *context, unsigned int level, uint64_t phys)
{
	struct counts *counts = context;

	(void)level;
	(void)phys;
	counts->tables++;
}

static void count_reserved(void *context, unsigned int level, uint64_t virt, uint64_t entry)
{
	struct counts *counts = context;

	(void)level;
	(void)virt;
	(void)entry;
	counts->reserved++;
}

TEST(host_mmu, visit,
     "the visitor meets each leaf, table and reserved entry once, in address order")
{
	struct mmu mmu = make_mmu();
	struct counts counts = {0};
	struct mmu_visitor visitor = {count_leaf, count_table, count_reserved, &counts};

	memory[PD][7] = 0x400083;
	memory[PD][8] = 0x402083;
	memory[ROOT][511] = PDPT * FRAME | TABLE;
	memory[ROOT][1] = 0;
	mmu_visit(&mmu, &visitor);
	expect_equal(counts.leaves, 2);
	expect_equal(counts.tables, 4);
	expect_equal(counts.reserved, 1);
	expect_equal(counts.last_virt, 0xffffff8080e00000);
}
