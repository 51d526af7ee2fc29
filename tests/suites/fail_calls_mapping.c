/* SPDX-License-Identifier: BSD-2-Clause */
#include "dma_alloc.h"
#include "fail_walk.h"
#include "ioremap.h"
#include "map.h"
#include "percpu_alloc.h"
#include "reclaim.h"
#include "scratch.h"
#include "slab.h"
#include "test.h"
#include "vm_map_ram.h"
#include "vmalloc.h"

/* The calls of fail_walk.c: what maps what is there, and areas of special kinds. */

TRY(vmap, vmap(fail_pages, FAIL_PAGES, VM_MAP, PAGE_KERNEL), vunmap(p))
TRY(vm_map_ram, vm_map_ram(fail_pages, 5, NUMA_NO_NODE), vm_unmap_ram(p, 5))
TRY(vm_map_ram_large, vm_map_ram(fail_pages, 100, NUMA_NO_NODE), vm_unmap_ram(p, 100))
TRY(get_vm_area, get_vm_area(5 * PAGE_SIZE, VM_MAP), free_vm_area(p))
TRY(get_vm_area_caller, get_vm_area_caller(5 * PAGE_SIZE, VM_IOREMAP, NULL), free_vm_area(p))
TRY(__get_vm_area_caller,
    __get_vm_area_caller(5 * PAGE_SIZE, VM_MAP, VMALLOC_START, VMALLOC_END, NULL), free_vm_area(p))

/* Above all memory, or where every PC has its devices; nobody looks at it. */
static phys_addr_t device(void)
{
	phys_addr_t phys = scratch_above_memory();

	return phys ? phys : 0xf0000000;
}

static unsigned long *device_frames(void)
{
	static unsigned long frames[600];

	for (unsigned int i = 0; i < 600; i++)
		frames[i] = (device() >> PAGE_SHIFT) + 2ul * i;
	return frames;
}

#define DEVICE_BYTES (PMD_SIZE + PAGE_SIZE)

TRY(vmap_pfn, vmap_pfn(device_frames(), 600, PAGE_KERNEL), vunmap(p))
TRY(ioremap, ioremap(device(), DEVICE_BYTES), iounmap(p))
TRY(ioremap_uc, ioremap_uc(device(), DEVICE_BYTES), iounmap(p))
TRY(ioremap_wc, ioremap_wc(device(), DEVICE_BYTES), iounmap(p))
TRY(ioremap_wt, ioremap_wt(device(), DEVICE_BYTES), iounmap(p))
TRY(ioremap_cache, ioremap_cache(device(), DEVICE_BYTES), iounmap(p))
TRY(memremap, memremap(device(), DEVICE_BYTES, MEMREMAP_WB), memunmap(p))

