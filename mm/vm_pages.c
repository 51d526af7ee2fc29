/* SPDX-License-Identifier: BSD-2-Clause */
#include "map.h"
#include "vm_area.h"

/* The frames behind an area: got and given up by the run, mapped in one sweep. */

static size_t next_pages(struct frame_source *frames, size_t wanted, phys_addr_t *start)
{
	struct page_source *source = (struct page_source *)frames;
	struct page **pages = source->pages + source->next;
	size_t nr = source->nr - source->next;

	nr = nr < wanted >> PAGE_SHIFT ? nr : wanted >> PAGE_SHIFT;
	if (nr == 0)
		return 0;
	nr = page_run(pages, nr);
	source->next += nr;
	*start = page_to_phys(pages[0]);
	return nr << PAGE_SHIFT;
}

void page_source_init(struct page_source *source, struct page **pages, size_t nr)
{
	*source = (struct page_source){.source = {.next = next_pages}, .pages = pages, .nr = nr};
}

void vm_put_pages(struct page **pages, size_t nr, const void *caller)
{
	while (nr > 0) {
		size_t run = page_run(pages, nr);

		free_frame_run(page_to_pfn(pages[0]), run, (uintptr_t)caller);
		pages += run;
		nr -= run;
	}
}

/* Frames for one leaf of `shift`, freed one by one; without asking others to give any back. */
static struct page *get_large(const struct vm_request *request, unsigned int shift)
{
	gfp_t never = __GFP_DIRECT_RECLAIM | __GFP_NOFAIL | __GFP_COMP;
	gfp_t gfp = (request->gfp | __GFP_NOWARN) & ~never;
	unsigned long nr = (unsigned long)1 << (shift - PAGE_SHIFT);

	if (shift == PUD_SHIFT)
		return alloc_contig_pages_aligned(nr, nr, gfp, request->node, NULL);
	return alloc_frame_block(gfp, request->node, shift - PAGE_SHIFT,
				 (uintptr_t)request->caller);
}

/* The next frames of an area that may have large leaves, from page `have` on; 0: no large ones. */
static size_t get_large_at(struct area *area, size_t have, size_t nr,
			   const struct vm_request *request, struct page **page)
{
	uintptr_t address = area->va.va_start + (have << PAGE_SHIFT);
	unsigned int shift = platform_cpu_features()->gib_leaves ? PUD_SHIFT : PMD_SHIFT;

	for (; shift >= PMD_SHIFT; shift -= PUD_SHIFT - PMD_SHIFT) {
		size_t wanted = (size_t)1 << (shift - PAGE_SHIFT);

		if (address & (((uintptr_t)1 << shift) - 1) || nr - have < wanted)
			continue;
		*page = get_large(request, shift);
		if (!*page)
			continue;
		if (area->vm.page_order < shift - PAGE_SHIFT)
			area->vm.page_order = (uint8_t)(shift - PAGE_SHIFT);
		return wanted;
	}
	return 0;
}

static size_t get_some(struct area *area, size_t have, size_t nr, const struct vm_request *request,
		       struct page **page)
{
	size_t got = 0, wanted = nr - have;
	uint64_t pfn;

	if (request->flags & VM_ALLOW_HUGE_VMAP) {
		uintptr_t next = (area->va.va_start + (have << PAGE_SHIFT)) | (PMD_SIZE - 1);
		size_t in_unit = (next + 1 - area->va.va_start) / PAGE_SIZE - have;

		got = get_large_at(area, have, nr, request, page);
		wanted = in_unit < wanted ? in_unit : wanted;
	}
	if (got)
		return got;
	got = alloc_frame_run(request->gfp | __GFP_NOWARN, request->node, wanted, &pfn,
			      (uintptr_t)request->caller);
	if (got)
		*page = pfn_to_page(pfn);
	return got;
}

bool vm_get_pages(struct area *area, struct page **pages, size_t have, size_t nr,
		  const struct vm_request *request)
{
	struct page **first = pages + have, **next = first, **end = pages + nr, *page;
	bool listed = area->va.one_run && have == 0;

	area->va.one_run = have == 0;
	while (next < end) {
		size_t got = get_some(area, (size_t)(next - pages), nr, request, &page);

		if (got == 0) {
			vm_put_pages(first, (size_t)(next - first), request->caller);
			return false;
		}
		if (next > pages && page != next[-1] + 1)
			area->va.one_run = false;
		/* the list may be right still, from when the range was used last */
		if (listed && got == nr && pages[0] == page)
			break;
		next = vm_list_run(next, page, got);
	}
	return true;
}

/* Pages that stand in the table where the first page of the area stands. */
static size_t in_first_table(const struct area *area, size_t first, size_t nr)
{
	size_t room = held_in_table(area->va.va_start);

	if (first >= room)
		return 0;
	return nr < room - first ? nr : room - first;
}

void vm_held_map_slow(struct area *area, size_t first, size_t nr, phys_addr_t phys, pgprot_t prot)
{
	size_t here = in_first_table(area, first, nr);
	uintptr_t rest = area->va.va_start + ((first + here) << PAGE_SHIFT);

	if (here > 0)
		held_map(area->entries + first, here, phys, prot);
	held_map(held_entry(&kernel_space, rest), nr - here, phys + (here << PAGE_SHIFT), prot);
}

void vm_held_unmap_slow(struct area *area, size_t nr)
{
	size_t here = in_first_table(area, 0, nr);
	uintptr_t rest = area->va.va_start + (here << PAGE_SHIFT);

	held_unmap(area->entries, here, area_note(area));
	held_unmap(held_entry(&kernel_space, rest), nr - here, area_note(area));
}

static void map_held(struct area *area, struct page **pages, size_t nr, pgprot_t prot)
{
	for (size_t at = 0, run; at < nr; at += run) {
		run = area->va.one_run ? nr : page_run(pages + at, nr - at);
		vm_held_map(area, at, run, page_to_phys(pages[at]), prot);
	}
}

int vm_map_pages(struct area *area, struct page **pages, size_t first, size_t nr, pgprot_t prot)
{
	unsigned int level = area->vm.page_order ? LEVEL_PUD : LEVEL_PTE;
	uintptr_t start = area->va.va_start + (first << PAGE_SHIFT);
	size_t bytes = (nr - first) << PAGE_SHIFT;
	struct page_source source;

	if (area->va.held) {
		map_held(area, pages, nr, prot);
		return 0;
	}
	if (area->va.one_run)
		return map_range(&kernel_space, start, page_to_phys(pages[first]), bytes, prot,
				 level);
	page_source_init(&source, pages + first, nr - first);
	return map_frames(&kernel_space, start, bytes, &source.source, prot, level);
}
