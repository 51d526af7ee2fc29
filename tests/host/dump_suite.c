/* SPDX-License-Identifier: BSD-2-Clause */
#include "dump.h"
#include <string.h>
#include "apart.h"
#include "lib/format.h"
#include "space.h"
#include "test.h"
#include "walk.h"

/* Regions that touch, which no layout has: in a copy of the process, where the direct map's ends
 * between two of its leaves. */

static struct leaf before;

static bool find_neighbours(void *context, const struct leaf *leaf)
{
	uintptr_t *edge = context;

	if (before.size == leaf->size && before.start + before.size == leaf->start &&
	    before.phys + before.size == leaf->phys) {
		*edge = leaf->start;
		return false;
	}
	before = *leaf;
	return true;
}

static void print_at_edge(void *context, const char *text)
{
	char edge[20];

	(void)context;
	scnprintf(edge, sizeof(edge), "%016lx", layout.page_offset_end);
	if (strstr(text, edge))
		log_line("%s %s", strstr(text, edge) == strchr(text, ':') + 2 ? "begins" : "ends",
			 strrchr(text, ' ') + 1);
}

static void dump_cut(void)
{
	uintptr_t edge = 0;

	walk_leaves(&kernel_space, layout.page_offset, layout.page_offset_end, find_neighbours,
		    &edge);
	layout.page_offset_end = edge;
	dump_space(&kernel_space, print_at_edge, NULL);
}

TEST(dump, regions, "a range ends where its region does, whatever is mapped behind it")
{
	int status;

	expect_string(apart(dump_cut, &status), "# ends direct\n# begins user\n");
	expect_equal(status, 0);
}
