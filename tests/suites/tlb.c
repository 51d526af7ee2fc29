/* SPDX-License-Identifier: BSD-2-Clause */
#include "tlb.h"
#include "lib/lock.h"
#include "map.h"
#include "page_alloc.h"
#include "test.h"
#include "vmalloc.h"

/*
 * A page that can be mapped to one of two frames, each with a word of its own. Where a CPU (or an
 * emulator) keeps translations, the word of the other frame shows that one was used.
 */
static struct two_frames {
	struct vm_struct *area;
	struct page *frames[2];
	volatile uint64_t *word;
	unsigned int mapped; /* which */
} two;

enum { WORD = 0x1000 };

static bool map_frame(unsigned int which)
{
	two.mapped = which;
	return map_range(&kernel_space, (uintptr_t)two.word, page_to_phys(two.frames[which]),
			 PAGE_SIZE, PAGE_KERNEL, LEVEL_PTE) == 0;
}

static void swap_frames(void)
{
	unmap_range(&kernel_space, (uintptr_t)two.word, PAGE_SIZE);
	map_frame(!two.mapped);
}

static void set_up(void)
{
	two.area = get_vm_area(PAGE_SIZE, VM_MAP);
	require(two.area);
	two.word = two.area->addr;
	for (unsigned int i = 0; i < 2; i++) {
		two.frames[i] = alloc_page(GFP_KERNEL);
		require(two.frames[i]);
		*(uint64_t *)page_address(two.frames[i]) = WORD + i;
	}
	require(map_frame(0));
	tlb_flush_all();
}

static void tear_down(void)
{
	unmap_range(&kernel_space, (uintptr_t)two.word, PAGE_SIZE);
	tlb_flush_range((uintptr_t)two.word, (uintptr_t)two.word + PAGE_SIZE);
	free_vm_area(two.area);
	for (unsigned int i = 0; i < 2; i++)
		__free_page(two.frames[i]);
}

static bool is_stale(void)
{
	return *two.word != WORD + two.mapped;
}

enum { ROUNDS = 200 };

/* How often the old frame was read before the flush; after it, it never may. */
static unsigned int count_stale(void (*flush)(void))
{
	unsigned int stale = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		(void)*two.word;
		swap_frames();
		stale += is_stale();
		flush();
		expect(!is_stale());
	}
	return stale;
}

static void flush_page(void)
{
	tlb_flush_range((uintptr_t)two.word, (uintptr_t)two.word + PAGE_SIZE);
}

static void flush_long_range(void)
{
	tlb_flush_range((uintptr_t)two.word, (uintptr_t)two.word + 4096 * PAGE_SIZE);
}

TEST_FLAGS(tlb, stale_page, "a stale translation is gone after its page was flushed", TEST_SMOKE)
{
	set_up();
	test_note("%u of %u reads before the flush found the old frame", count_stale(flush_page),
		  ROUNDS);
	tear_down();
}

TEST(tlb, stale_all, "a stale translation, a global one too, is gone after everything was flushed")
{
	set_up();
	count_stale(tlb_flush_all);
	count_stale(flush_long_range);
	tear_down();
}

TEST(tlb, stale_write, "a page made read-only cannot be written once it was flushed")
{
	uintptr_t address;

	set_up();
	address = (uintptr_t)two.word;
	*two.word = WORD;
	unmap_range(&kernel_space, address, PAGE_SIZE);
	expect_equal(map_range(&kernel_space, address, page_to_phys(two.frames[0]), PAGE_SIZE,
			       PAGE_KERNEL_RO, LEVEL_PTE),
		     0);
	flush_page();
	expect_equal(*two.word, WORD);
	expect_fault_write(address);
	tear_down();
}

TEST(tlb, measured, "what a flush costs was measured, and the limit for INVLPG follows from it")
{
	enum tlb_method best = tlb_method_ticks(TLB_PGE) ? TLB_PGE : TLB_CR3;
	uint64_t pages;

	for (unsigned int i = 0; i < NR_TLB_METHODS; i++)
		if (tlb_method_ticks(i))
			test_note("%s: %lu ticks", tlb_method_names[i], tlb_method_ticks(i));
		else
			test_note("%s: untried, this CPU has it not", tlb_method_names[i]);
	test_note("INVLPG up to %u pages", tlb_range_limit());
	if (tlb_method_ticks(TLB_INVPCID) && tlb_method_ticks(TLB_INVPCID) < tlb_method_ticks(best))
		best = TLB_INVPCID;
	require(tlb_method_ticks(TLB_INVLPG));
	pages = tlb_method_ticks(best) / tlb_method_ticks(TLB_INVLPG);
	expect_equal(tlb_range_limit(), pages < 1 ? 1 : pages > 512 ? 512 : pages);
}

