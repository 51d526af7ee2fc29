/* SPDX-License-Identifier: BSD-2-Clause */
#include "scarce.h"
#include <string.h>
#include "apart.h"
#include "fail.h"
#include "fault.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/lock.h"
#include "machine.h"
#include "memblock.h"
#include "mm.h"
#include "page.h"
#include "set_memory.h"
#include "test.h"
#include "vm_area.h"
#include "vmalloc.h"
#include "walk.h"
#include "zone.h"

/* What is done when there is nothing left: in a copy of the process, since much stays behind. */

static unsigned int asked;

static unsigned long promise(void)
{
	asked++;
	return 1;
}

static struct reclaim_hook hook = {.name = "promises", .reclaim = promise};

static void ask_in_vain(void)
{
	static struct spinlock lock = SPINLOCK("a lock", 0);
	gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;
	unsigned int without;

	take_all_frames();
	register_reclaim_hook(&hook);
	register_reclaim_hook(&hook); /* is there already */
	asked = 0;
	log_line("%d", alloc_page(gfp) != NULL);
	without = asked;
	asked = 0;
	log_line("%d", alloc_page(gfp | __GFP_NORETRY) != NULL);
	log_line("asked again and again %d, once %d", without > 8, asked == 1);
	spin_lock(&lock);
	asked = 0;
	log_line("%d, asked %u times with a lock held", alloc_page(gfp) != NULL, asked);
	spin_unlock(&lock);
	log_line("%lx", get_zeroed_page(GFP_ATOMIC | __GFP_NOWARN));
}

TEST(scarce, promises, "others are asked as long as they say that they gave, and no lock is held")
{
	int status;

	expect_string(apart(ask_in_vain, &status), "# 0\n# 0\n# asked again and again 1, once 1\n"
						   "# 0, asked 0 times with a lock held\n# 0\n");
	expect_equal(status, 0);
}

/* Every other of many pages stays behind when mm ends, each written. */
static void leave_pages_behind(void)
{
	static struct page *pages[4000];
	unsigned long nr = alloc_pages_bulk_array(GFP_KERNEL, 4000, pages), written = 0;
	static uint64_t frames[4000];

	for (unsigned long i = 0; i < nr; i++) {
		frames[i] = page_to_pfn(pages[i]);
		memset(page_address(pages[i]), 0x5a, PAGE_SIZE);
		if (i % 2)
			__free_page(pages[i]);
	}
	host_log_hush(true);
	mm_exit();
	host_log_hush(false);
	page_offset_base = (uintptr_t)machine_memory();
	machine_leave();
	mm_clear_rest(); /* the tables too */
	for (unsigned long i = 0; i < nr; i++)
		written += machine_memory()[(frames[i] << PAGE_SHIFT) + 7] != 0;
	log_line("%d %lu", nr > 2000, written);
}

TEST(scarce, left_behind,
     "more runs of frames left at the end than can be noted are clear all the same")
{
	int status;

	expect_string(apart(leave_pages_behind, &status), "# 1 0\n");
	expect_equal(status, 0);
}

static struct memory_range one_page = {.start = 0x200000, .end = 0x201000};

static void start_without_memory(void)
{
	memblock_init(&one_page, 0);
	log_line("%llx", (unsigned long long)memblock_end());
	memblock_init(&one_page, 1); /* the map of blocks takes it, and the array gets none */
	log_line("%d", page_array_map());
	one_page.end = ((phys_addr_t)1 << 44) + PAGE_SIZE;
	memblock_init(&one_page, 1);
	log_line("%d", page_array_map());
	one_page.end = one_page.start + PAGE_SIZE;
	memblock_init(&one_page, 1);
	layout.vmemmap_end = VMEMMAP_START + PAGE_SIZE;
	log_line("%d", page_array_map());
}

TEST(scarce, page_array, "a page array that has no room, or no memory, is refused")
{
	char expected[240];
	int status;

	scnprintf(expected, sizeof(expected),
		  "# 0\n# %d\n# mm: the page array of 4294968320 frames does not fit its region\n"
		  "# %d\n# mm: the page array of 1024 frames does not fit its region\n# %d\n",
		  -ENOMEM, -ENOMEM, -ENOMEM);
	expect_string(apart(start_without_memory, &status), expected);
	expect_equal(status, 0);
}

