/* SPDX-License-Identifier: BSD-2-Clause */
#include "dma_alloc.h"
#include "fail.h"
#include "ioremap.h"
#include "memblock.h"
#include "mm.h"
#include "percpu_alloc.h"
#include "slab.h"
#include "test.h"
#include "vm_map_ram.h"
#include "vmalloc.h"

/*
 * Every call that allocates, with its first internal allocation failing, then its second, and so on
 * until none fails any more. Each time the call succeeds or is as if it had never been.
 */

enum { STEPS_MAX = 400 };

static struct page *pages[700];

static bool same_usage(const struct mm_usage *before)
{
	struct mm_usage after;

	mm_quiesce();
	mm_get_usage(&after);
	return expect_equal(after.free_frames, before->free_frames) &&
	       expect_equal(after.tables, before->tables) &&
	       expect_equal(after.slab_objects, before->slab_objects) &&
	       expect_equal(after.areas, before->areas);
}

static void walk(bool (*run)(void))
{
	struct mm_usage before;
	unsigned int failed = 0;
	const char *problem;

	mm_quiesce();
	mm_get_usage(&before);
	for (uint64_t nth = 1; nth < STEPS_MAX; nth++) {
		bool done, hit;

		fail_arm(nth, FAIL_ALL_POINTS);
		done = run();
		hit = fail_disarm();
		failed += !done;
		require(same_usage(&before));
		problem = mm_check();
		if (!expect(!problem))
			test_note("after failure %llu: %s", (unsigned long long)nth, problem);
		if (!hit) {
			expect(done);
			expect(failed > 0);
			return;
		}
	}
	expect(false);
}

static bool try_vmalloc(void)
{
	void *p = __vmalloc(3 * PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN);

	vfree(p);
	return p;
}

TEST(vmalloc_fail, vmalloc, "vmalloc fails whole")
{
	walk(try_vmalloc);
}

static bool try_large(void)
{
	void *p = __vmalloc(700 * PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN);

	vfree(p);
	return p;
}

TEST(vmalloc_fail, large, "vmalloc of more than a table's pages fails whole")
{
	walk(try_large);
}

static bool try_huge(void)
{
	void *p = vmalloc_huge(PMD_SIZE + PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN);

	vfree(p);
	return p;
}

TEST(vmalloc_fail, huge, "vmalloc_huge fails whole, or does with small leaves")
{
	walk(try_huge);
}

static bool try_range(void)
{
	uintptr_t middle = (VMALLOC_START / 2 + VMALLOC_END / 2) & PAGE_MASK;
	void *p =
		__vmalloc_node_range(5 * PAGE_SIZE, 1, middle, VMALLOC_END,
				     GFP_KERNEL | __GFP_NOWARN, PAGE_KERNEL, 0, NUMA_NO_NODE, NULL);

	vfree(p);
	return p;
}

TEST(vmalloc_fail, range, "an explicit range fails whole")
{
	walk(try_range);
}

static bool try_vrealloc(void)
{
	char *p = __vmalloc(2 * PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN), *q;

	if (!p)
		return false;
	*p = 5;
	q = vrealloc(p, 600 * PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN);
	if (q)
		p = q;
	expect_equal(*p, 5);
	expect_equal(find_vm_area(p)->nr_pages, q ? 600 : 2);
	vfree(p);
	return q;
}

TEST(vmalloc_fail, vrealloc, "vrealloc leaves the old area whole")
{
	walk(try_vrealloc);
}

static bool try_vmap(void)
{
	void *p;

	p = vmap(pages, 700, VM_MAP, PAGE_KERNEL);
	vunmap(p);
	return p;
}

TEST(vmalloc_fail, vmap, "vmap fails whole")
{
	for (unsigned int i = 0; i < 700; i++)
		pages[i] = NULL;
	require(alloc_pages_bulk_array(GFP_KERNEL, 700, pages) == 700);
	walk(try_vmap);
	free_pages_bulk(700, pages);
}

static bool try_vm_map_ram(void)
{
	void *p = vm_map_ram(pages, 5, NUMA_NO_NODE);

	if (p)
		vm_unmap_ram(p, 5);
	return p;
}

TEST(vmalloc_fail, vm_map_ram, "vm_map_ram fails whole")
{
	for (unsigned int i = 0; i < 5; i++)
		pages[i] = NULL;
	require(alloc_pages_bulk_array(GFP_KERNEL, 5, pages) == 5);
	walk(try_vm_map_ram);
	free_pages_bulk(5, pages);
}

static bool try_get_vm_area(void)
{
	struct vm_struct *vm = get_vm_area(5 * PAGE_SIZE, VM_MAP);

	free_vm_area(vm);
	return vm;
}

TEST(vmalloc_fail, get_vm_area, "get_vm_area fails whole")
{
	walk(try_get_vm_area);
}

static bool try_ioremap(void)
{
	phys_addr_t phys = (memblock_end() + 2 * PUD_SIZE) & ~(PUD_SIZE - 1);
	void *p = ioremap(phys, PMD_SIZE + PAGE_SIZE);

	iounmap(p);
	return p;
}

TEST(vmalloc_fail, ioremap, "ioremap fails whole")
{
	if ((memblock_end() + 4 * PUD_SIZE) >> platform_cpu_features()->phys_bits)
		test_skip("no addresses above our memory");
	walk(try_ioremap);
}

static bool try_percpu(void)
{
	void *p = __alloc_percpu(100, 8);

	free_percpu(p);
	return p;
}

TEST(vmalloc_fail, alloc_percpu, "alloc_percpu fails whole")
{
	walk(try_percpu);
}

static bool try_dma(void)
{
	dma_addr_t dma;
	void *p = dma_alloc_coherent(NULL, 3 * PAGE_SIZE, &dma, GFP_KERNEL | __GFP_NOWARN);

	if (p)
		dma_free_coherent(NULL, 3 * PAGE_SIZE, p, dma);
	return p;
}

TEST(vmalloc_fail, dma, "dma_alloc_coherent fails whole")
{
	walk(try_dma);
}
