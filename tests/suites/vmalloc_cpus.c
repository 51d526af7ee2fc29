/* SPDX-License-Identifier: BSD-2-Clause */
#include "history.h"
#include "lib/random.h"
#include "mm.h"
#include "slab.h"
#include "test.h"
#include "vm_map_ram.h"
#include "vmalloc.h"
#include "vmallocinfo.h"
#include "words.h"

/* The vmalloc family on many CPUs at the same time: against itself, purges and questions. */

enum { CPUS = 4, MAILBOXES = 32, STEPS = 400, PRIVATE = 12 };

static struct random randoms[PLATFORM_CPUS_MAX];
static void *mailboxes[MAILBOXES];
static unsigned int broken;

static uint64_t draw(uint64_t bound)
{
	return random_below(&randoms[platform_cpu()], bound);
}

static void seed_all(void)
{
	for (unsigned int i = 0; i < PLATFORM_CPUS_MAX; i++)
		random_seed(&randoms[i], test_random());
	broken = 0;
}

static void note_broken(void)
{
	__atomic_fetch_add(&broken, 1, __ATOMIC_RELAXED);
}

static size_t pages_of(size_t wanted)
{
	return (wanted % 40 == 0 ? 200 : wanted % 9) + 1;
}

/* Areas of this CPU alone, each with a pattern of its own. */
static void work_privately(void *context)
{
	char *areas[PRIVATE] = {NULL};
	size_t pages[PRIVATE];

	(void)context;
	for (unsigned int i = 0; i < STEPS; i++) {
		size_t which = draw(PRIVATE);

		if (areas[which]) {
			if (!pattern_holds(areas[which], pages[which] * PAGE_SIZE, which))
				note_broken();
			vfree(areas[which]);
			areas[which] = NULL;
			continue;
		}
		pages[which] = pages_of(draw(1000));
		areas[which] = vmalloc(pages[which] * PAGE_SIZE);
		if (!areas[which])
			note_broken();
		else
			pattern_fill(areas[which], pages[which] * PAGE_SIZE, which);
	}
	for (unsigned int i = 0; i < PRIVATE; i++)
		vfree(areas[i]);
}

TEST(vmalloc_cpus, private, "areas of many CPUs keep their contents")
{
	seed_all();
	expect(test_run_on_cpus(CPUS, work_privately, NULL) > 0);
	expect_equal(broken, 0);
}

enum { SHARED_PAGES = 16 };

static struct {
	uint64_t *area, *alias; /* the same frames, twice */
	struct page *pages[SHARED_PAGES];
} common;

static uint64_t *word_of(uint64_t *area, unsigned int cpu, unsigned int page)
{
	return area + page * PAGE_SIZE / sizeof(*area) + cpu;
}

/* Writes its words by one address and reads them by the other, while areas of all sizes come and go
 * around it. */
static void work_on_shared(void *context)
{
	unsigned int cpu = platform_cpu();

	(void)context;
	for (uint64_t i = 1; i <= STEPS; i++) {
		unsigned int page = (unsigned int)draw(SHARED_PAGES);
		void *other = vmalloc(pages_of(draw(1000)) * PAGE_SIZE);

		*word_of(i % 2 ? common.area : common.alias, cpu, page) = i;
		if (*(volatile uint64_t *)word_of(i % 2 ? common.alias : common.area, cpu, page) !=
		    i)
			note_broken();
		if (!other)
			note_broken();
		vfree(other);
		if (i % 50 == 0)
			vm_unmap_aliases();
	}
}

TEST(vmalloc_cpus, shared, "one area that all CPUs write, each its words, by two addresses")
{
	seed_all();
	common.area = vzalloc(SHARED_PAGES * PAGE_SIZE);
	require(common.area);
	for (unsigned int i = 0; i < SHARED_PAGES; i++)
		common.pages[i] = vmalloc_to_page((char *)common.area + i * PAGE_SIZE);
	common.alias = vmap(common.pages, SHARED_PAGES, VM_MAP, PAGE_KERNEL);
	require(common.alias);
	expect(test_run_on_cpus(CPUS, work_on_shared, NULL) > 0);
	expect_equal(broken, 0);
	vunmap(common.alias);
	vfree(common.area);
}

/* Puts new areas where others find them, and frees what it finds there. */
static void work_with_mail(void *context)
{
	(void)context;
	for (unsigned int i = 0; i < STEPS; i++) {
		uint64_t *area = vmalloc(pages_of(draw(1000)) * PAGE_SIZE), *found;

		if (!area) {
			note_broken();
			continue;
		}
		*area = (uint64_t)(uintptr_t)area;
		found = __atomic_exchange_n(&mailboxes[draw(MAILBOXES)], area, __ATOMIC_ACQ_REL);
		if (found && *found != (uint64_t)(uintptr_t)found)
			note_broken();
		if (i % 3)
			vfree(found);
		else
			vfree_atomic(found);
		if (i % 100 == 50)
			vm_unmap_aliases();
	}
}

TEST(vmalloc_cpus, mail, "what one CPU allocates another one frees, while all purge")
{
	seed_all();
	expect(test_run_on_cpus(CPUS, work_with_mail, NULL) > 0);
	for (unsigned int i = 0; i < MAILBOXES; i++) {
		vfree(mailboxes[i]);
		mailboxes[i] = NULL;
	}
	expect_equal(broken, 0);
}

