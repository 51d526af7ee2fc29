/* SPDX-License-Identifier: BSD-2-Clause */
#include "layout.h"
#include "test.h"
#include "vmalloc.h"

/*
 * What must fault: every access here is really made, the fault is taken, and counts only when its
 * address, its instruction and its kind are the expected ones.
 */

TEST_FLAGS(guard, behind, "reading and writing behind an area's end faults", TEST_SMOKE)
{
	char *p = vmalloc(3 * PAGE_SIZE);

	require(p);
	p[3 * PAGE_SIZE - 1] = 1;
	expect_fault_read(p + 3 * PAGE_SIZE);
	expect_fault_write(p + 3 * PAGE_SIZE);
	expect_fault_write(p + 3 * PAGE_SIZE + 4000);
	vfree(p);
}

TEST_FLAGS(guard, before, "reading and writing before an area's start faults", TEST_SMOKE)
{
	char *p = vmalloc(2 * PAGE_SIZE);

	require(p);
	p[0] = 1;
	expect_fault_read(p - 1);
	expect_fault_write(p - 1);
	expect_fault_write(p - PAGE_SIZE);
	vfree(p);
}

TEST(guard, between, "the gap between two neighbours faults from both sides")
{
	char *first = vmalloc(PAGE_SIZE), *second = vmalloc(PAGE_SIZE);

	require(first && second);
	expect_fault_write(first + PAGE_SIZE);
	expect_fault_write(second - 1);
	expect_fault_write(second + PAGE_SIZE);
	vfree(first);
	vfree(second);
}

TEST_FLAGS(guard, after_free, "an area faults after vfree and purge", TEST_SMOKE)
{
	char *p = vmalloc(2 * PAGE_SIZE);

	require(p);
	p[0] = p[PAGE_SIZE] = 1;
	vfree(p);
	vm_unmap_aliases();
	expect_fault_read(p);
	expect_fault_write(p + PAGE_SIZE);
}

TEST(guard, after_unmap, "an alias faults after vunmap and purge, its frame does not")
{
	struct page *page = alloc_page(GFP_KERNEL);
	char *p;

	require(page);
	p = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	require(p);
	*p = 1;
	vunmap(p);
	vm_unmap_aliases();
	expect_fault_read(p);
	*(char *)page_address(page) = 2;
	__free_page(page);
}

TEST(guard, reserved, "address space without frames faults")
{
	struct vm_struct *vm = get_vm_area(PAGE_SIZE, VM_MAP);

	require(vm);
	expect_fault_read(vm->addr);
	free_vm_area(vm);
}

TEST(guard, region, "the first and the last page of the region fault")
{
	expect_fault_read(VMALLOC_START);
	expect_fault_read(VMALLOC_END - 1);
}

TEST(guard, read_only, "read-only memory can be read and not written")
{
	char *p = __vmalloc_node_range(PAGE_SIZE, 1, VMALLOC_START, VMALLOC_END,
				       GFP_KERNEL | __GFP_ZERO, PAGE_KERNEL_RO, 0, NUMA_NO_NODE,
				       __builtin_return_address(0));

	require(p);
	expect_equal(*p, 0);
	expect_fault_write(p);
	vfree(p);
}

TEST_FLAGS(guard, execute_data, "executing vmalloc's memory faults", TEST_SMOKE)
{
	unsigned char *p = vmalloc(PAGE_SIZE);

	require(p);
	*p = 0xc3; /* RET: executed, it would return and the expectation would fail */
	expect_fault_fetch(p);
	vfree(p);
}

TEST(guard, execute_direct_map, "executing the direct map faults")
{
	struct page *page = alloc_page(GFP_KERNEL);

	require(page);
	*(unsigned char *)page_address(page) = 0xc3;
	expect_fault_fetch(page_address(page));
	__free_page(page);
}

TEST(guard, null, "NULL and what lies near it faults")
{
	expect_fault_read(0);
	expect_fault_write(0x18);
}

static void some_function(void)
{
}

TEST(guard, text, "writing to text faults")
{
	if (test_on_host())
		test_skip("a process's text is the host's, not simulated");
	expect_fault_write((uintptr_t)some_function);
}

static unsigned char data[16];

TEST(guard, execute_image_data, "executing the image's data faults")
{
	if (test_on_host())
		test_skip("a process's data is the host's, not simulated");
	data[0] = 0xc3;
	expect_fault_fetch(data);
}
