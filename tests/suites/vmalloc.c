/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmalloc.h"
#include "dma_alloc.h"
#include "page_alloc.h"
#include "plain.h"
#include "test.h"
#include "words.h"

/* Allocation and freeing: each call of the family does what the contract says of it. */

TEST_FLAGS(vmalloc, one, "one page is mapped, writable, and gone after vfree", TEST_SMOKE)
{
	char *p = vmalloc(1);

	require(p);
	expect_equal((uintptr_t)p & ~PAGE_MASK, 0);
	expect(is_vmalloc_addr(p));
	p[0] = 1;
	p[PAGE_SIZE - 1] = 2;
	expect_equal(p[0] + p[PAGE_SIZE - 1], 3);
	vfree(p);
	vm_unmap_aliases();
	expect(!vmalloc_to_page(p));
}

TEST_FLAGS(vmalloc, sizes, "areas of 1 to 300 pages keep their contents", TEST_SMOKE)
{
	static const unsigned short pages[] = {1, 2, 3, 16, 100, 128, 129, 300};
	enum { NR = sizeof(pages) / sizeof(pages[0]) };
	char *areas[NR];

	for (unsigned int i = 0; i < NR; i++) {
		areas[i] = vmalloc(pages[i] * PAGE_SIZE);
		require(areas[i]);
		pattern_fill(areas[i], pages[i] * PAGE_SIZE, i + 1);
	}
	for (unsigned int i = 0; i < NR; i++) {
		expect(pattern_holds(areas[i], pages[i] * PAGE_SIZE, i + 1));
		vfree(areas[i]);
	}
}

TEST(vmalloc, zeroed, "vzalloc's memory is zero even where the frames were used before")
{
	char *p = vmalloc(20 * PAGE_SIZE);

	require(p);
	memset(p, 0xa5, 20 * PAGE_SIZE);
	vfree(p);
	p = vzalloc(20 * PAGE_SIZE);
	require(p);
	expect(all_zero(p, 20 * PAGE_SIZE));
	vfree(p);
}

TEST(vmalloc, refused_sizes, "size 0, and more than there is, are refused")
{
	expect(!vmalloc(0));
	expect(!vzalloc(0));
	expect(!__vmalloc(~0ul, GFP_KERNEL | __GFP_NOWARN));
	expect(!__vmalloc((totalram_pages() + 1) * PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN));
	expect(!__vmalloc(1, (gfp_t)1 << 31));
}

TEST(vmalloc, exec_refused, "writable and executable memory is refused")
{
	expect(!__vmalloc_node_range(PAGE_SIZE, 1, VMALLOC_START, VMALLOC_END, GFP_KERNEL,
				     PAGE_KERNEL_EXEC, 0, NUMA_NO_NODE, NULL));
}

TEST(vmalloc, arrays, "products that overflow are NULL, others are as large as asked")
{
	char *p = vcalloc(1000, 10);

	expect(!vmalloc_array((size_t)1 << 33, (size_t)1 << 33));
	expect(!__vmalloc_array(SIZE_MAX, 2, GFP_KERNEL));
	expect(!vcalloc(SIZE_MAX / 2, 3));
	expect(!__vcalloc(SIZE_MAX / 2, 3, GFP_KERNEL));
	require(p);
	expect(all_zero(p, 10000));
	expect_equal(get_vm_area_size(find_vm_area(p)), 3 * PAGE_SIZE);
	vfree(p);
	p = vmalloc_array(3, PAGE_SIZE);
	expect_equal(get_vm_area_size(find_vm_area(p)), 3 * PAGE_SIZE);
	vfree(p);
}

TEST(vmalloc, low_frames, "vmalloc_32 gives frames below 4 GiB")
{
	char *p = vmalloc_32(10 * PAGE_SIZE);

	require(p);
	for (unsigned int i = 0; i < 10; i++)
		expect_below(vmalloc_to_pfn(p + i * PAGE_SIZE), (uint64_t)1 << (32 - PAGE_SHIFT));
	vfree(p);
}

TEST(vmalloc, user, "vmalloc_user and vmalloc_32_user are cleared and VM_USERMAP")
{
	char *p = vmalloc_user(3 * PAGE_SIZE), *low = vmalloc_32_user(3 * PAGE_SIZE);

	require(p && low);
	expect(all_zero(p, 3 * PAGE_SIZE) && all_zero(low, 3 * PAGE_SIZE));
	expect(find_vm_area(p)->flags & VM_USERMAP);
	expect(find_vm_area(low)->flags & VM_USERMAP);
	expect_below(vmalloc_to_pfn(low), (uint64_t)1 << (32 - PAGE_SHIFT));
	vfree(p);
	vfree(low);
}