/* The last frame below 16 MiB and the first one from there on, which this machine has. */
static void free_across_zones(void)
{
	struct zone *low = &zones[ZONE_DMA], *high = &zones[ZONE_DMA32];
	uint64_t below, above;

	take_all_frames();
	while (alloc_page(GFP_ATOMIC | __GFP_MEMALLOC | __GFP_NOWARN))
		; /* what is kept for tables, too */
	below = low->free;
	above = high->free;
	free_contig_range(DMA_END_PFN - 1, 2);
	drain_all_pages();
	log_line("%d %d %s", (int)(low->free - below), (int)(high->free - above),
		 page_alloc_check() ? "unsound" : "sound");
}

TEST(scarce, two_zones, "a run of frames of two zones goes to both")
{
	int status;

	expect_string(apart(free_across_zones, &status), "# 1 1 sound\n");
	expect_equal(status, 0);
}

/* The family ends and starts anew, with options as an application may give them. */
static int restart(const struct mm_options *options)
{
	int error;

	host_log_hush(true);
	vmalloc_exit();
	error = vmalloc_init(options);
	host_log_hush(false);
	return error;
}

static void restart_with_options(void)
{
	struct mm_options options = {.seed = 7};
	struct vmap_area_options got;

	log_line("%d", restart(&options));
	vmap_area_get_options(&got);
	log_line("guard %u, place %u, lazy_max %d", got.guard, got.place, got.lazy_max > 1);
	options.guard = 18;
	log_line("%d", restart(&options));
	options.guard = 17;
	options.place = NR_PLACES;
	log_line("%d", restart(&options));
	options.place = 0;
	options.debug_pagealloc = true;
	log_line("%d", restart(&options));
	vmap_area_get_options(&got);
	log_line("guard %u, lazy_max %d", got.guard, (int)got.lazy_max);
	vmalloc_exit();
	vmalloc_exit(); /* nothing is left to end */
	while (alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_PAGE_ORDER))
		; /* and memory gets short without it */
	log_line("%s", vmalloc(1) ? "an area" : "none");
}

TEST(scarce, restart, "vmalloc starts again: defaults, what is refused, what debugging changes")
{
	char expected[160];
	int status;

	scnprintf(expected, sizeof(expected),
		  "# 0\n# guard 1, place %d, lazy_max 1\n# %d\n# %d\n# 0\n"
		  "# guard 17, lazy_max 1\n# none\n",
		  PLACE_LOWEST, -EINVAL, -EINVAL);
	expect_string(apart(restart_with_options, &status), expected);
	expect_equal(status, 0);
}

static void early_areas(void)
{
	static struct vm_struct first, low, high, last, beyond;
	struct mm_options options = {.guard = 1};

	host_log_hush(true);
	vmalloc_exit();
	high = (struct vm_struct){.addr = (void *)(VMALLOC_START + (PAGE_SIZE << 10)),
				  .size = 3 * PAGE_SIZE,
				  .guard = 2,
				  .flags = VM_MAP};
	low = (struct vm_struct){.addr = (void *)(VMALLOC_START + (PAGE_SIZE << 8)),
				 .size = 2 * PAGE_SIZE,
				 .flags = VM_MAP};
	first = (struct vm_struct){.addr = (void *)VMALLOC_START, .size = 2 * PAGE_SIZE};
	last = (struct vm_struct){.size = PAGE_SIZE, .flags = VM_MAP};
	vm_area_add_early(&high);
	vm_area_add_early(&low);
	vm_area_add_early(&first);
	vm_area_register_early(&last, PAGE_SIZE);
	host_log_hush(false);
	log_line("%d, behind the last one %d", low.next == &high && low.guard == 1,
		 (char *)last.addr > (char *)high.addr + high.size);
	log_line("%d", vmalloc_init(&options));
	log_line("%d %d %d %d", find_vm_area(first.addr) == &first, find_vm_area(low.addr) == &low,
		 find_vm_area(high.addr) == &high, find_vm_area(last.addr) == &last);
	vmalloc_exit();
	beyond = (struct vm_struct){.addr = (void *)VMALLOC_END, .size = PAGE_SIZE};
	vm_area_add_early(&beyond);
	log_line("%d %d", vmalloc_init(&options), vmap_area_is_up());
}

