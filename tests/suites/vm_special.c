/* SPDX-License-Identifier: BSD-2-Clause */
#include "dma_alloc.h"
#include "ioremap.h"
#include "lib/errno.h"
#include "map.h"
#include "percpu_alloc.h"
#include "plain.h"
#include "scratch.h"
#include "set_memory.h"
#include "slab.h"
#include "test.h"
#include "tlb.h"
#include "vmalloc.h"
#include "walk.h"
#include "words.h"

/* Areas of special kinds: foreign frames, sparse, per-CPU, DMA, shared with users. */

TEST(vmap_pfn, foreign, "vmap_pfn maps frames that are not ours, in the order of the array")
{
	unsigned long pfn = scratch_device() >> PAGE_SHIFT, pfns[3] = {pfn + 5, pfn, pfn + 1};
	char *p = vmap_pfn(pfns, 3, PAGE_KERNEL);

	require(p);
	for (unsigned int i = 0; i < 3; i++)
		expect_equal(vmalloc_to_pfn(p + i * PAGE_SIZE), pfns[i]);
	expect(!vmalloc_to_page(p));
	vunmap(p);
	expect(!find_vm_area(p));
	pfns[1] = 1ul << (platform_cpu_features()->phys_bits - PAGE_SHIFT);
	expect(!vmap_pfn(pfns, 3, PAGE_KERNEL));
}

TEST_FLAGS(vm_sparse, parts, "parts of a sparse area come and go, others are refused by number",
	   TEST_SMOKE)
{
	struct vm_struct *vm = get_vm_area(16 * PAGE_SIZE, VM_SPARSE), *other;
	struct page *pages[2] = {NULL, NULL};
	unsigned long start;

	require(vm && alloc_pages_bulk_array(GFP_KERNEL, 2, pages) == 2);
	start = (unsigned long)(uintptr_t)vm->addr;
	expect_equal(vm_area_map_pages(vm, start + 4 * PAGE_SIZE, start + 6 * PAGE_SIZE, pages), 0);
	((char *)vm->addr)[4 * PAGE_SIZE] = 1;
	expect_equal((uintptr_t)vmalloc_to_page((void *)(start + 5 * PAGE_SIZE)),
		     (uintptr_t)pages[1]);
	expect_equal(vm_area_map_pages(vm, start + 5 * PAGE_SIZE, start + 7 * PAGE_SIZE, pages),
		     -EBUSY);
	expect_equal(vm_area_map_pages(vm, start + 15 * PAGE_SIZE, start + 17 * PAGE_SIZE, pages),
		     -ERANGE);
	expect_equal(vm_area_map_pages(vm, start, start + 1, pages), -EINVAL);
	expect_equal(
		vm_area_map_pages(vm, start, start + (totalram_pages() + 1) * PAGE_SIZE, pages),
		-E2BIG);
	expect_equal(vm_area_unmap_pages(vm, start + 4 * PAGE_SIZE, start + 5 * PAGE_SIZE), 0);
	expect_fault_read(start + 4 * PAGE_SIZE);
	expect(vmalloc_to_page((void *)(start + 5 * PAGE_SIZE)));
	other = get_vm_area(PAGE_SIZE, VM_MAP);
	expect_equal(vm_area_map_pages(other, (uintptr_t)other->addr,
				       (uintptr_t)other->addr + PAGE_SIZE, pages),
		     -EINVAL);
	free_vm_area(other);
	free_vm_area(vm);
	free_pages_bulk(2, pages);
}

PLAIN_TEST(pcpu_areas, congruent,
	   "areas lie at one base plus their offsets, at the top of the region")
{
	const unsigned long offsets[] = {0, 64 * PAGE_SIZE, 512 * PAGE_SIZE};
	const size_t sizes[] = {4 * PAGE_SIZE, 8 * PAGE_SIZE, PAGE_SIZE};
	struct vm_struct **vms = pcpu_get_vm_areas(offsets, sizes, 3, 4 * PAGE_SIZE);
	struct vm_struct **more = pcpu_get_vm_areas(offsets, sizes, 3, 4 * PAGE_SIZE);

	require(vms && more);
	for (unsigned int i = 0; i < 3; i++) {
		expect_equal((uintptr_t)vms[i]->addr, (uintptr_t)vms[0]->addr + offsets[i]);
		expect_equal((uintptr_t)more[i]->addr, (uintptr_t)more[0]->addr + offsets[i]);
		expect_equal(get_vm_area_size(vms[i]), sizes[i]);
	}
	expect_equal((uintptr_t)vms[0]->addr & (4 * PAGE_SIZE - 1), 0);
	expect(VMALLOC_END - (uintptr_t)vms[2]->addr <= 8 * PAGE_SIZE);
	expect_not_equal((uintptr_t)vms[0]->addr, (uintptr_t)more[0]->addr);
	pcpu_free_vm_areas(vms, 3);
	pcpu_free_vm_areas(more, 3);
	pcpu_free_vm_areas(NULL, 3);
}