TEST(vmalloc, node, "memory of a node comes from it, a node that there is not is refused")
{
	for (int node = 0; node < (int)nr_online_nodes(); node++) {
		char *p = vmalloc_node(3 * PAGE_SIZE, node), *z = vzalloc_node(PAGE_SIZE, node);

		require(p && z);
		expect_equal(page_to_nid(vmalloc_to_page(p)), node);
		expect_equal(page_to_nid(vmalloc_to_page(z)), node);
		expect(all_zero(z, PAGE_SIZE));
		vfree(p);
		vfree(z);
	}
	expect(!vmalloc_node(PAGE_SIZE, (int)nr_online_nodes()));
	expect(!vmalloc_node(PAGE_SIZE, NUMA_NO_NODE - 1));
	vfree(vmalloc(PAGE_SIZE));
	vm_unmap_aliases(); /* so that the short cut could serve it */
	expect(!vmalloc_node(PAGE_SIZE, NUMA_NO_NODE - 1));
	expect(!alloc_pages_node(NUMA_NO_NODE - 1, GFP_KERNEL, 0));
	expect(!alloc_pages_node(NUMA_NO_NODE - 1, GFP_KERNEL, 1));
}

static char *alloc_flags(unsigned long flags)
{
	return __vmalloc_node_range(2 * PAGE_SIZE, 1, VMALLOC_START, VMALLOC_END,
				    GFP_KERNEL | __GFP_ZERO, PAGE_KERNEL, flags, NUMA_NO_NODE,
				    NULL);
}

TEST(vmalloc, flags, "flags of other kinds of areas are refused, those that are taken do no harm")
{
	const unsigned long wrong[] = {VM_IOREMAP, VM_MAP_PUT_PAGES, VM_SPARSE},
			    right[] = {VM_MAP, VM_USERMAP, VM_DMA_COHERENT, VM_UNINITIALIZED};
	unsigned long pages = vmalloc_nr_pages();
	char read[8];

	for (unsigned int i = 0; i < 3; i++)
		expect(!alloc_flags(wrong[i]));
	for (unsigned int bit = 13; bit < 64; bit++)
		expect(!alloc_flags(1ul << bit));
	for (unsigned int i = 0; i < 4; i++) {
		char *p = alloc_flags(right[i]);

		require(p);
		memset(p, 5, 8);
		expect_equal(vread(read, p, 8), 8);
		expect_equal(read[7], 5);
		vunmap(p);
		dma_free_coherent(NULL, 2 * PAGE_SIZE, p, 0);
		expect(find_vm_area(p));
		vfree(p);
		expect_equal(vmalloc_nr_pages(), pages);
	}
}

PLAIN_TEST(vmalloc, descriptor, "an area's descriptor says address, size, flags, pages and caller")
{
	char *p = vmalloc(2 * PAGE_SIZE + 1);
	struct vm_struct *vm = find_vm_area(p + 5000);

	require(p && vm);
	expect_equal((uintptr_t)vm->addr, (uintptr_t)p);
	expect_equal(vm->size, 4 * PAGE_SIZE);
	expect_equal(get_vm_area_size(vm), 3 * PAGE_SIZE);
	expect_equal(vm->flags, VM_ALLOC);
	expect_equal(vm->nr_pages, 3);
	expect(vm->caller != NULL);
	for (unsigned int i = 0; i < 3; i++) {
		expect_equal((uintptr_t)vmalloc_to_page(p + i * PAGE_SIZE + i),
			     (uintptr_t)vm->pages[i]);
		expect_equal(vmalloc_to_pfn(p + i * PAGE_SIZE), page_to_pfn(vm->pages[i]));
	}
	expect_equal((uintptr_t)find_vmap_area((uintptr_t)p)->vm, (uintptr_t)vm);
	vfree(p);
	expect(!find_vm_area(p));
}

TEST(vmalloc, counts, "vmalloc_nr_pages counts what vmalloc holds")
{
	unsigned long before = vmalloc_nr_pages();
	void *p = vmalloc(7 * PAGE_SIZE);

	expect_equal(vmalloc_nr_pages(), before + 7);
	vfree(p);
	expect_equal(vmalloc_nr_pages(), before);
}

TEST(vmalloc, null, "vfree(NULL) is nothing")
{
	uint64_t before, after, pages;

	vmalloc_get_usage(&before, &pages);
	vfree(NULL);
	vfree_atomic(NULL);
	vunmap(NULL);
	vmalloc_get_usage(&after, &pages);
	expect_equal(after, before);
}

/* Whether vfree() leaves the three pages at `p` alone when it is given `address`. */
static bool refuses(char *p, const void *address)
{
	vfree(address);
	vfree_atomic(address);
	return find_vm_area(p) && pattern_holds(p, 3 * PAGE_SIZE, 3);
}

TEST(vmalloc, exact_start, "vfree of anything but an area's start is refused and frees nothing")
{
	char *p = vmalloc(3 * PAGE_SIZE);
	char local;

	require(p);
	pattern_fill(p, 3 * PAGE_SIZE, 3);
	expect(refuses(p, p + PAGE_SIZE));
	expect(refuses(p, p + 1));
	expect(refuses(p, p - PAGE_SIZE));
	expect(refuses(p, p + 3 * PAGE_SIZE));
	expect(refuses(p, page_address(vmalloc_to_page(p))));
	expect(refuses(p, &local));
	expect(refuses(p, (void *)(uintptr_t)0x1000));
	expect(refuses(p, (void *)VMALLOC_START));
	expect(refuses(p, (void *)(VMALLOC_END - PAGE_SIZE)));
	vfree(p);
}

