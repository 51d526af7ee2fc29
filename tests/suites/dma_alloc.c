/* SPDX-License-Identifier: BSD-2-Clause */
#include "dma_alloc.h"
#include "plain.h"
#include "scratch.h"
#include "test.h"
#include "vmalloc.h"
#include "words.h"

/* Contiguous frames that are mapped uncached. */

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

TEST(dma_alloc, frames, "each page of the area is a frame of its own, in a row, and in use")
{
	for (size_t nr = 1; nr <= 4; nr++) {
		dma_addr_t dma;
		char *p = dma_alloc_coherent(NULL, nr * PAGE_SIZE, &dma, GFP_KERNEL);

		require(p);
		for (size_t i = 0; i < nr; i++) {
			expect_equal(vmalloc_to_pfn(p + i * PAGE_SIZE), (dma >> PAGE_SHIFT) + i);
			expect_equal(page_count(pfn_to_page((dma >> PAGE_SHIFT) + i)), 1);
		}
		dma_free_coherent(NULL, nr * PAGE_SIZE, p, dma);
		for (size_t i = 0; i < nr; i++)
			expect_equal(page_count(pfn_to_page((dma >> PAGE_SHIFT) + i)), 0);
	}
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
