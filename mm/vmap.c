/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmalloc.h"
#include "lib/errno.h"
#include "map.h"
#include "memblock.h"
#include "tlb.h"
#include "vm_area.h"

/* Mapping frames that somebody else has, and taking such mappings away. */

/* Whether each is a frame of ours; those that follow each other are looked at together. */
static bool pages_are_ours(struct page **pages, size_t count)
{
	for (size_t i = 0, run; i < count; i += run) {
		run = page_run(pages + i, count - i);
		if (!page_valid(pages[i]) ||
		    (run > 1 && !frames_are_ours(page_to_pfn(pages[i]), run)))
			return false;
	}
	return true;
}

static bool vmap_is_sound(struct page **pages, unsigned int count, unsigned long flags,
			  pgprot_t prot, const void *caller)
{
	const char *fault = vm_prot_fault(prot);

	if (count == 0)
		fault = "no pages";
	else if (count > totalram_pages())
		fault = "more pages than there are";
	else if (flags & VM_FLUSH_RESET_PERMS)
		fault = "VM_FLUSH_RESET_PERMS without frames of its own";
	else if (!fault)
		fault = vm_flags_fault(flags);
	if (!fault && !pages_are_ours(pages, count))
		fault = "a page that is NULL, or none of ours";
	if (fault)
		vm_refuse("vmap", caller, "%s (%u pages)", fault, count);
	return !fault && vm_may_wait("vmap", GFP_KERNEL, caller);
}

/*
 * The longest run of pages that follow each other: its first frame's physical address less its
 * place in the array. An address congruent to that modulo 2 MiB lets the run have large leaves.
 * false: no run holds a whole 2 MiB.
 */
static bool longest_run(struct page **pages, unsigned int count, phys_addr_t *origin)
{
	size_t longest = 0;

	for (size_t i = 0, run; i < count; i += run) {
		phys_addr_t phys = page_to_phys(pages[i]);
		size_t to_edge = (-phys & (PMD_SIZE - 1)) >> PAGE_SHIFT;

		run = page_run(pages + i, count - i);
		if (run > longest && run >= to_edge + (PMD_SIZE >> PAGE_SHIFT)) {
			longest = run;
			*origin = phys - (i << PAGE_SHIFT);
		}
	}
	return longest > 0;
}

static struct area *reserve_for(struct page **pages, const struct vm_request *request,
				unsigned int *level)
{
	struct vm_request large = *request;
	phys_addr_t origin;
	struct area *area;

	*level = LEVEL_PTE;
	if (!longest_run(pages, (unsigned int)(request->size >> PAGE_SHIFT), &origin))
		return vm_reserve(request);
	large.align = PMD_SIZE;
	large.skew = -origin & (PMD_SIZE - 1);
	area = vm_reserve(&large);
	if (!area)
		return vm_reserve(request);
	*level = LEVEL_PMD;
	area->vm.page_order = PMD_SHIFT - PAGE_SHIFT;
	return area;
}

static void *map_area(struct page **pages, const struct vm_request *request)
{
	size_t nr = request->size >> PAGE_SHIFT;
	struct page_source source;
	unsigned int level;
	struct area *area = reserve_for(pages, request, &level);

	if (!area)
		return NULL;
	area_room_free(area);
	page_source_init(&source, pages, nr);
	if (area->va.held)
		vm_map_pages(area, pages, 0, nr, request->prot);
	else if (map_frames(&kernel_space, area->va.va_start, request->size, &source.source,
			    request->prot, level)) {
		vmap_area_free_unused(area);
		return NULL;
	}
	if (request->flags & VM_MAP_PUT_PAGES) {
		area->vm.pages = pages;
		area->vm.nr_pages = (unsigned int)nr;
	}
	vm_publish(area);
	return area->vm.addr;
}

void *vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot)
{
	struct vm_request request =
		vm_request_for((unsigned long)count << PAGE_SHIFT, CALLER_OF_THIS);
	void *p;

	if (!vmap_area_is_up() || !vmap_is_sound(pages, count, flags, prot, request.caller))
		return NULL;
	request.flags = VM_MAP | (flags & ~VM_ALLOC); /* which some give, and mean nothing by */
	request.prot = prot;
	p = map_area(pages, &request);
	if (!p)
		vm_no_memory("vmap", &request);
	return p;
}

struct pfn_source {
	struct frame_source source;
	unsigned long *pfns;
};

static size_t next_pfns(struct frame_source *frames, size_t wanted, phys_addr_t *start)
{
	struct pfn_source *source = (struct pfn_source *)frames;
	size_t run = 1;

	*start = (phys_addr_t)source->pfns[0] << PAGE_SHIFT;
	while (run < wanted >> PAGE_SHIFT && source->pfns[run] == source->pfns[0] + run)
		run++;
	source->pfns += run;
	return run << PAGE_SHIFT;
}

