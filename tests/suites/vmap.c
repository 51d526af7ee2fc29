/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmalloc.h"
#include "dma_alloc.h"
#include "fault.h"
#include "lib/errno.h"
#include "memblock.h"
#include "page_alloc.h"
#include "slab.h"
#include "test.h"
#include "walk.h"
#include "words.h"

/* Mapping frames that somebody else has. */

enum { NR = 6 };

static bool get_pages(struct page *pages[NR])
{
	for (unsigned int i = 0; i < NR; i++)
		pages[i] = NULL;
	return alloc_pages_bulk_array(GFP_KERNEL, NR, pages) == NR;
}

TEST_FLAGS(vmap, alias, "vmap shows the frames in the order of the array, vunmap keeps them",
	   TEST_SMOKE)
{
	struct page *pages[NR], *first;
	char *p;

	require(get_pages(pages));
	first = pages[0]; /* not in the order of addresses */
	pages[0] = pages[NR - 1];
	pages[NR - 1] = first;
	p = vmap(pages, NR, VM_MAP, PAGE_KERNEL);
	require(p);
	for (unsigned int i = 0; i < NR; i++) {
		p[i * PAGE_SIZE] = (char)(i + 1);
		expect_equal(*(char *)page_address(pages[i]), i + 1);
		expect_equal((uintptr_t)vmalloc_to_page(p + i * PAGE_SIZE), (uintptr_t)pages[i]);
	}
	vunmap(p);
	expect(!find_vm_area(p));
	expect_equal(*(char *)page_address(pages[3]), 4);
	for (unsigned int i = 0; i < NR; i++)
		__free_page(pages[i]);
}

/* What vmalloc() knew of its pages must not be believed of these. */
TEST(vmap, after_vmalloc, "frames in any order, in the place of an area whose frames were one run")
{
	struct page *pages[NR];
	char *p = vmalloc(NR * PAGE_SIZE), *old = p;

	require(p);
	require(get_pages(pages));
	vfree(p);
	vm_unmap_aliases();
	for (unsigned int i = 0; i < NR / 2; i++) {
		struct page *page = pages[i];

		pages[i] = pages[NR - 1 - i];
		pages[NR - 1 - i] = page;
	}
	p = vmap(pages, NR, VM_MAP, PAGE_KERNEL);
	require(p);
	test_note("%s place", p == old ? "the same" : "another");
	for (unsigned int i = 0; i < NR; i++)
		expect_equal((uintptr_t)vmalloc_to_page(p + i * PAGE_SIZE), (uintptr_t)pages[i]);
	vunmap(p);
	for (unsigned int i = 0; i < NR; i++)
		__free_page(pages[i]);
}

TEST(vmap, refused, "no pages, a NULL page, too many, and writable code are refused")
{
	struct page *pages[NR];

	require(get_pages(pages));
	expect(!vmap(pages, 0, VM_MAP, PAGE_KERNEL));
	expect(!vmap(pages, (unsigned int)totalram_pages() + 1, VM_MAP, PAGE_KERNEL));
	expect(!vmap(pages, NR, VM_MAP, PAGE_KERNEL_EXEC));
	expect(!vmap(pages, NR, VM_FLUSH_RESET_PERMS, PAGE_KERNEL));
	__free_page(pages[2]);
	pages[2] = NULL;
	expect(!vmap(pages, NR, VM_MAP, PAGE_KERNEL));
	expect(!vmap(&pages[2], 1, VM_MAP, PAGE_KERNEL));
	for (unsigned int i = 0; i < NR; i++)
		if (pages[i])
			__free_page(pages[i]);
}

TEST(vmap, refused_pages,
     "what is no struct page of ours is refused, alone and at the end of a run")
{
	struct page *pages[NR], *first;

	require(get_pages(pages));
	first = pages[0];
	pages[0] = (struct page *)((uintptr_t)first + 1);
	expect(!vmap(pages, NR, VM_MAP, PAGE_KERNEL));
	pages[0] = pfn_to_page(frame_end);
	expect(!vmap(pages, NR, VM_MAP, PAGE_KERNEL));
	pages[0] = (struct page *)PAGE_SIZE;
	expect(!vmap(pages, NR, VM_MAP, PAGE_KERNEL));
	pages[0] = pfn_to_page(0);
	expect(!pfn_valid(0) && !vmap(pages, NR, VM_MAP, PAGE_KERNEL));
	pages[0] = first;
	for (unsigned int i = 0; i < NR; i++)
		__free_page(pages[i]);
	pages[0] = pfn_to_page(memblock_end() / PAGE_SIZE - 1);
	for (unsigned int i = 1; i < NR; i++)
		pages[i] = pages[0] + i;
	expect(!vmap(pages, NR, VM_MAP, PAGE_KERNEL));
}

