/* SPDX-License-Identifier: BSD-2-Clause */
#include "scarce.h"
#include <string.h>
#include "apart.h"
#include "fault.h"
#include "lib/lock.h"
#include "machine.h"
#include "test.h"
#include "vmalloc.h"

/* What another CPU gives back is waited for where an allocation must not fail. */

/* One CPU has all of something, and gives it back once the other one has waited for it. */
static struct page *held;
static bool had;
static uint64_t waiting_since; /* how often CPU 1 had relaxed; 0: it does not wait yet */

static void hold_frames(void)
{
	struct page *page;

	drain_all_pages();
	for (int order = MAX_PAGE_ORDER; order >= 0; order--)
		while ((page = alloc_pages(GFP_ATOMIC | __GFP_NOWARN, (unsigned int)order))) {
			struct page **link = page_address(page);

			link[0] = held;
			link[1] = (struct page *)(uintptr_t)order;
			held = page;
		}
}

static void give_frames(void)
{
	while (held) {
		struct page **link = page_address(held), *page = held;
		unsigned int order = (unsigned int)(uintptr_t)link[1];

		held = link[0];
		__free_pages(page, order);
	}
}

static void begin_to_wait(void)
{
	__atomic_store_n(&waiting_since, platform_relaxed(1) + 1, __ATOMIC_SEQ_CST);
}

static struct spinlock some_lock = SPINLOCK("some lock", 0);
static bool with_lock; /* CPU 1 holds one, and so does not relax while it waits */

/* Until CPU 1 has taken some turns of waiting in vain. */
static void let_it_wait(void)
{
	uint64_t since;

	for (unsigned int i = 0; with_lock && i < 20000; i++)
		platform_pause();
	if (with_lock)
		return;

	do {
		test_relax();
		since = __atomic_load_n(&waiting_since, __ATOMIC_SEQ_CST);
	} while (!__atomic_load_n(&had, __ATOMIC_SEQ_CST) &&
		 (since == 0 || platform_relaxed(1) < since + 3));
}

static void frames_of_another(void *context)
{
	unsigned int cpu = platform_cpu();
	struct page *page;

	(void)context;
	if (cpu == 0)
		hold_frames();
	if (!test_wait_for_all())
		return;
	if (cpu == 0) {
		let_it_wait();
		give_frames();
	} else if (cpu == 1) {
		begin_to_wait();
		if (with_lock)
			spin_lock(&some_lock);
		page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
		if (with_lock)
			spin_unlock(&some_lock);
		__atomic_store_n(&had, page != NULL, __ATOMIC_SEQ_CST);
		__free_page(page);
	}
	test_wait_for_all();
}

TEST(scarce, another_cpu, "__GFP_NOFAIL waits for the CPU that has all frames, and goes on then")
{
	if (test_nr_cpus() < 2)
		test_skip("one CPU");
	had = false;
	waiting_since = 0;
	for (unsigned int i = 0; i < 2; i++) {
		had = false;
		waiting_since = 0;
		with_lock = i;
		test_run_on_cpus(2, frames_of_another, NULL);
		expect(had);
		expect(!held);
	}
	with_lock = false;
}

static void *in_the_way;

static void *in_range(gfp_t gfp)
{
	uintptr_t start = VMALLOC_END - 64 * PAGE_SIZE;
	uintptr_t end = start + (2 * vmap_area_guard() + 1) * PAGE_SIZE;

	return __vmalloc_node_range(PAGE_SIZE, 1, start, end, gfp | __GFP_NOWARN, PAGE_KERNEL, 0,
				    NUMA_NO_NODE, NULL);
}

static void addresses_of_another(void *context)
{
	unsigned int cpu = platform_cpu();

	(void)context;
	if (cpu == 0)
		in_the_way = in_range(GFP_KERNEL);
	if (!test_wait_for_all())
		return;
	if (cpu == 0) {
		let_it_wait();
		vfree(in_the_way);
	} else if (cpu == 1) {
		void *area;

		begin_to_wait();
		area = in_range(GFP_KERNEL | __GFP_NOFAIL);
		__atomic_store_n(&had, area != NULL, __ATOMIC_SEQ_CST);
		vfree(area);
	}
	test_wait_for_all();
}

static uint64_t quarantine;

static void restore_quarantine(void *context)
{
	(void)context;
	vmap_area_set_quarantine(quarantine);
}

TEST(scarce, addresses, "and for the CPU that has all addresses of a range")
{
	static struct test_end end = {.function = restore_quarantine};
	struct vmap_area_options settings;

	if (test_nr_cpus() < 2)
		test_skip("one CPU");
	vmap_area_get_options(&settings);
	quarantine = settings.quarantine;
	test_at_end(&end);
	vmap_area_set_quarantine(0); /* what is freed there is no room again for long */
	had = false;
	waiting_since = 0;
	in_the_way = NULL;
	test_run_on_cpus(2, addresses_of_another, NULL);
	expect(in_the_way && had);
}