/* Whether none of the frames is ours, and each can be addressed. */
static bool pfns_are_foreign(const unsigned long *pfns, unsigned int count)
{
	unsigned long limit = 1ul << (platform_cpu_features()->phys_bits - PAGE_SHIFT);

	for (unsigned int i = 0; i < count; i++)
		if (pfns[i] >= limit || pfn_valid(pfns[i]))
			return false;
	return true;
}

static bool vmap_pfn_is_sound(const unsigned long *pfns, unsigned int count, pgprot_t prot,
			      const void *caller)
{
	const char *fault = vm_prot_fault(prot);

	if (count == 0)
		fault = "no frames";
	else if (!fault && !pfns_are_foreign(pfns, count))
		fault = "a frame that is ours, or beyond what the CPU addresses";
	if (fault)
		vm_refuse("vmap_pfn", caller, "%s", fault);
	return !fault && vm_may_wait("vmap_pfn", GFP_KERNEL, caller);
}

void *vmap_pfn(unsigned long *pfns, unsigned int count, pgprot_t prot)
{
	struct vm_request request =
		vm_request_for((unsigned long)count << PAGE_SHIFT, CALLER_OF_THIS);
	struct pfn_source source = {.source = {.next = next_pfns}, .pfns = pfns};
	struct area *area;

	if (!vmap_area_is_up() || !vmap_pfn_is_sound(pfns, count, prot, request.caller))
		return NULL;
	request.flags = VM_IOREMAP;
	request.by_hand = true;
	area = vm_reserve(&request);
	if (area && !map_frames(&kernel_space, area->va.va_start, request.size, &source.source,
				prot, LEVEL_PTE)) {
		vm_publish(area);
		return area->vm.addr;
	}
	if (area)
		vmap_area_free_unused(area);
	vm_no_memory("vmap_pfn", &request);
	return NULL;
}

void vunmap(const void *addr)
{
	struct area *area;

	if (!addr || !vm_may_wait("vunmap", GFP_KERNEL, CALLER_OF_THIS))
		return;
	area = vm_claim("vunmap", addr, 0, VM_ALLOC | VM_DMA_FRAMES | VM_MAP_RAM, CALLER_OF_THIS);
	if (!area)
		return;
	if (area->vm.flags & VM_MAP_PUT_PAGES)
		area->vm.pages = NULL; /* array and frames stay the caller's */
	vm_unmap_area(area, CALLER_OF_THIS);
}

/* Whether [addr, end) is one of whole pages of the vmalloc region, and the protection is one. */
static int worker_fault(const char *call, unsigned long addr, unsigned long end, pgprot_t prot,
			const void *caller)
{
	const char *fault = vm_prot_fault(prot);

	if (addr < VMALLOC_START || end > VMALLOC_END || end <= addr || (addr | end) & ~PAGE_MASK)
		fault = "no whole pages of the vmalloc region";
	if (!fault)
		return 0;
	vm_refuse(call, caller, "0x%lx-0x%lx: %s", addr, end, fault);
	return prot_is_writable_and_executable(prot) ? -EPERM : -EINVAL;
}

int vmap_pages_range(unsigned long addr, unsigned long end, pgprot_t prot, struct page **pages,
		     unsigned int page_shift)
{
	int error = worker_fault("vmap_pages_range", addr, end, prot, CALLER_OF_THIS);
	struct page_source source;

	if (error)
		return error;
	if (!pages_are_ours(pages, (end - addr) >> PAGE_SHIFT)) {
		vm_refuse("vmap_pages_range", CALLER_OF_THIS,
			  "a page that is NULL, or none of ours");
		return -EINVAL;
	}
	page_source_init(&source, pages, (end - addr) >> PAGE_SHIFT);
	return map_frames(&kernel_space, addr, end - addr, &source.source, prot,
			  page_shift >= PUD_SHIFT   ? LEVEL_PUD
			  : page_shift >= PMD_SHIFT ? LEVEL_PMD
						    : LEVEL_PTE);
}

int vmap_page_range(unsigned long addr, unsigned long end, phys_addr_t phys, pgprot_t prot)
{
	int error = worker_fault("vmap_page_range", addr, end, prot, CALLER_OF_THIS);

	return error ? error : map_range(&kernel_space, addr, phys, end - addr, prot, LEVEL_PUD);
}

void vunmap_range(unsigned long addr, unsigned long end)
{
	if (worker_fault("vunmap_range", addr, end, PAGE_KERNEL, CALLER_OF_THIS))
		return;
	if (unmap_range(&kernel_space, addr, end - addr) > 0)
		tlb_flush_range(addr, end);
}
