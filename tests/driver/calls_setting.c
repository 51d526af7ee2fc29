/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"

/* The calls that change how the rest is done, or do what was put off. */

/* What changes everything, or asks for all of it, is not done every time: it takes long. */
static bool seldom(void)
{
	return !one_in(5);
}

static void step_vm_unmap_aliases(void)
{
	if (seldom())
		return;
	saying("vm_unmap_aliases()");
	vm_unmap_aliases();
	came(DONE);
}

static void step_vmap_area_set_guard(void)
{
	unsigned int pages = 1 + (unsigned int)pick(17);

	if (seldom())
		return;
	saying("vmap_area_set_guard(%u)", pages);
	vmap_area_set_guard(pages);
	driver.guard = pages;
	same(vmap_area_guard(), pages);
	came(DONE);
}

static void step_vmap_area_set_cache(void)
{
	bool on = one_in(2);

	if (seldom())
		return;
	saying("vmap_area_set_cache(%d)", on);
	vmap_area_set_cache(on);
	came(DONE);
}

static void step_vmap_area_set_quarantine(void)
{
	uint64_t pages = pick(2) * pick(3000);

	if (seldom())
		return;
	saying("vmap_area_set_quarantine(%llu)", (unsigned long long)pages);
	vmap_area_set_quarantine(pages);
	came(DONE);
}

static void step_mm_quiesce(void)
{
	if (seldom())
		return;
	saying("mm_quiesce()");
	mm_quiesce();
	driver.deferred = 0;
	check_totals();
	came(DONE);
}

static void step_drain_all_pages(void)
{
	uint64_t before = nr_free_pages();

	saying("drain_all_pages()");
	drain_all_pages();
	same(nr_free_pages(), before);
	came(DONE);
}

static int nothing(struct notifier_block *block, unsigned long action, void *data)
{
	(void)block, (void)action, (void)data;
	return 0;
}

static void step_purge_notifier(void)
{
	static struct notifier_block block = {.notifier_call = nothing};

	same(register_vmap_purge_notifier(&block), 0);
	same(unregister_vmap_purge_notifier(&block), 0);
	holds(unregister_vmap_purge_notifier(&block) != 0);
	came(DONE);
	came(REFUSED);
}

/* What a run was told is to hold again after it. */
void settings_reset(void)
{
	vmap_area_set_guard(1);
	vmap_area_set_cache(true);
	vmap_area_set_quarantine(0);
}

static const struct call calls[] = {
	CALLS_NAMED(vm_unmap_aliases, MAY(DONE)),
	CALLS_NAMED(vmap_area_set_guard, MAY(DONE) | ALONE),
	CALLS_NAMED(vmap_area_set_cache, MAY(DONE) | ALONE),
	CALLS_NAMED(vmap_area_set_quarantine, MAY(DONE) | ALONE),
	CALLS_NAMED(mm_quiesce, MAY(DONE) | ALONE),
	CALLS_NAMED(drain_all_pages, MAY(DONE) | ALONE),
	{"register_vmap_purge_notifier", step_purge_notifier, MAY(DONE) | MAY(REFUSED) | ALONE},
};
CALL_TABLE(setting_table, calls);