TEST(vmap, refused_protections, "what is not present, or no protection, is refused by every call")
{
	const pgprot_t wrong[] = {__pgprot(0), __pgprot(PAGE_KERNEL.pgprot & ~_PAGE_PRESENT),
				  __pgprot(PAGE_KERNEL.pgprot | PAGE_SIZE),
				  __pgprot(PAGE_KERNEL.pgprot | ENTRY_NOTE), PAGE_KERNEL_EXEC};
	struct vm_struct *area = get_vm_area(NR * PAGE_SIZE, VM_MAP);
	struct page *pages[NR];
	unsigned long start, foreign[] = {0}, end;

	require(area && get_pages(pages));
	start = (unsigned long)(uintptr_t)area->addr;
	end = start + NR * PAGE_SIZE;
	for (unsigned int i = 0; i < 5; i++) {
		int error = i == 4 ? -EPERM : -EINVAL;

		expect(!vmap(pages, NR, VM_MAP, wrong[i]));
		expect(!vmap(pages, 1, VM_MAP, wrong[i]));
		expect(!vmap_pfn(foreign, 1, wrong[i]));
		expect(!__vmalloc_node_range(PAGE_SIZE, 1, VMALLOC_START, VMALLOC_END, GFP_KERNEL,
					     wrong[i], 0, NUMA_NO_NODE, NULL));
		expect_equal(vmap_pages_range(start, end, wrong[i], pages, PAGE_SHIFT), error);
		expect_equal(vmap_page_range(start, end, page_to_phys(pages[0]), wrong[i]), error);
	}
	expect_equal(vmap_pages_range(start, end, PAGE_KERNEL, pages, PAGE_SHIFT), 0);
	free_vm_area(area);
	free_pages_bulk(NR, pages);
}

TEST(vmap, flags, "whatever flags vmap was given, vunmap takes the area away")
{
	const unsigned long flags[] = {0,	   VM_ALLOC,	      VM_IOREMAP, VM_DMA_COHERENT,
				       VM_USERMAP, VM_MAP | VM_ALLOC, VM_NO_GUARD};
	struct page *page = alloc_page(GFP_KERNEL);

	require(page);
	for (unsigned int i = 0; i < 7; i++) {
		void *p = vmap(&page, 1, flags[i], PAGE_KERNEL);

		require(p);
		dma_free_coherent(NULL, PAGE_SIZE, p, 0);
		vfree(p);
		expect(find_vm_area(p));
		vunmap(p);
		expect(!find_vm_area(p));
	}
	for (unsigned int bit = 13; bit < 64; bit++) {
		expect(!vmap(&page, 1, 1ul << bit, PAGE_KERNEL));
		expect(!get_vm_area(PAGE_SIZE, 1ul << bit));
	}
	__free_page(page);
}

TEST(vmap, workers_refused, "the workers stay within the vmalloc region, and map pages of ours")
{
	struct vm_struct *area = get_vm_area(PAGE_SIZE, VM_MAP);
	struct page *page = alloc_page(GFP_KERNEL), *none = NULL;
	unsigned long at, direct, low = 1ul << 40;

	require(area && page);
	at = (unsigned long)(uintptr_t)area->addr;
	direct = (unsigned long)(uintptr_t)page_address(page);
	expect_equal(vmap_pages_range(low, low + PAGE_SIZE, PAGE_KERNEL, &page, PAGE_SHIFT),
		     -EINVAL);
	expect_equal(vmap_page_range(low, low + PAGE_SIZE, page_to_phys(page), PAGE_KERNEL),
		     -EINVAL);
	expect_equal(vmap_pages_range(at, at + PAGE_SIZE, PAGE_KERNEL, &none, PAGE_SHIFT), -EINVAL);
	expect_equal(vmap_pages_range(at, at + PAGE_SIZE + 1, PAGE_KERNEL, &page, PAGE_SHIFT),
		     -EINVAL);
	vunmap_range(direct, direct + PAGE_SIZE);
	expect(!fault_expect_write(direct));
	expect_equal(vmap_pages_range(at, at + PAGE_SIZE, PAGE_KERNEL, &page, PAGE_SHIFT), 0);
	vunmap_range(at + 1, at + PAGE_SIZE);
	expect_equal((uintptr_t)vmalloc_to_page(area->addr), (uintptr_t)page);
	free_vm_area(area);
	__free_page(page);
}