PLAIN_TEST(pcpu_areas, any_order,
	   "offsets need not ascend; one that was freed otherwise is refused")
{
	const unsigned long offsets[] = {8 * PAGE_SIZE, 0};
	const size_t sizes[] = {PAGE_SIZE, PAGE_SIZE};
	struct vm_struct **vms = pcpu_get_vm_areas(offsets, sizes, 2, PAGE_SIZE), *gone;
	void *first;

	require(vms);
	first = vms[0]->addr;
	expect_equal((uintptr_t)first, (uintptr_t)vms[1]->addr + 8 * PAGE_SIZE);
	gone = remove_vm_area(first);
	require(gone);
	kfree(gone);
	pcpu_free_vm_areas(vms, 2);
	expect(!find_vm_area(first));
}

/* Nearly as far apart as the region is long. */
static bool far_apart(void)
{
	const unsigned long offsets[] = {VMALLOC_END - VMALLOC_START - 4 * PMD_SIZE, 0};
	const size_t sizes[] = {PAGE_SIZE, PAGE_SIZE};
	struct vm_struct **vms = pcpu_get_vm_areas(offsets, sizes, 2, PAGE_SIZE);

	pcpu_free_vm_areas(vms, 2);
	return vms != NULL;
}

PLAIN_TEST(pcpu_areas, purged, "for lack of room they are refused; what was freed is room again")
{
	struct vmap_request top = {.nr_pages = 8 * PMD_SIZE >> PAGE_SHIFT,
				   .align = PAGE_SIZE,
				   .start = VMALLOC_START,
				   .end = VMALLOC_END,
				   .place = PLACE_TOP,
				   .by_hand = true,
				   .gfp = GFP_KERNEL};
	struct area *area;

	if (!far_apart())
		test_skip("something lies at the start of the region");
	vm_unmap_aliases();
	area = vmap_area_alloc(&top);
	require(area);
	expect(!far_apart());
	vmap_area_free(area, NULL);
	expect(far_apart());
}

TEST(pcpu_areas, refused_sums, "offsets whose areas end beyond all addresses are refused")
{
	const unsigned long behind_zero[] = {0, -PAGE_SIZE}, half[] = {0, 1ul << 63};
	const size_t sizes[] = {PAGE_SIZE, 2 * PAGE_SIZE}, halves[] = {PAGE_SIZE, 1ul << 63};

	expect(!pcpu_get_vm_areas(behind_zero, sizes, 2, PAGE_SIZE));
	expect(!pcpu_get_vm_areas(half, halves, 2, PAGE_SIZE));
	expect(!pcpu_get_vm_areas(half, sizes, 2, PAGE_SIZE));
	expect(!pcpu_get_vm_areas(half, sizes, 1, 0));
}

TEST(pcpu_areas, refused_close, "areas that leave no room for the guard between them are refused")
{
	unsigned long guard = vmap_area_guard() * PAGE_SIZE;
	unsigned long close[] = {0, guard}, far[] = {0, PAGE_SIZE + guard};
	const size_t sizes[] = {PAGE_SIZE, PAGE_SIZE};
	struct vm_struct **vms;

	expect(!pcpu_get_vm_areas(close, sizes, 2, PAGE_SIZE));
	vms = pcpu_get_vm_areas(far, sizes, 2, PAGE_SIZE);
	require(vms);
	pcpu_free_vm_areas(vms, 2);
}

