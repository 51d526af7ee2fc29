/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmap_area.h"
#include "area_cache.h"
#include "lib/errno.h"
#include "purge.h"
#include "plain.h"
#include "test.h"
#include "vmalloc.h"
#include "window.h"

/* Freed addresses: how long they wait, who asks for them, and what a flush costs. */

PLAIN_TEST(vmap_area, lazy, "addresses are not used again before a flush, and are after it")
{
	char *first = get(HERE - 2);

	require(first);
	vfree(first);
	expect(!vmap_area_pin((uintptr_t)first));
	vm_unmap_aliases();
	expect_equal((uintptr_t)get(HERE - 2), (uintptr_t)first);
	vfree(first);
}

PLAIN_TEST(vmap_area, exhausted, "space that is only lazily freed is purged when it runs out")
{
	struct vmap_area_stats before, after;
	char *first = get(HERE - 2), *again;

	vfree(first);
	vmap_area_get_stats(&before);
	again = get(HERE - 2);
	vmap_area_get_stats(&after);
	expect_equal((uintptr_t)again, (uintptr_t)first);
	expect(after.purges > before.purges);
	vfree(again);
}

static void *hoard;
static unsigned int asked;

static int give_hoard(struct notifier_block *block, unsigned long action, void *data)
{
	(void)block;
	(void)action;
	*(unsigned long *)data += 1;
	asked++;
	vfree(hoard);
	hoard = NULL;
	return 0;
}

PLAIN_TEST(vmap_area, notifier, "when space runs out, those who registered are asked for theirs")
{
	struct notifier_block block = {.notifier_call = give_hoard};
	void *area;

	asked = 0;
	hoard = get(HERE - 2);
	require(hoard);
	expect_equal(register_vmap_purge_notifier(&block), 0);
	expect_equal(register_vmap_purge_notifier(&block), -EEXIST);
	expect(block.next != &block);
	area = get(HERE - 2);
	expect_equal(asked, 1);
	expect(area);
	expect_equal(unregister_vmap_purge_notifier(&block), 0);
	expect_equal(unregister_vmap_purge_notifier(&block), -ENOENT);
	vfree(area);
}

PLAIN_TEST(vmap_area, quarantine,
	   "freed addresses stay unused until as many pages were freed again")
{
	struct vmap_area_stats before, after;
	char *first, *second;

	vmap_area_set_quarantine(10);
	vmap_area_get_stats(&before);
	first = get(4);
	vfree(first);
	vm_unmap_aliases();
	vmap_area_get_stats(&after);
	expect_equal(after.quarantined, before.quarantined + 1);
	expect_equal(after.lazy, before.lazy);
	second = get(4);
	expect_not_equal((uintptr_t)second, (uintptr_t)first);
	vfree(second);
	vm_unmap_aliases();
	second = get(4);
	vfree(second);
	vm_unmap_aliases();
	expect_equal((uintptr_t)get(4), (uintptr_t)first);
	vfree(first);
}

PLAIN_TEST(vmap_area, one_flush,
	   "one page freed thousands of times needs a flush for 32 MiB of them")
{
	struct vmap_area_stats before, after;
	enum { LOOPS = 30000, PAGES_32_MIB = 8192 };

	if (VMALLOC_END - VMALLOC_START < LOOPS * 2 * PAGE_SIZE)
		test_skip("the region has no room for so many areas");
	vm_unmap_aliases();
	vmap_area_get_stats(&before);
	for (unsigned int i = 0; i < LOOPS; i++)
		vfree(vmalloc(1));
	vmap_area_get_stats(&after);
	expect(after.flushes - before.flushes <= LOOPS / PAGES_32_MIB);
	expect(after.flushes > before.flushes);
}

PLAIN_TEST(vmap_area, purge_counts, "a purge counts once, and leaves nothing that waits")
{
	struct vmap_area_stats before, after;

	vm_unmap_aliases();
	vmap_area_get_stats(&before);
	vfree(get(30));
	vfree(vmalloc(300 * PAGE_SIZE));
	vm_unmap_aliases();
	vmap_area_get_stats(&after);
	expect_equal(after.purges, before.purges + 1);
	expect_equal(after.flushes, before.flushes + 1);
	expect_equal(this_area_cpu()->unflushed, 0);
	expect_equal(purge_state.lazy_pages, 0);
	vm_unmap_aliases();
	vmap_area_get_stats(&after);
	expect_equal(after.purges, before.purges + 1);
}

PLAIN_TEST(vmap_area, report, "a CPU tells what it freed after as many pages as it was told to")
{
	struct vmap_area_stats before, after;

	vmap_area_set_lazy_max(3);
	vmap_area_get_stats(&before);
	vfree(get(1));
	vfree(get(1));
	vmap_area_get_stats(&after);
	expect_equal(after.purges, before.purges);
	vfree(get(1));
	vmap_area_get_stats(&after);
	expect_equal(after.purges, before.purges + 1);
	vmap_area_set_lazy_max(1);
	for (unsigned int i = 1; i < 4; i++) {
		vmap_area_get_stats(&before);
		vfree(get(1));
		vmap_area_get_stats(&after);
		expect_equal(after.purges, before.purges + 1);
	}
}

TEST(vmap_area, lazy_pagealloc, "under debug=pagealloc each freed page is flushed at once")
{
	struct vmap_area_options options;

	if (!(mm_slow_reasons & SLOW_UNMAP))
		test_skip("not debug=pagealloc");
	vmap_area_get_options(&options);
	expect_equal(options.lazy_max, 1);
}
