/* SPDX-License-Identifier: BSD-2-Clause */
#include "layout.h"
#include "lib/assert.h"
#include "lib/format.h"
#include "lib/random.h"
#include "lib/string.h"
#include "memblock.h"
#include "mm.h"
#include "page.h"
#include "tlb.h"
#include "vmalloc.h"
#include "vmallocinfo.h"

/* A kernel that takes mm/ and pagetables/ in: the order of the calls, and a first vmalloc. */

#define MEMORY_START                                                                               \
	((phys_addr_t)16 << 20) /* what this kernel gives them; yours knows its own                \
				 */
#define MEMORY_END ((phys_addr_t)128 << 20)

extern char text_start[], text_end[], rodata_start[], rodata_end[], data_start[], data_end[];

static void build_tables(void)
{
	static const struct memory_range memory = {.start = MEMORY_START, .end = MEMORY_END};
	static const struct phys_range direct = {MEMORY_START, MEMORY_END};
#define SECTION(name_, prot_)                                                                      \
	{                                                                                          \
#name_, (uintptr_t)name_##_start, (uintptr_t)name_##_end,                          \
			(uintptr_t)name_##_start, prot_                                            \
	}
	const struct image_section sections[] = {SECTION(text, PAGE_KERNEL_ROX),
						 SECTION(rodata, PAGE_KERNEL_RO),
						 SECTION(data, PAGE_KERNEL)};
	const struct layout_request request = {.kaslr = KASLR_FINE,
					       .levels = 4,
					       .phys_end = MEMORY_END,
					       .page_struct_size = PAGE_ARRAY_BYTES_PER_FRAME};
	const struct space_plan plan = {.levels = 4,
					.layout = &layout,
					.ranges = &direct,
					.nr_ranges = 1,
					.sections = sections,
					.nr_sections = 3,
					.source = {.alloc = memblock_alloc_table},
					.max_level = LEVEL_PMD};
	struct random random;
	int error;

	memblock_init(&memory, 1);
	random_seed(&random, platform_ticks());
	error = layout_choose(&request, random_below_callback, &random, &layout);
	ASSERT(!error, "layout: %d", error);
	error = space_build(&plan);
	ASSERT(!error, "tables: %d", error);
	error = mm_map_page_array();
	ASSERT(!error, "page array: %d", error);
}

/* The stack and this code are mapped at their places in both tables. */
static void enter_tables(void)
{
	platform_write_cr3(kernel_space.root);
	page_offset_base = PAGE_OFFSET;
	tlb_cpu_enter();
	tlb_init();
}

static void print(void *unused, const char *line)
{
	(void)unused;
	platform_log(line);
}

void kernel_main(void);

void kernel_main(void)
{
	const struct mm_options options = {.seed = platform_ticks(), .poison = true};
	struct mm_usage before, after;
	const char *problem;
	char *area;
	int error;

	build_tables();
	enter_tables();
	error = mm_init(&options);
	ASSERT(!error, "mm_init: %d", error);
	mm_get_usage(&before);
	area = vmalloc(5 * PAGE_SIZE);
	ASSERT(area, "no area");
	memset(area, 0x5a, 5 * PAGE_SIZE);
	vmallocinfo(print, NULL);
	log_line("frame of its last page: 0x%lx", vmalloc_to_pfn(area + 4 * PAGE_SIZE));
	vfree(area);
	mm_quiesce();
	mm_get_usage(&after);
	problem = mm_check();
	log_line("frames left behind: %lld; check: %s",
		 (long long)(before.free_frames - after.free_frames), problem ? problem : "sound");
	mm_exit();
	__asm__ volatile("outl %0, $0xf4" : : "a"(16)); /* QEMU ends with 33 */
}