TEST(pcpu_areas, refused, "offsets that overlap or are not aligned are refused")
{
	const unsigned long overlap[] = {0, PAGE_SIZE}, odd[] = {0, 3 * PAGE_SIZE};
	const size_t sizes[] = {2 * PAGE_SIZE, PAGE_SIZE}, broken[] = {PAGE_SIZE, 1, 0, PAGE_SIZE};
	const unsigned long far[] = {0, VMALLOC_END - VMALLOC_START};
	/* There is room for the span, but early areas and their guards lie at its start. */
	const unsigned long nearly[] = {0, VMALLOC_END - VMALLOC_START - 3 * PAGE_SIZE};

	expect(!pcpu_get_vm_areas(overlap, sizes, 2, PAGE_SIZE));
	expect(!pcpu_get_vm_areas(odd, sizes, 2, 2 * PAGE_SIZE));
	expect(!pcpu_get_vm_areas(odd, sizes, 0, PAGE_SIZE));
	expect(!pcpu_get_vm_areas(odd, sizes, 2, 3 * PAGE_SIZE));
	expect(!pcpu_get_vm_areas(odd, sizes, 2, PAGE_SIZE / 2));
	expect(!pcpu_get_vm_areas(odd, broken, 2, PAGE_SIZE));
	expect(!pcpu_get_vm_areas(odd, broken + 2, 2, PAGE_SIZE));
	expect(!pcpu_get_vm_areas(far, sizes, 2, PAGE_SIZE));
	expect(!pcpu_get_vm_areas(nearly, sizes, 2, PAGE_SIZE));
}

TEST(percpu_alloc, copies, "each CPU has a copy of its own, cleared")
{
	uint64_t *p = alloc_percpu(uint64_t), *q = alloc_percpu(uint64_t);

	require(p && q);
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++) {
		expect_equal(*per_cpu_ptr(p, cpu), 0);
		*per_cpu_ptr(p, cpu) = cpu + 1;
	}
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++) {
		expect_equal(*per_cpu_ptr(p, cpu), cpu + 1);
		expect_equal(*per_cpu_ptr(q, cpu), 0);
	}
	free_percpu(p);
	free_percpu(q);
	free_percpu(NULL);
}

TEST(percpu_alloc, sizes, "sizes and alignments up to a page are kept, larger ones refused")
{
	void *all[12];

	for (unsigned int i = 0; i < 12; i++) {
		all[i] = __alloc_percpu((size_t)8 << i, (size_t)2 << i);
		require(all[i]);
		expect_equal((uintptr_t)all[i] & (((size_t)2 << i) - 1), 0);
		memset(per_cpu_ptr(all[i], platform_nr_cpus() - 1), 0x5a, (size_t)8 << i);
	}
	expect(!__alloc_percpu(0, 8));
	expect(!__alloc_percpu(PERCPU_UNIT_BYTES + 1, 8));
	expect(!__alloc_percpu(8, 2 * PAGE_SIZE));
	expect(!__alloc_percpu(8, 24));
	free_percpu((char *)all[11] + 16);
	for (unsigned int i = 0; i < 12; i++)
		free_percpu(all[i]);
	free_percpu(all[0]);
}

TEST(percpu_alloc, lowest, "the lowest place that is large enough is taken")
{
	enum { NR = 200, A_WORD = 64 };
	char *all[NR], *first, *again;

	for (unsigned int i = 0; i < NR; i++)
		require((all[i] = __alloc_percpu(PERCPU_GRAIN, PERCPU_GRAIN)) != NULL);
	first = all[0];
	for (unsigned int i = 0; i < NR; i++) {
		free_percpu(all[i]);
		again = __alloc_percpu(1, 1);
		expect_equal((uintptr_t)again, (uintptr_t)all[i]);
	}
	/* One alone, then two where the bits of the next word begin. */
	for (unsigned int i = A_WORD; i + A_WORD < NR; i += A_WORD) {
		free_percpu(all[i - 4]);
		free_percpu(all[i]);
		free_percpu(all[i + 1]);
		again = __alloc_percpu(2 * PERCPU_GRAIN, PERCPU_GRAIN);
		expect_equal((uintptr_t)again, (uintptr_t)all[i]);
		free_percpu(again);
		expect_equal((uintptr_t)__alloc_percpu(1, 1), (uintptr_t)all[i - 4]);
		expect_equal((uintptr_t)__alloc_percpu(1, 1), (uintptr_t)all[i]);
		expect_equal((uintptr_t)__alloc_percpu(1, 1), (uintptr_t)all[i + 1]);
	}
	expect_equal((uintptr_t)all[NR - 1], (uintptr_t)first + (NR - 1) * PERCPU_GRAIN);
	for (unsigned int i = 0; i < NR; i++)
		free_percpu(all[i]);
}

