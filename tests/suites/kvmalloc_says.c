/* SPDX-License-Identifier: BSD-2-Clause */
#include "fail.h"
#include "lib/format.h"
#include "percpu_alloc.h"
#include "slab.h"
#include "test.h"
#include "vmalloc.h"

/* Who serves a request when the first to be asked has nothing, and what is said of it. */

static unsigned int lines;

static void count_line(const char *line)
{
	(void)line;
	lines++;
}

TEST(kvmalloc_says, large, "a large object that becomes an area is worth no line")
{
	void *p;

	lines = 0;
	fail_arm(1, 1u << FAIL_FRAME);
	log_divert(count_line);
	p = kvmalloc(16 * PAGE_SIZE, GFP_KERNEL);
	log_divert(NULL);
	expect(fail_disarm());
	expect(is_vmalloc_addr(p));
	expect_equal(lines, 0);
	kvfree(p);
}

TEST(kvmalloc_says, small, "a small object that must be had is not failed, and no area")
{
	void *p;

	fail_arm(1, 1u << FAIL_SLAB_OBJECT);
	p = kvmalloc(40, GFP_KERNEL | __GFP_NOFAIL);
	expect(!fail_disarm() || p);
	expect(p && !is_vmalloc_addr(p));
	kvfree(p);
}

TEST(kvmalloc_says, percpu, "what was given by alloc_percpu() is taken back without a line")
{
	long *p = alloc_percpu(long);

	require(p);
	lines = 0;
	log_divert(count_line);
	free_percpu(p);
	expect_equal(lines, 0);
	free_percpu(p);
	log_divert(NULL);
	expect_equal(lines, 1);
}