TEST(vmap, read_only, "a read-only alias cannot be written, its frames can")
{
	struct page *page = alloc_page(GFP_KERNEL);
	char *p;

	require(page);
	p = vmap(&page, 1, VM_MAP, PAGE_KERNEL_RO);
	require(p);
	*(char *)page_address(page) = 7;
	expect_equal(*p, 7);
	expect_fault_write(p);
	vunmap(p);
	__free_page(page);
}

TEST(vmap, who_frees, "vunmap refuses vmalloc's areas, vfree refuses those of vmap")
{
	struct page *page = alloc_page(GFP_KERNEL);
	char *area = vmalloc(PAGE_SIZE), *alias = vmap(&page, 1, VM_MAP, PAGE_KERNEL);

	require(page && area && alias);
	vunmap(area);
	vfree(alias);
	vunmap(alias + 1);
	*area = *alias = 1;
	expect(find_vm_area(area) && find_vm_area(alias));
	vfree(area);
	vunmap(alias);
	__free_page(page);
}

TEST(vmap, put_pages, "VM_MAP_PUT_PAGES hands frames and array to vfree")
{
	struct page **pages = kvmalloc(NR * sizeof(*pages), GFP_KERNEL);
	char *p;

	require(pages && get_pages(pages));
	p = vmap(pages, NR, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	require(p);
	expect_equal(find_vm_area(p)->nr_pages, NR);
	p[5] = 1;
	vfree(p);
	expect(!find_vm_area(p)); /* the count of frames at the end of the test says the rest */
}

TEST(vmap, large_leaves, "a run of frames that holds 2 MiB is mapped with a large leaf")
{
	enum { PAGES = 600 };
	struct page *block = alloc_contig_pages_aligned(PAGES, 512, GFP_KERNEL | __GFP_NOWARN,
							NUMA_NO_NODE, NULL);
	struct page **pages, *single;
	struct leaf leaf;
	char *p;

	if (!block)
		test_skip("no %u frames in one piece", PAGES);
	pages = kvmalloc((PAGES + 1) * sizeof(*pages), GFP_KERNEL);
	single = alloc_page(GFP_KERNEL);
	require(pages && single);
	pages[0] = single; /* so that the run begins at an odd place of the array */
	for (unsigned int i = 0; i < PAGES; i++)
		pages[i + 1] = block + i;
	p = vmap(pages, PAGES + 1, VM_MAP, PAGE_KERNEL);
	require(p);
	require(walk_lookup(&kernel_space, (uintptr_t)p + PAGE_SIZE, &leaf));
	expect_equal(leaf.size, PMD_SIZE);
	expect_equal(leaf.phys, page_to_phys(block));
	require(walk_lookup(&kernel_space, (uintptr_t)p, &leaf));
	expect_equal(leaf.phys, page_to_phys(single));
	expect(is_vm_area_hugepages(p));
	vunmap(p);
	for (unsigned int i = 0; i <= PAGES; i++)
		__free_page(pages[i]);
	kvfree(pages);
}

/* From a frame that is behind the edge of 2 MiB, up to where the next edge but one is, or not. */
TEST(vmap, whole_leaf, "a long run of frames that holds no whole 2 MiB has small leaves")
{
	enum { PAGES = 1024, SKIPPED = 100 };
	struct page *block = alloc_contig_pages_aligned(PAGES, 512, GFP_KERNEL | __GFP_NOWARN,
							NUMA_NO_NODE, NULL);
	struct page **pages;

	if (!block)
		test_skip("no %u frames in one piece", PAGES);
	pages = kvmalloc(PAGES * sizeof(*pages), GFP_KERNEL);
	require(pages);
	for (unsigned int i = 0; i < PAGES; i++)
		pages[i] = block + i;
	for (unsigned int nr = PAGES - SKIPPED - 1; nr <= PAGES - SKIPPED; nr++) {
		void *p = vmap(pages + SKIPPED, nr, VM_MAP, PAGE_KERNEL);

		require(p);
		expect_equal(is_vm_area_hugepages(p), nr == PAGES - SKIPPED);
		vunmap(p);
	}
	for (unsigned int i = 0; i < PAGES; i++)
		__free_page(pages[i]);
	kvfree(pages);
}

/* Two runs that want different addresses; each holds a whole 2 MiB. */
TEST(vmap, longest_run, "of two runs the longer one gets the large leaf")
{
	enum { SHORT = 600, LONG = 700 };
	struct page *runs[2] = {alloc_contig_pages_aligned(SHORT, 512, GFP_KERNEL | __GFP_NOWARN,
							   NUMA_NO_NODE, NULL),
				alloc_contig_pages_aligned(LONG, 512, GFP_KERNEL | __GFP_NOWARN,
							   NUMA_NO_NODE, NULL)};
	struct page **pages;
	struct leaf leaf;
	char *p;

	if (!runs[0] || !runs[1]) {
		if (runs[0])
			free_contig_range(page_to_pfn(runs[0]), SHORT);
		if (runs[1])
			free_contig_range(page_to_pfn(runs[1]), LONG);
		test_skip("not so many frames in two pieces");
	}
	pages = kvmalloc((SHORT + LONG) * sizeof(*pages), GFP_KERNEL);
	require(pages);
	for (unsigned int i = 0; i < SHORT + LONG; i++)
		pages[i] = i < SHORT ? runs[0] + i : runs[1] + (i - SHORT);
	p = vmap(pages, SHORT + LONG, VM_MAP, PAGE_KERNEL);
	require(p);
	require(walk_lookup(&kernel_space, (uintptr_t)p + SHORT * PAGE_SIZE, &leaf));
	expect_equal(leaf.size, PMD_SIZE);
	expect_equal(leaf.phys, page_to_phys(runs[1]));
	require(walk_lookup(&kernel_space, (uintptr_t)p, &leaf));
	expect_equal(leaf.size, PAGE_SIZE);
	expect_equal(leaf.phys, page_to_phys(runs[0]));
	vunmap(p);
	for (unsigned int i = 0; i < SHORT + LONG; i++)
		__free_page(pages[i]);
	kvfree(pages);
}

TEST(vmap, pfn, "vmap_pfn maps frames that are not ours, and no others")
{
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned long ours;

	require(page);
	ours = page_to_pfn(page);
	expect(!vmap_pfn(&ours, 1, PAGE_KERNEL));
	expect(!vmap_pfn(&ours, 0, PAGE_KERNEL));
	ours = ~0ul;
	expect(!vmap_pfn(&ours, 1, PAGE_KERNEL));
	__free_page(page);
}

TEST(vmap, workers, "mapping over something is -EBUSY and changes nothing, vunmap_range takes away")
{
	struct vm_struct *vm = get_vm_area(NR * PAGE_SIZE, VM_MAP);
	struct page *pages[NR];
	unsigned long start, end;

	require(vm && get_pages(pages));
	start = (unsigned long)(uintptr_t)vm->addr;
	end = start + NR * PAGE_SIZE;
	expect_equal(vmap_page_range(start + PAGE_SIZE, start + 2 * PAGE_SIZE,
				     page_to_phys(pages[0]), PAGE_KERNEL),
		     0);
	expect_equal(vmap_pages_range(start, end, PAGE_KERNEL, pages, PAGE_SHIFT), -EBUSY);
	expect(!vmalloc_to_page(vm->addr));
	expect_equal((uintptr_t)vmalloc_to_page((char *)vm->addr + PAGE_SIZE), (uintptr_t)pages[0]);
	vunmap_range(start, end);
	expect_equal(vmap_pages_range(start, end, PAGE_KERNEL, pages, PAGE_SHIFT), 0);
	for (unsigned int i = 0; i < NR; i++)
		expect_equal((uintptr_t)vmalloc_to_page((char *)vm->addr + i * PAGE_SIZE),
			     (uintptr_t)pages[i]);
	expect_equal(vmap_pages_range(end, start, PAGE_KERNEL, pages, PAGE_SHIFT), -EINVAL);
	vunmap_range(start, end);
	free_vm_area(vm);
	free_pages_bulk(NR, pages);
}

/* The first frame comes last: two runs, and the second one reaches into the next table. */
TEST(vmap, across_tables, "an area of two runs that lies in two tables shows its frames in order")
{
	enum { LENGTH = 8, TRIES = 5 * 512 / LENGTH };
	struct page *block = alloc_pages(GFP_KERNEL, 3), *pages[LENGTH];
	static char *areas[TRIES];
	unsigned int nr = 0, across = 0;

	require(block);
	for (unsigned int i = 0; i < LENGTH; i++)
		pages[i] = block + (i + LENGTH - 1) % LENGTH;
	while (nr < TRIES && !across) {
		char *p = vmap(pages, LENGTH, VM_MAP, PAGE_KERNEL);

		require(p);
		areas[nr++] = p;
		across = ((uintptr_t)p + PAGE_SIZE) / PMD_SIZE !=
			 ((uintptr_t)p + (LENGTH - 1) * PAGE_SIZE) / PMD_SIZE;
		for (unsigned int i = 0; i < LENGTH; i++)
			expect(vmalloc_to_page(p + i * PAGE_SIZE) == pages[i]);
		expect(!vmalloc_to_page(p - PAGE_SIZE));
	}
	while (nr > 0)
		vunmap(areas[--nr]);
	__free_pages(block, 3);
	if (!across)
		test_skip("no area came to lie in two tables");
}