TEST(percpu_alloc, whole_unit,
     "as much as a unit has can be had, and where it is full, the next one")
{
	void *unit = __alloc_percpu(PERCPU_UNIT_BYTES, PAGE_SIZE), *small = __alloc_percpu(8, 8);

	expect(unit && small);
	expect(small &&
	       ((char *)small < (char *)unit || (char *)small >= (char *)unit + PERCPU_UNIT_BYTES));
	free_percpu(unit);
	free_percpu(small);
}

/* Frames that are writable when they come back can be written by whoever gets them. */
TEST(vmalloc, reset_permissions,
     "VM_FLUSH_RESET_PERMS makes the direct map present and writable before frames go")
{
	char *p = __vmalloc_node_range(3 * PAGE_SIZE, 1, VMALLOC_START, VMALLOC_END, GFP_KERNEL,
				       PAGE_KERNEL, VM_FLUSH_RESET_PERMS, NUMA_NO_NODE, NULL);
	struct page *pages[3];

	require(p);
	for (unsigned int i = 0; i < 3; i++) {
		pages[i] = vmalloc_to_page(p + i * PAGE_SIZE);
		get_page(pages[i]); /* so that they are there to be looked at */
	}
	expect_equal(set_memory_ro((uintptr_t)page_address(pages[0]), 1), 0);
	expect_equal(set_memory_rox((uintptr_t)page_address(pages[1]), 1), 0);
	expect_equal(set_memory_np((uintptr_t)page_address(pages[2]), 1), 0);
	expect_fault_write(page_address(pages[0]));
	expect_fault_read(page_address(pages[2]));
	vfree(p);
	for (unsigned int i = 0; i < 3; i++) {
		expect(!fault_expect_write((uintptr_t)page_address(pages[i])));
		expect_fault_fetch(page_address(pages[i]));
		put_page(pages[i]);
	}
}

TEST(dma_alloc, contiguous, "the frames follow each other, are cleared, and go back as a whole")
{
	dma_addr_t dma = 0x4711;
	char *p = dma_alloc_coherent(NULL, 5 * PAGE_SIZE, &dma, GFP_KERNEL);

	require(p);
	expect(all_zero(p, 5 * PAGE_SIZE));
	for (unsigned int i = 0; i < 5; i++)
		expect_equal(vmalloc_to_pfn(p + i * PAGE_SIZE), (dma >> PAGE_SHIFT) + i);
	expect(find_vm_area(p)->flags & VM_DMA_COHERENT);
	dma_free_coherent(NULL, 4 * PAGE_SIZE, p, dma);
	dma_free_coherent(NULL, 5 * PAGE_SIZE, p, dma + PAGE_SIZE);
	vfree(p);
	vunmap(p);
	free_vm_area(find_vm_area(p));
	expect(find_vm_area(p));
	dma_free_coherent(NULL, 5 * PAGE_SIZE, p, dma);
	expect(!find_vm_area(p));
}

TEST(dma_alloc, cleared, "frames that were written before are cleared")
{
	enum { NR = 40, PAGES = 4 };
	static char *all[NR];
	dma_addr_t dma[NR];

	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < NR; i++) {
			all[i] = dma_alloc_coherent(NULL, PAGES * PAGE_SIZE, &dma[i], GFP_KERNEL);
			require(all[i]);
			expect(all_zero(all[i], PAGES * PAGE_SIZE));
			memset(all[i], 0x5a, PAGES * PAGE_SIZE);
		}
		for (unsigned int i = 0; i < NR; i++)
			dma_free_coherent(NULL, PAGES * PAGE_SIZE, all[i], dma[i]);
	}
}

TEST(dma_alloc, unmapped, "without a page table for it there is no memory, and none is lost")
{
	dma_addr_t dma = 0x4711;
	size_t size = PMD_SIZE + PAGE_SIZE;
	char *p;

	mm_quiesce();
	scratch_fail_table(1);
	p = dma_alloc_coherent(NULL, size, &dma, GFP_KERNEL | __GFP_NOWARN);
	if (scratch_table_failed()) {
		expect(!p);
		expect_equal(dma, 0x4711);
	}
	if (p)
		dma_free_coherent(NULL, size, p, dma);
}

TEST(dma_alloc, refused, "size 0 and more than there is leave the place untouched")
{
	dma_addr_t dma = 0x4711;

	expect(!dma_alloc_coherent(NULL, 0, &dma, GFP_KERNEL));
	expect(!dma_alloc_coherent(NULL, (totalram_pages() + 1) * PAGE_SIZE, &dma, GFP_KERNEL));
	expect(!dma_alloc_coherent(NULL, PAGE_SIZE, &dma, GFP_KERNEL | (gfp_t)1 << 30));
	expect_equal(dma, 0x4711);
	dma_free_coherent(NULL, PAGE_SIZE, NULL, 0);
	dma_free_coherent(NULL, PAGE_SIZE, &dma, 0);
}

