/* SPDX-License-Identifier: BSD-2-Clause */
#include "dump.h"
#include "lib/format.h"
#include "map.h"
#include "pat.h"
#include "scratch.h"
#include "test.h"
#include "walk.h"

enum { LINE_MAX = 160, KEPT_MAX = 8 };

/* The lines about the scratch space's own half, and the last one. */
static struct lines {
	unsigned int nr;
	char kept[KEPT_MAX][LINE_MAX], last[LINE_MAX];
} lines;

static bool ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && !strcmp(text + strlen(text) - strlen(end), end);
}

static void keep_line(void *context, const char *text)
{
	(void)context;
	if (ends_with(text, " user") && lines.nr < KEPT_MAX)
		scnprintf(lines.kept[lines.nr++], LINE_MAX, "%s", text);
	scnprintf(lines.last, LINE_MAX, "%s", text);
}

static void dump(struct space *space)
{
	lines.nr = 0;
	dump_space(space, keep_line, NULL);
}

static void expect_line(unsigned int nr, uintptr_t start, uintptr_t end, const char *rest)
{
	char line[LINE_MAX];

	scnprintf(line, LINE_MAX, "dump: %016lx-%016lx %s", start, end, rest);
	expect_string(nr < lines.nr ? lines.kept[nr] : "(no such line)", line);
}

TEST_FLAGS(dump, ranges, "neighbours that are alike are one line; what differs begins another",
	   TEST_SMOKE)
{
	struct space *space = scratch_open();
	uintptr_t at = scratch_base();

	require(space);
	expect_equal(
		map_range(space, at, SCRATCH_PHYS, PMD_SIZE + 3 * PAGE_SIZE, SCRATCH_RO, LEVEL_PMD),
		0);
	dump(space);
	expect_equal(lines.nr, 2);
	expect_line(0, at, at + PMD_SIZE, "000100000000 2M r-- WB user");
	expect_line(1, at + PMD_SIZE, at + PMD_SIZE + 3 * PAGE_SIZE, "000100200000 4K r-- WB user");
	scratch_close();
}

TEST(dump, words, "permissions, user pages and memory types have their words")
{
	struct space *space = scratch_open();
	uintptr_t at = scratch_base();
	pgprot_t prots[] = {SCRATCH_RW, PAGE_KERNEL_ROX, pgprot_noncached(SCRATCH_RW),
			    __pgprot(PAGE_KERNEL.pgprot | _PAGE_USER)};

	require(space);
	for (unsigned int i = 0; i < 4; i++)
		expect_equal(map_range(space, at + i * PAGE_SIZE, SCRATCH_PHYS + i * PAGE_SIZE,
				       PAGE_SIZE, __pgprot(prots[i].pgprot & ~_PAGE_GLOBAL),
				       LEVEL_PTE),
			     0);
	dump(space);
	expect_equal(lines.nr, 4);
	expect_line(0, at, at + PAGE_SIZE, "000100000000 4K rw- WB user");
	expect_line(1, at + PAGE_SIZE, at + 2 * PAGE_SIZE, "000100001000 4K r-x WB user");
	expect_line(2, at + 2 * PAGE_SIZE, at + 3 * PAGE_SIZE, "000100002000 4K rw- UC- user");
	expect_line(3, at + 3 * PAGE_SIZE, at + 4 * PAGE_SIZE, "000100003000 4K rw-u WB user");
	scratch_close();
}

TEST(dump, totals, "the last line has the number of tables by level, and what they take")
{
	struct space *space = scratch_open();

	require(space);
	expect_equal(
		map_range(space, scratch_base(), SCRATCH_PHYS, PAGE_SIZE, SCRATCH_RW, LEVEL_PTE),
		0);
	dump(space);
	expect_string(lines.last,
		      space->levels == 5
			      ? "dump: tables pgd 1 p4d 1 pud 1 pmd 1 pte 1, 5 together, 20 KiB"
			      : "dump: tables p4d 1 pud 1 pmd 1 pte 1, 4 together, 16 KiB");
	scratch_close();
}

TEST(dump, gib, "a leaf of 1 GiB has its word")
{
	struct space *space = scratch_open();
	uintptr_t at = scratch_base();
	struct leaf leaf;

	require(space);
	expect_equal(map_range(space, at, SCRATCH_PHYS, PUD_SIZE, SCRATCH_RO, LEVEL_PUD), 0);
	require(walk_lookup(space, at, &leaf));
	dump(space);
	expect_equal(lines.nr, 1);
	expect_line(0, at, at + PUD_SIZE,
		    leaf.level == LEVEL_PUD ? "000100000000 1G r-- WB user"
					    : "000100000000 2M r-- WB user");
	scratch_close();
}
