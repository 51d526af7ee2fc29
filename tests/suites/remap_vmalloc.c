/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/errno.h"
#include "map.h"
#include "space.h"
#include "test.h"
#include "vm_area.h"
#include "vmalloc.h"
#include "walk.h"

/* Edges of the calls that map parts of areas: what is just right, and what is one page too much. */

static struct space other;
static struct vm_area_struct vma = {.space = &other};

/* A second space, with a VMA of four pages where it may have some. */
static bool create(void)
{
	if (space_create(&other) != 0)
		return false;
	vma.vm_start = space_user_start(&other);
	vma.vm_end = vma.vm_start + 4 * PAGE_SIZE;
	return true;
}

/* At `offset` bytes in the VMA. */
static int remap(long offset, void *kaddr, unsigned long pgoff, unsigned long size)
{
	return remap_vmalloc_range_partial(&vma, vma.vm_start + (unsigned long)offset, kaddr, pgoff,
					   size);
}

TEST(remap_vmalloc, edges, "only whole pages that area and VMA have are mapped, and no others")
{
	char *p = vmalloc_user(4 * PAGE_SIZE);
	struct vm_struct *by_hand = get_vm_area(PAGE_SIZE, VM_USERMAP);
	struct vm_area_struct nowhere, wide, later;

	require(p && by_hand && create());
	nowhere = wide = vma;
	nowhere.space = NULL;
	later = vma;
	later.vm_start += PAGE_SIZE;
	expect_equal(remap_vmalloc_range_partial(&later, vma.vm_start, p, 0, PAGE_SIZE), -EINVAL);
	wide.vm_end = ~0ul & PAGE_MASK;
	expect_equal(remap(0, p, 0, 0), -EINVAL);
	expect_equal(remap(1, p, 0, PAGE_SIZE), -EINVAL);
	expect_equal(remap(0, p, 0, PAGE_SIZE + 1), -EINVAL);
	expect_equal(remap(0, p + 1, 0, PAGE_SIZE), -EINVAL);
	expect_equal(remap(-(long)PAGE_SIZE, p, 0, PAGE_SIZE), -EINVAL);
	expect_equal(remap(4 * PAGE_SIZE, p, 0, PAGE_SIZE), -EINVAL);
	expect_equal(remap(3 * PAGE_SIZE, p, 0, 2 * PAGE_SIZE), -EINVAL);
	expect_equal(remap(0, p, 0, -PAGE_SIZE), -EINVAL);
	expect_equal(remap(0, p, 4, PAGE_SIZE), -EINVAL);
	expect_equal(remap(0, p, ~0ul, 2 * PAGE_SIZE), -EINVAL);
	expect_equal(remap(0, p + 4 * PAGE_SIZE, 0, PAGE_SIZE), -EINVAL);
	expect_equal(remap(0, p, 5, PAGE_SIZE), -EINVAL);
	expect_equal(remap(0, by_hand->addr, 0, PAGE_SIZE), -EINVAL);
	expect_equal(remap_vmalloc_range_partial(&nowhere, vma.vm_start, p, 0, PAGE_SIZE), -EINVAL);
	expect_equal(remap_vmalloc_range_partial(&wide, 1ul << 63, p, 0, PAGE_SIZE), -EINVAL);
	expect_equal(remap_vmalloc_range_partial(&wide, -PUD_SIZE, p, 0, PAGE_SIZE), -EINVAL);
	expect_equal(remap(0, (void *)(VMALLOC_END - PAGE_SIZE), 0, PAGE_SIZE), -EINVAL);
	expect_equal(unmap_range(&other, vma.vm_start, 4 * PAGE_SIZE), 0);
	expect_equal(remap(3 * PAGE_SIZE, p, 3, PAGE_SIZE), 0);
	expect_equal(remap(0, p, 0, 3 * PAGE_SIZE), 0);
	expect_equal(unmap_range(&other, vma.vm_start, 4 * PAGE_SIZE), 4);
	expect_equal(space_destroy(&other), 0);
	free_vm_area(by_hand);
	vfree(p);
}