static struct space other;

static void destroy_other(void *unused)
{
	(void)unused;
	if (!other.root)
		return;
	unmap_range(&other, space_user_start(&other), 4 * PAGE_SIZE);
	expect_equal(space_destroy(&other), 0);
}

/* A second space, and three pages of it to map something in. */
static struct vm_area_struct other_space(void)
{
	static struct test_end end = {.function = destroy_other};
	unsigned long start;

	other.root = 0;
	test_at_end(&end);
	require_equal(space_create(&other), 0);
	start = space_user_start(&other);
	return (struct vm_area_struct){
		.space = &other, .vm_start = start, .vm_end = start + 3 * PAGE_SIZE};
}

static bool sees(unsigned long addr, const void *p, struct leaf *leaf)
{
	return walk_lookup(&other, addr, leaf) && leaf->phys >> PAGE_SHIFT == vmalloc_to_pfn(p);
}

TEST(remap_vmalloc_range, shared, "a second space sees a VM_USERMAP area in its lower half")
{
	struct vm_area_struct vma = other_space();
	char *p = vmalloc_user(4 * PAGE_SIZE);
	struct leaf leaf;

	require(p);
	expect_equal(remap_vmalloc_range(&vma, p, 1), 0);
	for (unsigned int i = 0; i < 3; i++)
		expect(sees(vma.vm_start + i * PAGE_SIZE, p + (i + 1) * PAGE_SIZE, &leaf));
	expect(leaf.prot.pgprot & _PAGE_USER && !(leaf.prot.pgprot & _PAGE_RW));
	expect_equal(remap_vmalloc_range(&vma, p, 1), -EBUSY);
	expect_equal(unmap_range(&other, vma.vm_start, 3 * PAGE_SIZE), 3);
	vma.writable = true;
	expect_equal(remap_vmalloc_range(&vma, p, 0), 0);
	expect(sees(vma.vm_start, p, &leaf) && leaf.prot.pgprot & _PAGE_RW);
	expect_equal(unmap_range(&other, vma.vm_start, 3 * PAGE_SIZE), 3);
	vfree(p);
}

TEST(remap_vmalloc_range, partial, "a part of an area, from any page of it, at an address within")
{
	struct vm_area_struct vma = other_space();
	char *p = vmalloc_user(4 * PAGE_SIZE);
	unsigned long second = vma.vm_start + PAGE_SIZE;
	struct leaf leaf;

	require(p);
	expect_equal(remap_vmalloc_range_partial(&vma, second, p + PAGE_SIZE, 1, PAGE_SIZE), 0);
	expect(sees(second, p + 2 * PAGE_SIZE, &leaf));
	expect(!walk_lookup(&other, vma.vm_start, &leaf));
	expect_equal(unmap_range(&other, vma.vm_start, 3 * PAGE_SIZE), 1);
	vfree(p);
}

TEST(remap_vmalloc_range, refused,
     "more than the area has, other areas, and what is not within the bounds are refused")
{
	struct vm_area_struct vma = other_space(), low = vma;
	char *p = vmalloc_user(4 * PAGE_SIZE), *plain = vmalloc(4 * PAGE_SIZE);

	require(p && plain);
	expect_equal(remap_vmalloc_range(&vma, p, 2), -EINVAL);
	expect_equal(remap_vmalloc_range(&vma, p, ~0ul), -EINVAL);
	expect_equal(remap_vmalloc_range(&vma, p + 1, 0), -EINVAL);
	expect_equal(remap_vmalloc_range(&vma, plain, 0), -EINVAL);
	expect_equal(remap_vmalloc_range_partial(&vma, vma.vm_end - PAGE_SIZE, p, 0, 2 * PAGE_SIZE),
		     -EINVAL);
	expect_equal(remap_vmalloc_range_partial(&vma, vma.vm_start, p, 0, 0), -EINVAL);
	low.vm_start = vma.vm_start - PAGE_SIZE;
	expect_equal(remap_vmalloc_range(&low, p, 0), -EINVAL);
	low.vm_start = 0x400000;
	expect_equal(remap_vmalloc_range_partial(&low, 0x400000, p, 0, PAGE_SIZE), -EINVAL);
	vfree(p);
	vfree(plain);
}
