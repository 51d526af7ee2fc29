/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "apart.h"
#include "layout.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "mm.h"
#include "page_alloc.h"
#include "pcp.h"
#include "slab.h"
#include "space.h"
#include "test.h"
#include "vmalloc.h"
#include "walk.h"

/*
 * What only a start and an end show, in copies of the process: an image in the lower half, which a
 * process has not; what is left when all has ended.
 */

enum { TEXT = 0x40000000, DATA = TEXT + 3 * 4096, END = DATA + 2 * 4096, PHYS = 0x200000 };

/* Had before: while the tables are built nothing else may want to change what they map. */
static phys_addr_t tables[64];
static unsigned int nr_tables;

static void get_tables(void)
{
	while (nr_tables < sizeof(tables) / sizeof(tables[0])) {
		struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO | GFP_DMA32);

		ASSERT(page, "no frames");
		tables[nr_tables++] = page_to_phys(page);
	}
}

static phys_addr_t take_table(void *context, bool low)
{
	(void)context;
	(void)low;
	return nr_tables ? tables[--nr_tables] : 0;
}

static void give_table(void *context, phys_addr_t table)
{
	(void)context;
	memset(phys_to_virt(table), 0, PAGE_SIZE);
	tables[nr_tables++] = table;
}

static const struct image_section image[] = {
	{.name = "text", .start = TEXT, .end = DATA, .phys = PHYS, .prot = PAGE_KERNEL_ROX},
	{.name = "data",
	 .start = DATA,
	 .end = END,
	 .phys = PHYS + (DATA - TEXT),
	 .prot = PAGE_KERNEL},
};

static struct space_plan plan_of(const struct image_section *sections, size_t nr)
{
	return (struct space_plan){.levels = kernel_space.levels,
				   .layout = &layout,
				   .sections = sections,
				   .nr_sections = nr,
				   .source = {.alloc = take_table, .free = give_table},
				   .max_level = LEVEL_PMD};
}

static void say_where(uintptr_t address)
{
	const struct image_section *section = space_image_section(address);
	struct leaf leaf = {0};
	bool mapped = walk_lookup(&kernel_space, address, &leaf);

	log_line("%lx %s %s %d %llx", address, section ? section->name : "none",
		 space_region_name(address), mapped, (unsigned long long)leaf.phys);
}

/* The CPU goes on by the tables that were there before: these are in nobody's CR3. */
static void build_with_image(void)
{
	struct space_plan plan = plan_of(image, 2);
	struct space was = kernel_space;
	unsigned int before;

	get_tables();
	before = nr_tables;
	log_line("built: %d", space_build(&plan));
	say_where(TEXT - 1);
	say_where(TEXT);
	say_where(DATA - 1);
	say_where(DATA);
	say_where(END - 1);
	say_where(END);
	space_dismantle();
	log_line("gone: %d, %lu tables, %u frames", kernel_space.root == 0,
		 kernel_space.tables[LEVEL_PTE], before - nr_tables);
	log_line("section: %d", space_image_section(TEXT) != NULL);
	kernel_space = was;
}

TEST(image, built, "an image is mapped section by section, known by its names, and goes")
{
	int status;
	const char *said = apart(build_with_image, &status);

	expect_equal(status, 0);
	expect_string(said, "# built: 0\n"
			    "# 3fffffff none user 0 0\n"
			    "# 40000000 text image 1 200000\n"
			    "# 40002fff text image 1 202000\n"
			    "# 40003000 data image 1 203000\n"
			    "# 40004fff data image 1 204000\n"
			    "# 40005000 none user 0 0\n"
			    "# gone: 1, 0 tables, 0 frames\n"
			    "# section: 0\n");
}

static int build_and_forget(const struct space_plan *plan)
{
	int error = space_build(plan);

	if (!error)
		space_dismantle();
	return error;
}

static int build_at(uintptr_t start, uintptr_t end)
{
	struct image_section section = {
		.name = "x", .start = start, .end = end, .phys = PHYS, .prot = PAGE_KERNEL};
	struct space_plan plan = plan_of(&section, 1);

	return build_and_forget(&plan);
}

static void build_in_window(void)
{
	static struct image_section many[SPACE_SECTIONS_MAX + 1];
	uintptr_t start = layout.window_start, end = layout.window_end;
	struct space_plan plan;

	get_tables();
	for (unsigned int i = 0; i < SPACE_SECTIONS_MAX + 1; i++) {
		many[i] = image[1];
		many[i].start = DATA + i * PAGE_SIZE;
		many[i].end = many[i].start + PAGE_SIZE;
	}
	plan = plan_of(many, SPACE_SECTIONS_MAX + 1);
	log_line("%d %d %d %d", build_at(start - PAGE_SIZE, start + PAGE_SIZE),
		 build_at(end - PAGE_SIZE, end + PAGE_SIZE), build_at(start, end),
		 build_and_forget(&plan));
	plan = plan_of(many, SPACE_SECTIONS_MAX);
	log_line("%d %d", build_and_forget(&plan), build_at(start - PAGE_SIZE, start));
	log_line("%d", build_at(end, end + PAGE_SIZE));
}

TEST(image, refused,
     "no section lies in the layout's window, nor are there more than there is room")
{
	int status;
	const char *said = apart(build_in_window, &status);
	char expected[64];

	scnprintf(expected, sizeof(expected), "# %d %d %d %d\n# 0 0\n# 0\n", -EINVAL, -EINVAL,
		  -EINVAL, -EINVAL);
	expect_string(said, expected);
	expect_equal(status, 0);
}

static unsigned int holding(const struct phys_range *ranges, size_t nr, phys_addr_t at)
{
	unsigned int found = 0;

	for (size_t i = 0; i < nr; i++)
		found += at >= ranges[i].start && at < ranges[i].end;
	return found;
}

static void end_all(void)
{
	struct page *kept = alloc_page(GFP_KERNEL), *freed = alloc_pages(GFP_KERNEL, 3);
	phys_addr_t first = page_to_phys(kept), second = page_to_phys(freed);
	void *large = kmalloc(3 * PAGE_SIZE, GFP_KERNEL);
	const struct phys_range *ranges;
	uint64_t left_out = 1;
	size_t nr;

	kfree(large);
	__free_pages(freed, 3);
	mm_exit();
	ranges = mm_handed_out(&nr, &left_out);
	log_line("known: %u %u %u", holding(ranges, nr, first), holding(ranges, nr, second),
		 holding(ranges, nr, second + 7 * PAGE_SIZE));
	log_line("objects: %lu", slab_nr_objects());
	log_line("frames: %d", pcps[0] || pcps[platform_nr_cpus() - 1]);
	log_line("vmalloc: %d", vmalloc(1) != NULL);
}

TEST(image, ended, "what was ever handed out is known at the end, and nothing more is to be had")
{
	int status;
	const char *said = apart(end_all, &status);

	expect_equal(status, 0);
	expect(strstr(said, "# known: 1 1 1\n# objects: 0\n# frames: 0\n# vmalloc: 0\n") != NULL);
}
