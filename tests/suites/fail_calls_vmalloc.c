/* SPDX-License-Identifier: BSD-2-Clause */
#include "fail_walk.h"
#include "test.h"
#include "vmalloc.h"

/* The calls of fail_walk.c: vmalloc's own. */

#define THREE_PAGES (3 * PAGE_SIZE)

static unsigned long middle(void)
{
	return (VMALLOC_START / 2 + VMALLOC_END / 2) & PAGE_MASK;
}

TRY(vmalloc, vmalloc(THREE_PAGES), vfree(p))
TRY(vzalloc, vzalloc(THREE_PAGES), vfree(p))
TRY(vmalloc_node, vmalloc_node(THREE_PAGES, 0), vfree(p))
TRY(vzalloc_node, vzalloc_node(THREE_PAGES, 0), vfree(p))
TRY(__vmalloc, __vmalloc(THREE_PAGES, GFP_QUIET), vfree_atomic(p))
TRY(__vmalloc_large, __vmalloc(FAIL_PAGES *PAGE_SIZE, GFP_QUIET), vfree(p))
TRY(__vmalloc_nowait, __vmalloc(THREE_PAGES, GFP_NOWAIT), vfree(p))
TRY(__vmalloc_node, __vmalloc_node(THREE_PAGES, 8 * PAGE_SIZE, GFP_QUIET, 0, NULL), vfree(p))
TRY(vmalloc_32, vmalloc_32(THREE_PAGES), vfree(p))
TRY(vmalloc_user, vmalloc_user(THREE_PAGES), vfree(p))
TRY(vmalloc_32_user, vmalloc_32_user(THREE_PAGES), vfree(p))
TRY(vmalloc_huge, vmalloc_huge(PMD_SIZE + PAGE_SIZE, GFP_QUIET), vfree(p))
TRY(vmalloc_huge_node, vmalloc_huge_node(PMD_SIZE, GFP_QUIET, 0), vfree(p))
TRY(__vmalloc_node_range,
    __vmalloc_node_range(5 * PAGE_SIZE, 1, middle(), VMALLOC_END, GFP_QUIET, PAGE_KERNEL, 0,
			 NUMA_NO_NODE, NULL),
    vfree(p))
TRY(__vmalloc_node_range_place,
    __vmalloc_node_range_place(5 * PAGE_SIZE, 1, VMALLOC_START, VMALLOC_END, GFP_QUIET, PAGE_KERNEL,
			       0, NUMA_NO_NODE, NULL, PLACE_RANDOM),
    vfree(p))
TRY(__vmalloc_array, __vmalloc_array(3, PAGE_SIZE, GFP_QUIET), vfree(p))
TRY(vmalloc_array, vmalloc_array(3, PAGE_SIZE), vfree(p))
TRY(__vcalloc, __vcalloc(3, PAGE_SIZE, GFP_QUIET), vfree(p))
TRY(vcalloc, vcalloc(3, PAGE_SIZE), vfree(p))

/* What cannot be changed stays whole, with contents and count of pages. */
static bool change(size_t from, size_t to, unsigned long align)
{
	char *p = __vmalloc(from * PAGE_SIZE, GFP_QUIET), *q;

	if (!p)
		return false;
	*p = 5;
	q = align ? vrealloc_node_align(p, to * PAGE_SIZE, align, GFP_QUIET, NUMA_NO_NODE)
		  : vrealloc(p, to * PAGE_SIZE, GFP_QUIET);
	if (q)
		p = q;
	expect_equal(*p, 5);
	expect_equal(find_vm_area(p)->nr_pages, q ? to : from);
	vfree(p);
	return q;
}

static bool try_vrealloc_in_place(void)
{
	return change(2, 600, 0);
}

static bool try_vrealloc_moving(void)
{
	char *in_the_way, *q;
	char *p = __vmalloc_node_range_place(PAGE_SIZE, 1, middle(), VMALLOC_END, GFP_QUIET,
					     PAGE_KERNEL, 0, NUMA_NO_NODE, NULL, PLACE_LOWEST);

	if (!p)
		return false;
	in_the_way = __vmalloc_node_range_place(PAGE_SIZE, 1, (uintptr_t)p + PAGE_SIZE, VMALLOC_END,
						GFP_QUIET, PAGE_KERNEL, 0, NUMA_NO_NODE, NULL,
						PLACE_LOWEST);
	*p = 5;
	q = in_the_way ? vrealloc(p, 600 * PAGE_SIZE, GFP_QUIET) : NULL;
	if (q)
		p = q;
	expect_equal(*p, 5);
	vfree(in_the_way);
	vfree(p);
	return q;
}

static bool try_vrealloc_shrinking(void)
{
	return change(600, 2, 0);
}

static bool try_vrealloc_node_align(void)
{
	return change(2, 3, 64 * PAGE_SIZE);
}

TRY(vrealloc_null, vrealloc(NULL, THREE_PAGES, GFP_QUIET), vfree(p))

const struct fail_call fail_calls_vmalloc[] = {
	CALL(vmalloc),
	CALL(vzalloc),
	CALL(vmalloc_node),
	CALL(vzalloc_node),
	CALL(__vmalloc),
	CALL(__vmalloc_large),
	CALL(__vmalloc_nowait),
	CALL(__vmalloc_node),
	CALL(vmalloc_32),
	CALL(vmalloc_user),
	CALL(vmalloc_32_user),
	CALL(vmalloc_huge),
	CALL(vmalloc_huge_node),
	CALL(__vmalloc_node_range),
	CALL(__vmalloc_node_range_place),
	CALL(__vmalloc_array),
	CALL(vmalloc_array),
	CALL(__vcalloc),
	CALL(vcalloc),
	CALL(vrealloc_in_place),
	CALL(vrealloc_moving),
	CALL(vrealloc_shrinking),
	CALL(vrealloc_node_align),
	CALL(vrealloc_null),
};
const size_t nr_fail_calls_vmalloc = sizeof(fail_calls_vmalloc) / sizeof(fail_calls_vmalloc[0]);