PLAIN_TEST(vmalloc, double_free, "freeing twice is refused, before and after a purge")
{
	struct mm_usage before, after;
	char *p;

	mm_quiesce();
	mm_get_usage(&before);
	p = vmalloc(3 * PAGE_SIZE);
	require(p);
	vfree(p);
	vfree(p);
	vm_unmap_aliases();
	vfree(p);
	mm_quiesce();
	mm_get_usage(&after);
	expect_equal(after.free_frames, before.free_frames);
	expect_equal(after.areas, before.areas);
}

TEST(vmalloc, atomic_free, "vfree_atomic frees at the next chance, and takes no second time")
{
	char *p = vmalloc(2 * PAGE_SIZE);

	require(p);
	vfree_atomic(p);
	expect(!find_vm_area(p));
	vfree_atomic(p);
	vm_unmap_aliases();
	expect(!vmalloc_to_page(p));
}

TEST(vmalloc, atomic_free_unwritten, "vfree_atomic writes nothing into the memory that it frees")
{
	char *p = vmalloc(PAGE_SIZE);
	struct page *page;

	require(p);
	page = vmalloc_to_page(p);
	get_page(page);
	pattern_fill(p, PAGE_SIZE, 3);
	vfree_atomic(p);
	expect(pattern_holds(page_address(page), PAGE_SIZE, 3));
	put_page(page);
	vm_unmap_aliases();
}

TEST(vmalloc, flags_not_waiting, "GFP_ATOMIC and GFP_NOWAIT allocate")
{
	void *atomic = __vmalloc(5 * PAGE_SIZE, GFP_ATOMIC);
	void *nowait = __vmalloc(5 * PAGE_SIZE, GFP_NOWAIT);

	expect(atomic && nowait);
	vfree(atomic);
	vfree(nowait);
}

TEST(vmalloc, distinct, "areas that live at the same time share no frame")
{
	enum { NR = 50 };
	uint64_t *areas[NR];

	for (unsigned int i = 0; i < NR; i++) {
		areas[i] = vmalloc((i % 5 + 1) * PAGE_SIZE);
		require(areas[i]);
		pattern_fill(areas[i], (i % 5 + 1) * PAGE_SIZE, i);
	}
	for (unsigned int i = 0; i < NR; i++)
		expect(pattern_holds(areas[i], (i % 5 + 1) * PAGE_SIZE, i));
	for (unsigned int i = 0; i < NR; i++)
		vfree(areas[(i * 7) % NR]);
}

TEST(vmalloc, is_vmalloc_addr, "the region is [VMALLOC_START, VMALLOC_END)")
{
	expect(is_vmalloc_addr((void *)VMALLOC_START));
	expect(!is_vmalloc_addr((void *)(VMALLOC_START - 1)));
	expect(is_vmalloc_addr((void *)(VMALLOC_END - 1)));
	expect(!is_vmalloc_addr((void *)VMALLOC_END));
}

TEST(vmalloc, callers, "an area's caller is told as well where its range was used before")
{
	for (size_t nr = 1; nr <= 3; nr++) {
		const void *caller = NULL;

		for (unsigned int i = 0; i < 4; i++) {
			void *p = vmalloc(nr * PAGE_SIZE - 8);

			require(p);
			expect(find_vm_area(p)->caller &&
			       (!caller || find_vm_area(p)->caller == caller));
			caller = find_vm_area(p)->caller;
			vfree(p);
			vm_unmap_aliases();
		}
	}
}

TEST(vmalloc, __vcalloc, "__vcalloc gives n times size bytes of zeros, and NULL on overflow")
{
	char *p = __vcalloc(3, PAGE_SIZE + 1, GFP_KERNEL);

	require(p);
	expect_equal(get_vm_area_size(find_vm_area(p)), 4 * PAGE_SIZE);
	expect(all_zero(p, 3 * PAGE_SIZE + 3));
	vfree(p);
	expect(!__vcalloc(~(size_t)0 / 2, 3, GFP_KERNEL));
}

TEST(vmalloc, __vmalloc_array, "__vmalloc_array gives n times size bytes, and NULL on overflow")
{
	char *p = __vmalloc_array(3, PAGE_SIZE, GFP_KERNEL | __GFP_ZERO);

	require(p);
	expect(all_zero(p, 3 * PAGE_SIZE));
	expect_equal(get_vm_area_size(find_vm_area(p)), 3 * PAGE_SIZE);
	vfree(p);
	expect(!__vmalloc_array(~(size_t)0 / 2, 3, GFP_KERNEL));
}

TEST(vmalloc, kept_frames, "what a freed area had stays with the CPU, as long as there is room")
{
	struct page_alloc_stats before, after;

	drain_all_pages();
	vfree(vmalloc(3 * PAGE_SIZE));
	page_alloc_get_stats(&before);
	for (unsigned int i = 0; i < 10; i++)
		vfree(vmalloc(3 * PAGE_SIZE));
	page_alloc_get_stats(&after);
	expect_equal(after.drains, before.drains);
}
