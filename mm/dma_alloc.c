/* SPDX-License-Identifier: BSD-2-Clause */
#include "dma_alloc.h"
#include "vm_area.h"

static struct page *get_frames(size_t nr, gfp_t gfp)
{
	if (nr > 1)
		return alloc_contig_pages(nr, gfp, NUMA_NO_NODE, NULL);
	return alloc_page(gfp);
}

static struct area *map(const struct vm_request *request, struct page *page)
{
	struct area *area = vm_reserve(request);

	if (!area)
		return NULL;
	area->vm.phys_addr = page_to_phys(page);
	if (!map_range(&kernel_space, area->va.va_start, page_to_phys(page),
		       area_body_pages(&area->va) << PAGE_SHIFT, PAGE_KERNEL, LEVEL_PTE))
		return area;
	vmap_area_free_unused(area);
	return NULL;
}

void *dma_alloc_coherent(struct device *dev, size_t size, dma_addr_t *dma, gfp_t gfp)
{
	struct vm_request request = vm_request_for(size, CALLER_OF_THIS);
	size_t nr = vm_nr_pages(size);
	struct page *page;
	struct area *area;

	(void)dev;
	if (!vmap_area_is_up() || !vm_may_wait("dma_alloc_coherent", gfp, request.caller))
		return NULL;
	if (size == 0 || nr > totalram_pages() || !gfp_known(gfp)) {
		vm_refuse("dma_alloc_coherent", request.caller, "size %zu, gfp %#x", size, gfp);
		return NULL;
	}
	page = get_frames(nr, (gfp | __GFP_ZERO) & ~__GFP_COMP);
	if (!page)
		return NULL;
	request.flags = VM_DMA_COHERENT;
	request.gfp = gfp;
	request.by_hand = true;
	area = map(&request, page);
	if (!area) {
		free_frame_run(page_to_pfn(page), nr, (uintptr_t)request.caller);
		vm_no_memory("dma_alloc_coherent", &request);
		return NULL;
	}
	vm_publish(area);
	*dma = page_to_phys(page);
	return area->vm.addr;
}

void dma_free_coherent(struct device *dev, size_t size, void *addr, dma_addr_t dma)
{
	struct area *area;
	size_t nr = vm_nr_pages(size);

	(void)dev;
	if (!addr || !vm_may_wait("dma_free_coherent", GFP_KERNEL, CALLER_OF_THIS))
		return;
	area = vm_claim("dma_free_coherent", addr, VM_DMA_FRAMES, 0, CALLER_OF_THIS);
	if (!area)
		return;
	if (area->vm.phys_addr != dma || area_body_pages(&area->va) != nr) {
		vm_publish(area);
		vm_refuse("dma_free_coherent", CALLER_OF_THIS, "%p is not %zu bytes at 0x%llx",
			  addr, size, (unsigned long long)dma);
		return;
	}
	vm_unmap_area(area, CALLER_OF_THIS);
	free_frame_run(dma >> PAGE_SHIFT, nr, (uintptr_t)CALLER_OF_THIS);
}