TEST(scarce, early,
     "early areas in any order, at the start too; one that is not in the region stops the start")
{
	char expected[96];
	int status;

	scnprintf(expected, sizeof(expected),
		  "# 1, behind the last one 1\n# 0\n# 1 1 1 1\n# %d 0\n", -ENOMEM);
	expect_string(apart(early_areas, &status), expected);
	expect_equal(status, 0);
}

/* By the word of the frame: 0 is one that was never handed out. */
static bool describe_word(frame_word_t word, const char *expected)
{
	size_t nr;
	const struct memory_range *ranges = memblock_ranges(&nr);
	uint64_t pfn = ranges[0].start >> PAGE_SHIFT, end = ranges[nr - 1].end >> PAGE_SHIFT;
	char text[128];

	while (pfn < end && (!pfn_valid(pfn) || frame_word(pfn) != word))
		pfn++;
	if (pfn == end)
		return false;
	fault_describe((uintptr_t)pfn_to_kaddr(pfn), text, sizeof(text));
	return strstr(text, expected);
}

TEST(scarce, nobodys_frames, "frames that nobody allocated are told as that")
{
	struct page *page = alloc_page(GFP_KERNEL);
	char text[128];

	expect(describe_word(0, "free, never handed out"));
	expect(describe_word(FRAME_PLAIN, "in use from the start"));
	require(page);
	__free_page(page);
	fault_describe((uintptr_t)page_address(page), text, sizeof(text));
	expect(strstr(text, "free, given back by"));
}

static void end_whole(void)
{
	const struct phys_range *ranges;
	uint64_t frames = 0, left_out;
	bool ours = true;
	size_t nr;

	host_log_hush(true);
	mm_exit();
	host_log_hush(false);
	ranges = mm_handed_out(&nr, &left_out);
	for (size_t i = 0; i < nr; i++) {
		frames += (ranges[i].end - ranges[i].start) >> PAGE_SHIFT;
		ours = ours && memblock_find(ranges[i].start) && memblock_find(ranges[i].end - 1);
	}
	log_line("some %d, ours %d", frames + left_out > 0, ours);
}

TEST(scarce, handed_out, "at the end it is known which frames were ever handed out")
{
	int status;

	expect_string(apart(end_whole, &status), "# some 1, ours 1\n");
	expect_equal(status, 0);
}

static void without_gib_leaves(void)
{
	struct cpu_features *features = (struct cpu_features *)platform_cpu_features();
	char *area;
	struct leaf leaf = {0};

	features->gib_leaves = false;
	area = vmalloc_huge(2 * PMD_SIZE, GFP_KERNEL);
	log_line("%d", area && walk_lookup(&kernel_space, (uintptr_t)area, &leaf) &&
			       leaf.size == PMD_SIZE);
	vfree(area);
	set_memory_ro((unsigned long)(uintptr_t)page_address(alloc_page(GFP_KERNEL)), 1);
	mm_quiesce();
	log_line("%s", mm_check() ? "unsound" : "sound");
}

TEST(scarce, gib_leaves, "a CPU without leaves of 1 GiB has those of 2 MiB")
{
	int status;

	expect_string(apart(without_gib_leaves, &status), "# 1\n# sound\n");
	expect_equal(status, 0);
}

static void free_without_table(void)
{
	const struct page_alloc_options options = {.debug_pagealloc = true};
	struct page *page;

	page_alloc_set_debug(&options);
	page = alloc_page(GFP_KERNEL);
	fail_arm(1, 1u << FAIL_TABLE);
	__free_page(page);
	log_line("%u, frame %d, %s", fail_disarm(), page_count(page),
		 page_alloc_check() ? "unsound" : "sound");
}

TEST(scarce, unmapped, "a freed frame whose leaf cannot be split for lack of a table stays mapped")
{
	int status;
	const char *text = apart(free_without_table, &status);

	if (strcmp(text, "# 0, frame 0, sound\n")) /* leaves of 4 KiB under debug=pagealloc */
		expect_string(text, "# 1, frame 0, sound\n");
	expect_equal(status, 0);
}
