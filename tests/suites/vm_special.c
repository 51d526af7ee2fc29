/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/errno.h"
#include "map.h"
#include "scratch.h"
#include "set_memory.h"
#include "test.h"
#include "tlb.h"
#include "vmalloc.h"
#include "walk.h"

/* Areas of special kinds: foreign frames, sparse, with permissions, shared with users. */

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
