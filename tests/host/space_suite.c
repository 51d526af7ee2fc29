/* SPDX-License-Identifier: BSD-2-Clause */
#include "space.h"
#include "apart.h"
#include "fault.h"
#include "lib/format.h"
#include "machine.h"
#include "map.h"
#include "page_alloc.h"
#include "test.h"
#include "walk.h"

/*
 * Spaces with an image, which a process has not: built in a copy of the process beside the tables
 * that are in force there. The image's parts lie in the lower half, one of them under an entry of
 * the root of its own.
 */

enum { TABLES_MAX = 256 };

static struct {
	phys_addr_t tables[TABLES_MAX]; /* not in use */
	unsigned int nr, budget, low;
} stock;

static phys_addr_t take_table(void *context, bool low)
{
	phys_addr_t table;

	(void)context;
	if (!stock.nr || !stock.budget)
		return 0;
	stock.budget--;
	stock.low += low;
	table = stock.tables[--stock.nr];
	memset(phys_to_virt(table), 0, PAGE_SIZE);
	return table;
}

static void give_table(void *context, phys_addr_t table)
{
	(void)context;
	stock.tables[stock.nr++] = table;
}

static void fill_stock(void)
{
	while (stock.nr < TABLES_MAX)
		stock.tables[stock.nr++] = page_to_phys(alloc_page(GFP_KERNEL));
}

static const struct phys_range ranges[] = {{.start = 0x200000, .end = 2 * 0x200000}};
static struct image_section parts[SPACE_SECTIONS_MAX + 1];
static struct space_plan plan = {.layout = &layout,
				 .ranges = ranges,
				 .nr_ranges = 1,
				 .sections = parts,
				 .nr_sections = 3,
				 .source = {.alloc = take_table, .free = give_table},
				 .max_level = LEVEL_PMD};

static uintptr_t far_part(void)
{
	return level_size(kernel_space.levels);
}

static void make_parts(void)
{
	parts[0] = (struct image_section){"far", far_part(), far_part() + 0x1000, 0x403000,
					  PAGE_KERNEL_RO};
	parts[1] = (struct image_section){"text", 0x400000, 0x402000, 0x400000, PAGE_KERNEL_ROX};
	parts[2] = (struct image_section){"data", 0x402000, 0x403000, 0x402000, PAGE_KERNEL};
	plan.levels = kernel_space.levels;
}

static int build(unsigned int budget)
{
	stock.budget = budget;
	return space_build(&plan);
}

static void build_wrong(void)
{
	make_parts();
	for (unsigned int i = 3; i <= SPACE_SECTIONS_MAX; i++)
		parts[i] = (struct image_section){"more", 0x1000 * i, 0x1000 * (i + 1), 0x1000 * i,
						  PAGE_KERNEL_RO};
	plan.nr_sections = SPACE_SECTIONS_MAX + 1;
	log_line("%d", build(TABLES_MAX));
	plan.nr_sections = 4;
	parts[3].end = parts[3].start;
	log_line("%d", build(TABLES_MAX));
	parts[3].start = layout.window_end - PAGE_SIZE;
	parts[3].end = layout.window_end + PAGE_SIZE;
	log_line("%d", build(TABLES_MAX));
	parts[3].start = layout.window_start - PAGE_SIZE;
	parts[3].end = layout.window_start + PAGE_SIZE;
	log_line("%d", build(TABLES_MAX));
}

TEST(space, image_refused, "an image of too many parts, an empty one, or in the window is refused")
{
	int status;

	expect_string(apart(build_wrong, &status), "# -22\n# -22\n# -22\n# -22\n");
	expect_equal(status, 0);
}

static void build_starved(void)
{
	unsigned int budget = 0;
	int error;

	make_parts();
	fill_stock();
	for (; (error = build(budget)); budget++)
		if (error != -12 || stock.nr != TABLES_MAX || kernel_space.root || space_check())
			log_line("with %u tables: %d, %u are back", budget, error, stock.nr);
	log_line("%s", budget > 5 && budget == space_nr_tables() ? "built" : "too soon");
	space_dismantle();
	log_line("%u lost", TABLES_MAX - stock.nr);
}

TEST(space, starved, "whichever table cannot be had for a space: none is lost, and there is none")
{
	int status;

	expect_string(apart(build_starved, &status), "# built\n# 0 lost\n");
	expect_equal(status, 0);
}

static void show_image(void)
{
	char words[120];
	const char *problem;

	make_parts();
	fill_stock();
	log_line("%d", build(TABLES_MAX));
	problem = space_check();
	log_line("%s", problem ? problem : "sound");
	log_line("%s %s %s", space_region_name(0x400000), space_region_name(0x403000),
		 space_region_name(far_part()));
	log_line("%s", space_user_start(&kernel_space) == 2 * far_part() ? "behind it" : "too low");
	fault_describe(0x401008, words, sizeof(words));
	log_line("%s", words);
	fault_describe(0x402010, words, sizeof(words));
	log_line("%s", words);
}

TEST(space, image,
     "an image is mapped part by part, has its words, and keeps user ranges clear of it")
{
	int status;

	expect_string(apart(show_image, &status),
		      "# 0\n# sound\n# image user image\n# behind it\n"
		      "# image text plus 0x1008, read-only and executable\n"
		      "# image data plus 0x10, read-write\n");
	expect_equal(status, 0);
}

static unsigned int low_tables(size_t nr_sections)
{
	stock.low = 0;
	plan.sections = parts + 3 - nr_sections;
	plan.nr_sections = nr_sections;
	build(TABLES_MAX);
	space_dismantle();
	return stock.low;
}

static void count_low(void)
{
	unsigned int near;

	make_parts();
	fill_stock();
	near = low_tables(2);
	log_line("%u more", low_tables(3) - near);
}

TEST(space, image_low, "each part's table below the root is a low one")
{
	int status;

	expect_string(apart(count_low, &status), "# 1 more\n");
	expect_equal(status, 0);
}

static void show_leaf(void)
{
	struct leaf leaf = {0};

	build(TABLES_MAX);
	walk_lookup(&kernel_space, layout.page_offset + ranges[0].start, &leaf);
	log_line("%zu KiB", leaf.size >> 10);
	space_dismantle();
}

/* From the second build on, the first MiB of the range is of another type than the rest. */
static void build_cut(void)
{
	uint64_t bits = ((uint64_t)1 << MACHINE_PHYS_BITS) - 1, valid = 0x800;

	make_parts();
	fill_stock();
	show_leaf();
	machine_set_mtrr(1, ranges[0].start, (bits & -(uint64_t)0x100000) | valid);
	show_leaf();
}

TEST(space, memory_types, "the firmware's memory types are read before the direct map is made")
{
	int status;

	expect_string(apart(build_cut, &status), "# 2048 KiB\n# 4 KiB\n");
	expect_equal(status, 0);
}
