/* SPDX-License-Identifier: BSD-2-Clause */
#include "fail.h"
#include "page_alloc.h"
#include "slab.h"
#include "test.h"

/* Injected failure itself; fail_walk.c walks it through every call. */

/* How often any place has failed, in the whole run. */
static uint64_t failures(void)
{
	uint64_t all = 0;

	for (struct fail_place *place = __start_fail_places; place < __stop_fail_places; place++)
		all += place->failed;
	return all;
}

TEST(fail, counts, "the Nth allocation fails, once")
{
	uint64_t before = failures();
	struct page *page;

	fail_arm(2, FAIL_ALL_POINTS);
	page = alloc_page(GFP_KERNEL);
	expect(page);
	expect(!alloc_page(GFP_KERNEL | __GFP_NOWARN));
	if (page)
		__free_page(page);
	page = alloc_page(GFP_KERNEL);
	expect(page);
	expect_equal(fail_counted(FAIL_FRAME), 3);
	expect(fail_disarm());
	expect_equal(failures(), before + 1);
	if (page)
		__free_page(page);
}

TEST(fail, points, "only the kinds that were asked for are counted towards N")
{
	struct page *page;
	void *object;

	fail_arm(1, 1u << FAIL_SLAB_OBJECT);
	page = alloc_page(GFP_KERNEL);
	expect(page);
	object = kmalloc(40, GFP_KERNEL);
	expect(!object);
	expect(fail_disarm());
	if (page)
		__free_page(page);
}

TEST(fail, nofail, "__GFP_NOFAIL is not failed")
{
	struct page *page;
	void *object;

	fail_arm(1, 1u << FAIL_FRAME);
	page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	fail_disarm();
	expect(page);
	fail_arm(1, 1u << FAIL_SLAB_OBJECT);
	object = kmalloc(40, GFP_KERNEL | __GFP_NOFAIL);
	fail_disarm();
	expect(object);
	if (page)
		__free_page(page);
	kfree(object);
}

TEST(fail, detour, "every CPU takes the long way while a failure is armed, and no longer")
{
	fail_arm(1000000, FAIL_ALL_POINTS);
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
		expect(fault_depths[cpu].detour & SLOW_FAIL);
	expect(mm_slow_reasons & SLOW_FAIL);
	expect_equal(fail_disarm(), 0);
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
		expect(!(fault_depths[cpu].detour & SLOW_FAIL));
	expect(!(mm_slow_reasons & SLOW_FAIL));
}