TEST(remap_vmalloc, inner, "an address inside of an area counts from there")
{
	char *p = vmalloc_user(4 * PAGE_SIZE);
	struct leaf leaf = {0};

	require(p && create());
	expect_equal(remap(0, p + PAGE_SIZE, 1, 2 * PAGE_SIZE), 0);
	expect(walk_lookup(&other, vma.vm_start, &leaf));
	expect_equal(leaf.phys >> PAGE_SHIFT, vmalloc_to_pfn(p + 2 * PAGE_SIZE));
	expect(walk_lookup(&other, vma.vm_start + PAGE_SIZE, &leaf));
	expect_equal(leaf.phys >> PAGE_SHIFT, vmalloc_to_pfn(p + 3 * PAGE_SIZE));
	expect_equal(unmap_range(&other, vma.vm_start, 4 * PAGE_SIZE), 2);
	expect_equal(remap(0, p + PAGE_SIZE, 2, 2 * PAGE_SIZE), -EINVAL);
	expect_equal(space_destroy(&other), 0);
	vfree(p);
}

TEST(vm_sparse, edges, "parts are whole pages of the area, at least one, and not the guard")
{
	struct vm_struct *sparse = get_vm_area(4 * PAGE_SIZE, VM_SPARSE);
	struct vm_struct *plain = get_vm_area(4 * PAGE_SIZE, VM_MAP);
	struct page *pages[5] = {alloc_page(GFP_KERNEL)};
	unsigned long start;

	require(sparse && plain && pages[0]);
	for (unsigned int i = 1; i < 5; i++)
		pages[i] = pages[0];
	start = (unsigned long)(uintptr_t)sparse->addr;
	expect_equal(vm_area_map_pages(sparse, start, start, pages), -EINVAL);
	expect_equal(vm_area_map_pages(sparse, start + PAGE_SIZE, start, pages), -EINVAL);
	expect_equal(vm_area_map_pages(sparse, start + 1, start + PAGE_SIZE, pages), -EINVAL);
	expect_equal(vm_area_map_pages(sparse, start, start + PAGE_SIZE - 1, pages), -EINVAL);
	expect_equal(vm_area_map_pages(sparse, start - PAGE_SIZE, start + PAGE_SIZE, pages),
		     -ERANGE);
	expect_equal(vm_area_map_pages(sparse, start, start + 5 * PAGE_SIZE, pages), -ERANGE);
	expect_equal(vm_area_map_pages(plain, (uintptr_t)plain->addr,
				       (uintptr_t)plain->addr + PAGE_SIZE, pages),
		     -EINVAL);
	expect_equal(vm_area_map_pages(sparse, start, start + 4 * PAGE_SIZE, pages), 0);
	expect_equal(vm_area_unmap_pages(sparse, start, start), -EINVAL);
	expect_equal(vm_area_unmap_pages(sparse, start, start + 5 * PAGE_SIZE), -ERANGE);
	expect(vmalloc_to_page(sparse->addr) == pages[0]);
	expect_equal(vm_area_unmap_pages(sparse, start, start + 4 * PAGE_SIZE), 0);
	expect(!vmalloc_to_page(sparse->addr));
	free_vm_area(sparse);
	free_vm_area(plain);
	__free_page(pages[0]);
}

TEST(vmap_range, empty, "a range that ends where it begins, or before, is refused")
{
	struct vm_struct *area = get_vm_area(2 * PAGE_SIZE, VM_MAP);
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned long at;

	require(area && page);
	at = (unsigned long)(uintptr_t)area->addr;
	expect_equal(vmap_pages_range(at, at, PAGE_KERNEL, &page, PAGE_SHIFT), -EINVAL);
	expect_equal(vmap_pages_range(at + PAGE_SIZE, at, PAGE_KERNEL, &page, PAGE_SHIFT), -EINVAL);
	expect_equal(vmap_page_range(at, at, page_to_phys(page), PAGE_KERNEL), -EINVAL);
	expect_equal(vmap_page_range(at + PAGE_SIZE, at, page_to_phys(page), PAGE_KERNEL), -EINVAL);
	expect(!vmalloc_to_page(area->addr));
	vunmap_range(at, at);
	free_vm_area(area);
	__free_page(page);
}
