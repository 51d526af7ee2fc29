/* SPDX-License-Identifier: BSD-2-Clause */
#include "host_log.h"
#include "machine.h"
#include "map.h"
#include "pat.h"
#include "protect.h"
#include "../suites/scratch.h"
#include "test.h"
#include "tlb.h"
#include "vmalloc.h"
#include "../suites/window.h"
#include "walk.h"

/* CPUs that have less than the simulated machine's: what is done without. */

enum { CR4_PGE = 1 << 7 };

static struct cpu_features all;

static void give_back(void *unused)
{
	(void)unused;
	*machine_features() = all;
	platform_write_cr4(platform_read_cr4() | CR4_PGE);
	tlb_init();
}

/* Features to take away from; they come back with the end of the test. */
static struct cpu_features *begin(void)
{
	static struct test_end end = {.function = give_back};

	all = *machine_features();
	test_at_end(&end);
	return machine_features();
}

TEST(features, no_gib_leaves, "without leaves of 1 GiB those of 2 MiB are mapped and joined")
{
	struct space *space = scratch_open();
	uintptr_t base = scratch_base();
	struct leaf leaf;

	require(space);
	begin()->gib_leaves = false;
	expect_equal(map_range(space, base, SCRATCH_PHYS, PUD_SIZE, SCRATCH_RW, LEVEL_PUD), 0);
	require(walk_lookup(space, base, &leaf));
	expect_equal(leaf.level, LEVEL_PMD);
	expect_equal(split_leaf(space, base, LEVEL_PTE), 0);
	expect_equal(join_range(space, base, PUD_SIZE, LEVEL_PUD), 1);
	require(walk_lookup(space, base, &leaf));
	expect_equal(leaf.level, LEVEL_PMD);
	scratch_close();
}

/* Under vmalloc, for the run with so much memory has not all modules. */
TEST(vmalloc, no_gib_leaves,
     "without leaves of 1 GiB a large area has those of 2 MiB, and their alignment")
{
	struct leaf leaf;
	char *p;

	test_need_frames(5 * (PUD_SIZE >> PAGE_SHIFT) / 4);
	begin()->gib_leaves = false;
	p = place_in(PUD_SIZE >> PAGE_SHIFT, window() + PMD_SIZE, window() + 3 * PUD_SIZE,
		     VM_ALLOW_HUGE_VMAP, PLACE_LOWEST);
	require(p && walk_lookup(&kernel_space, (uintptr_t)p, &leaf));
	expect_equal(leaf.level, LEVEL_PMD);
	expect_equal((uintptr_t)p, window() + 2 * PMD_SIZE); /* a guard is in front */
	vfree(p);
}

TEST(features, no_pat, "without a PAT write-combining becomes what every CPU has: uncached")
{
	expect_equal(cachemode2protval(_PAGE_CACHE_MODE_WC), _PAGE_PAT);
	begin()->pat = false;
	expect_equal(cachemode2protval(_PAGE_CACHE_MODE_WC), _PAGE_PCD);
}

static bool contains(const char *text, const char *part)
{
	for (; *text; text++)
		if (!strncmp(text, part, strlen(part)))
			return true;
	return false;
}

TEST(features, no_global_pages,
     "without INVPCID and global pages CR3 is loaded to flush everything")
{
	static char said[2048];
	struct tlb_stats before, after;

	begin()->invpcid = false;
	platform_write_cr4(platform_read_cr4() & ~(uint64_t)CR4_PGE);
	tlb_init();
	expect_equal(tlb_method_ticks(TLB_INVPCID), 0);
	expect_equal(tlb_method_ticks(TLB_PGE), 0);
	expect_not_equal(tlb_method_ticks(TLB_CR3), 0);
	tlb_get_stats(&before);
	tlb_flush_all();
	tlb_get_stats(&after);
	expect_equal(after.flushes[TLB_CR3], before.flushes[TLB_CR3] + 1);
	expect_equal(after.flushes[TLB_PGE], before.flushes[TLB_PGE]);
	host_log_capture(said, sizeof(said));
	tlb_log_stats();
	host_log_capture(NULL, 0);
	expect(contains(said, "TLB flushes by INVPCID: untried, not to be had here"));
	expect(contains(said, "TLB flushes by CR4.PGE: untried, not to be had here"));
}