/* With VM_MAP_PUT_PAGES pages and array go to vfree(), or stay the caller's. */
static bool try_vmap_put_pages(void)
{
	struct page **pages = kvmalloc_array(3, sizeof(struct page *), GFP_QUIET | __GFP_ZERO);
	void *p = NULL;

	if (!pages)
		return false;
	if (alloc_pages_bulk_array(GFP_QUIET, 3, pages) == 3)
		p = vmap(pages, 3, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (p) {
		vfree(p);
		return true;
	}
	free_pages_bulk(3, pages);
	kvfree(pages);
	return false;
}

/* Maps all of an area of its own; a failure maps nothing of it. */
static bool in_area(unsigned long flags,
		    int (*fill)(struct vm_struct *area, unsigned long start, unsigned long end))
{
	struct vm_struct *area = get_vm_area(FAIL_PAGES * PAGE_SIZE, flags);
	unsigned long start;
	bool done;

	if (!area)
		return false;
	start = (unsigned long)(uintptr_t)area->addr;
	done = !fill(area, start, start + FAIL_PAGES * PAGE_SIZE);
	expect_equal(vmalloc_to_pfn(area->addr) != 0, done);
	if (done)
		vunmap_range(start, start + FAIL_PAGES * PAGE_SIZE);
	free_vm_area(area);
	return done;
}

static int fill_sparse(struct vm_struct *area, unsigned long start, unsigned long end)
{
	return vm_area_map_pages(area, start, end, fail_pages);
}

static int fill_pages(struct vm_struct *area, unsigned long start, unsigned long end)
{
	(void)area;
	return vmap_pages_range(start, end, PAGE_KERNEL, fail_pages, PAGE_SHIFT);
}

static int fill_range(struct vm_struct *area, unsigned long start, unsigned long end)
{
	(void)area;
	return vmap_page_range(start, end, device() + PAGE_SIZE, PAGE_KERNEL);
}

static bool try_vm_area_map_pages(void)
{
	return in_area(VM_SPARSE, fill_sparse);
}

static bool try_vmap_pages_range(void)
{
	return in_area(VM_MAP, fill_pages);
}

static bool try_vmap_page_range(void)
{
	return in_area(VM_MAP, fill_range);
}

/* The descriptor that it gives is an object of its own; without one the area stays. */
static bool try_remove_vm_area(void)
{
	struct vm_struct *area = get_vm_area(5 * PAGE_SIZE, VM_MAP), *removed;
	void *addr;

	if (!area)
		return false;
	addr = area->addr;
	removed = remove_vm_area(addr);
	expect_equal(find_vm_area(addr) == NULL, removed != NULL);
	if (!removed)
		free_vm_area(area);
	kfree(removed);
	return removed;
}

const struct fail_call fail_calls_mapping[] = {
	CALL_SURVIVES(vmap),	  CALL(vmap_put_pages),
	CALL(vmap_pfn),		  CALL(vm_map_ram),
	CALL(vm_map_ram_large),	  CALL(ioremap),
	CALL(ioremap_uc),	  CALL(ioremap_wc),
	CALL(ioremap_wt),	  CALL(ioremap_cache),
	CALL(memremap),		  CALL(get_vm_area),
	CALL(get_vm_area_caller), CALL(__get_vm_area_caller),
	CALL(remove_vm_area),	  CALL(vm_area_map_pages),
	CALL(vmap_pages_range),	  CALL(vmap_page_range),
};
const size_t nr_fail_calls_mapping = sizeof(fail_calls_mapping) / sizeof(fail_calls_mapping[0]);

static bool try_remap_vmalloc_range(void)
{
	unsigned long start = space_user_start(&fail_space);
	struct vm_area_struct vma = {
		.space = &fail_space, .vm_start = start, .vm_end = start + 4 * PAGE_SIZE};
	bool done = !remap_vmalloc_range(&vma, fail_user, 0);

	expect_equal(unmap_range(&fail_space, start, 4 * PAGE_SIZE), done ? 4 : 0);
	reclaim_tables(&fail_space, start, start + 4 * PAGE_SIZE);
	return done;
}

static bool try_remap_vmalloc_range_partial(void)
{
	unsigned long start = space_user_start(&fail_space);
	struct vm_area_struct vma = {
		.space = &fail_space, .vm_start = start, .vm_end = start + 4 * PAGE_SIZE};
	bool done = !remap_vmalloc_range_partial(&vma, start + PAGE_SIZE, fail_user, 1, PAGE_SIZE);

	expect_equal(unmap_range(&fail_space, start, 4 * PAGE_SIZE), done);
	reclaim_tables(&fail_space, start, start + 4 * PAGE_SIZE);
	return done;
}

static const unsigned long offsets[] = {0, 64 * PAGE_SIZE};
static const size_t sizes[] = {4 * PAGE_SIZE, 8 * PAGE_SIZE};

TRY(pcpu_get_vm_areas, pcpu_get_vm_areas(offsets, sizes, 2, PAGE_SIZE), pcpu_free_vm_areas(p, 2))
TRY(__alloc_percpu, __alloc_percpu(100, 8), free_percpu(p))
TRY(alloc_percpu, alloc_percpu(uint64_t), free_percpu(p))

static bool try_dma_alloc_coherent(void)
{
	dma_addr_t dma = 0x4711;
	void *p = dma_alloc_coherent(NULL, 3 * PAGE_SIZE, &dma, GFP_QUIET);

	if (!p) {
		expect_equal(dma, 0x4711);
		return false;
	}
	dma_free_coherent(NULL, 3 * PAGE_SIZE, p, dma);
	return true;
}

const struct fail_call fail_calls_special[] = {
	CALL(remap_vmalloc_range), CALL(remap_vmalloc_range_partial),
	CALL(pcpu_get_vm_areas),   CALL(__alloc_percpu),
	CALL(alloc_percpu),	   CALL(dma_alloc_coherent),
};
const size_t nr_fail_calls_special = sizeof(fail_calls_special) / sizeof(fail_calls_special[0]);