static void count_line(void *context, const char *text)
{
	(void)text;
	++*(unsigned int *)context;
}

static void ask(void)
{
	char buffer[256];
	unsigned int lines = 0;
	void *found = __atomic_load_n(&mailboxes[draw(MAILBOXES)], __ATOMIC_ACQUIRE);
	uint64_t areas, pages;

	switch (draw(5)) {
	case 0:
		vmallocinfo(count_line, &lines);
		break;
	case 1:
		vmalloc_get_usage(&areas, &pages);
		break;
	case 2:
		fault_describe((uintptr_t)found + draw(20000), buffer, sizeof(buffer));
		break;
	case 3:
		find_vmap_area((uintptr_t)found);
		break;
	default:
		vmalloc_nr_pages();
		if (vmalloc_check())
			note_broken();
	}
}

static void work_or_ask(void *context)
{
	if (platform_cpu() % 2 == 0) {
		work_with_mail(context);
		return;
	}
	for (unsigned int i = 0; i < STEPS / 4; i++)
		ask();
}

TEST(vmalloc_cpus, questions, "questions are answered while others allocate and free")
{
	seed_all();
	expect(test_run_on_cpus(CPUS, work_or_ask, NULL) > 0);
	for (unsigned int i = 0; i < MAILBOXES; i++) {
		vfree(mailboxes[i]);
		mailboxes[i] = NULL;
	}
	expect_equal(broken, 0);
}

static struct page *ram_pages[RAM_SLOT_PAGES];

static void work_with_maps(void *context)
{
	(void)context;
	for (unsigned int i = 0; i < STEPS; i++) {
		unsigned int nr = 1 + (unsigned int)draw(RAM_SLOT_PAGES);
		char *p = vm_map_ram(ram_pages, nr, NUMA_NO_NODE);

		if (!p || vmalloc_to_page(p + (nr - 1) * PAGE_SIZE) != ram_pages[nr - 1])
			note_broken();
		if (p)
			vm_unmap_ram(p, nr);
		if (i % 64 == 0)
			vm_unmap_aliases();
		if (i % 128 == 100)
			vmalloc_quiesce();
	}
}

TEST(vmalloc_cpus, maps, "vm_map_ram on many CPUs against purges and drains")
{
	for (unsigned int i = 0; i < RAM_SLOT_PAGES; i++)
		ram_pages[i] = NULL;
	require(alloc_pages_bulk_array(GFP_KERNEL, RAM_SLOT_PAGES, ram_pages) == RAM_SLOT_PAGES);
	seed_all();
	expect(test_run_on_cpus(CPUS, work_with_maps, NULL) > 0);
	expect_equal(broken, 0);
	free_pages_bulk(RAM_SLOT_PAGES, ram_pages);
}

static void work_against_quiesce(void *context)
{
	if (platform_cpu() != 0) {
		work_privately(context);
		return;
	}
	for (unsigned int i = 0; i < 20; i++)
		vmalloc_quiesce();
}

TEST(vmalloc_cpus, quiesce, "one CPU drains the caches of the others while they work")
{
	seed_all();
	expect(test_run_on_cpus(CPUS, work_against_quiesce, NULL) > 0);
	expect_equal(broken, 0);
}

static void *contested;

static void free_contested(void *context)
{
	(void)context;
	vfree(contested);
}

TEST(vmalloc_cpus, double_free, "of several CPUs that free the same area one does, and no more")
{
	for (unsigned int i = 0; i < 10; i++) {
		uint64_t areas_before, areas_after, pages;

		vmalloc_get_usage(&areas_before, &pages);
		contested = vmalloc(3 * PAGE_SIZE);
		require(contested);
		test_run_on_cpus(CPUS, free_contested, NULL);
		vmalloc_get_usage(&areas_after, &pages);
		expect_equal(areas_after, areas_before);
		expect(!vmalloc_check());
	}
}

static void *freed_by[PLATFORM_CPUS_MAX], *object_of[PLATFORM_CPUS_MAX];

static uint64_t pending_at[PLATFORM_CPUS_MAX];

static void free_own(void *context)
{
	unsigned int cpu = platform_cpu();

	(void)context;
	freed_by[cpu] = vmalloc(PAGE_SIZE);
	object_of[cpu] = kmalloc(64, GFP_KERNEL);
	test_wait_for_all();
	vfree(freed_by[cpu]);
	kvfree_rcu_mightsleep(object_of[cpu]);
	if (test_wait_for_all())
		pending_at[cpu] = kvfree_rcu_pending();
	test_wait_for_all();
}

TEST(vmalloc_cpus, history,
     "what any CPU has freed is in the history, and what it put off is counted")
{
	unsigned int nr;
	struct freed_area found;

	kvfree_rcu_barrier();
	nr = test_run_on_cpus(test_nr_cpus(), free_own, NULL);
	for (unsigned int cpu = 0; cpu < nr; cpu++) {
		expect(freed_by[cpu] && history_find((uintptr_t)freed_by[cpu], &found));
		expect_equal(found.start, (uintptr_t)freed_by[cpu]);
		expect_equal(pending_at[cpu], nr);
	}
	kvfree_rcu_barrier();
	expect_equal(kvfree_rcu_pending(), 0);
}