TEST(tlb, statistics, "each request and each instruction is counted")
{
	uintptr_t start = layout.vmalloc_end - 2 * PAGE_SIZE;
	struct tlb_stats before, after;

	tlb_get_stats(&before);
	tlb_flush_range(start, start + PAGE_SIZE);
	tlb_get_stats(&after);
	expect_equal(after.ranges, before.ranges + 1);
	expect_equal(after.alls, before.alls);
	expect_equal(after.flushes[TLB_INVLPG], before.flushes[TLB_INVLPG] + 1);
	before = after;
	tlb_flush_all();
	tlb_get_stats(&after);
	expect_equal(after.alls, before.alls + 1);
	expect_equal(after.flushes[TLB_CR3] + after.flushes[TLB_PGE] + after.flushes[TLB_INVPCID],
		     before.flushes[TLB_CR3] + before.flushes[TLB_PGE] +
			     before.flushes[TLB_INVPCID] + 1);
}

/*
 * All CPUs read the page and meet; CPU 0 changes it, and flushes or does not; they meet and read
 * again. Who waits looks at shootdowns.
 */
static struct shootdown {
	unsigned int stale, rounds;
	bool flush;
} shootdown;

static void watch_changes(void *context)
{
	(void)context;
	for (unsigned int i = 0; i < shootdown.rounds; i++) {
		(void)*two.word;
		require(test_wait_for_all());
		if (platform_cpu() == 0) {
			swap_frames();
			if (shootdown.flush)
				flush_page();
		}
		require(test_wait_for_all());
		if (is_stale())
			__atomic_fetch_add(&shootdown.stale, 1, __ATOMIC_RELAXED);
		require(test_wait_for_all());
	}
}

static unsigned int count_stale_on(unsigned int nr_cpus, bool flush, unsigned int rounds)
{
	shootdown = (struct shootdown){.flush = flush, .rounds = rounds};
	tlb_flush_all();
	test_run_on_cpus(nr_cpus, watch_changes, NULL);
	tlb_flush_all();
	return shootdown.stale;
}

TEST(tlb, shootdown, "after a flush no CPU reads through the old translation")
{
	unsigned int nr_cpus = test_nr_cpus() < 4 ? test_nr_cpus() : 4;
	unsigned int rounds = (unsigned int)test_option_number("rounds", ROUNDS);
	struct tlb_stats before, after;

	if (nr_cpus < 2)
		test_skip("one CPU");
	set_up();
	test_note("without the flush: %u of %u reads were stale",
		  count_stale_on(nr_cpus, false, ROUNDS), ROUNDS * nr_cpus);
	tlb_get_stats(&before);
	expect_equal(count_stale_on(nr_cpus, true, rounds), 0);
	tlb_get_stats(&after);
	expect(after.shootdowns > before.shootdowns);
	tear_down();
}

/* Two CPUs that flush at each other at the same moment, with locks between them. */
static struct spinlock crossing = SPINLOCK("a test's", LOCK_RANK_NONE);

static void flush_often(void *context)
{
	(void)context;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		if (i % 3 == 0)
			tlb_flush_all();
		else
			flush_page();
		spin_lock(&crossing);
		platform_pause();
		spin_unlock(&crossing);
	}
}

TEST(tlb, crossing, "CPUs that flush at the same time answer each other")
{
	struct tlb_stats before, after;
	unsigned int nr;

	set_up();
	tlb_get_stats(&before);
	nr = test_run_on_cpus(4, flush_often, NULL);
	tlb_get_stats(&after);
	expect(after.ranges + after.alls - before.ranges - before.alls >= (uint64_t)nr * ROUNDS);
	tear_down();
}

static struct {
	unsigned int flushes;
	struct tlb_stats before[2];
} asked;

/* CPU 0 asks, one flush after the other; CPU 1 answers each while it waits for the meeting. */
static void ask_or_answer(void *context)
{
	unsigned int cpu = platform_cpu();

	(void)context;
	tlb_get_cpu_stats(cpu, &asked.before[cpu]);
	for (unsigned int i = 0; i < asked.flushes; i++) {
		require(test_wait_for_all());
		if (cpu == 0 && i % 4 == 0)
			tlb_flush_all();
		else if (cpu == 0)
			flush_page();
	}
	require(test_wait_for_all());
}

TEST(tlb, statistics_of_cpus, "what a CPU asks for and what it answers are counted apart")
{
	struct tlb_stats after[2];

	if (test_nr_cpus() < 2)
		test_skip("one CPU");
	set_up();
	asked.flushes = 100;
	require_equal(test_run_on_cpus(2, ask_or_answer, NULL), 2);
	for (unsigned int cpu = 0; cpu < 2; cpu++)
		tlb_get_cpu_stats(cpu, &after[cpu]);
	expect_equal(after[0].ranges - asked.before[0].ranges, 75);
	expect_equal(after[0].alls - asked.before[0].alls, 25);
	expect_equal(after[0].answered, asked.before[0].answered);
	expect_equal(after[1].ranges + after[1].alls,
		     asked.before[1].ranges + asked.before[1].alls);
	expect_equal(after[1].answered - asked.before[1].answered, 100);
	tear_down();
}
