/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "area_cache.h"
#include "fault.h"
#include "held.h"
#include "map.h"
#include "percpu.h"
#include "vm_map_ram.h"
#include "vmalloc.h"

/*
 * What the files of the vmalloc family share: requests, the way to an area that somebody names by
 * its start, and the lines that refuse. Nobody else includes this.
 */

/* An area of vm_map_ram(): a block, or a map too large for a slot. Linux's have no descriptor. */
#define VM_MAP_RAM 0x10000ul
/* Never in an area: what vm_claim() asks or forbids about its pages. */
#define VM_HAS_PAGES 0x20000ul
/* The same: frames of dma_alloc_coherent(), whose flag may stand in areas of vmap() and others. */
#define VM_DMA_FRAMES 0x40000ul

#define CALLER_OF_THIS __builtin_return_address(0)

struct vm_request {
	unsigned long size, align, start, end; /* bytes */
	unsigned long skew;  /* what has to be added to the address for the alignment */
	unsigned long flags; /* VM_... */
	gfp_t gfp;
	int node;
	pgprot_t prot;
	enum vmap_place place;
	bool by_hand; /* the caller maps by himself, with other means than vm_map_pages() */
	const void *caller;
};

/* A request for `size` bytes anywhere, PAGE_KERNEL, GFP_KERNEL, any node. */
struct vm_request vm_request_for(unsigned long size, const void *caller);
static inline size_t vm_nr_pages(unsigned long size)
{
	return (size >> PAGE_SHIFT) + ((size & ~PAGE_MASK) != 0);
}

/* vmalloc with all its checks: the address, or NULL. */
void *vm_alloc(const struct vm_request *request);
/* The same for address space alone: a claimed area, `flags` and `caller` set. */
struct area *vm_reserve(const struct vm_request *request);
static inline void vm_publish(struct area *area)
{
	vmap_area_publish(area);
}

/* Whether a call with `gfp` may be made here; says so when not. */
bool vm_may_wait(const char *call, gfp_t gfp, const void *caller);
/* What is wrong with a protection, or with flags that somebody gives; NULL: nothing. */
const char *vm_prot_fault(pgprot_t prot);
const char *vm_flags_fault(unsigned long flags);
/* One line: the call that is refused, who made it, and why. */
void vm_refuse(const char *call, const void *caller, const char *format, ...)
	__attribute__((format(printf, 3, 4), cold));
/* The same about an address: what it is. */
void vm_refuse_address(const char *call, const void *caller, const void *addr);
/* A line of warn_alloc(): a sound request found no addresses, or no memory for their tables. */
void vm_no_memory(const char *call, const struct vm_request *request);
/* What lies at an address; false: not in the vmalloc region (a fault_describer_t). */
bool vm_describe(uintptr_t address, char *buffer, size_t size);
/* "vmalloc", "vmap", ... */
const char *vm_kind(unsigned long flags);

/*
 * The area that starts at `addr` and has one of the `any` flags (0: whatever it has) and none of
 * the `none` flags, claimed. NULL, with a line that says what `addr` is, when there is no such.
 */
struct area *vm_claim(const char *call, const void *addr, unsigned long any, unsigned long none,
		      const void *caller);

/* An array of pages as the runs of frames that it holds, for map_frames(). */
struct page_source {
	struct frame_source source;
	struct page **pages;
	size_t nr, next; /* pages, and the first that was not given out yet */
};
void page_source_init(struct page_source *source, struct page **pages, size_t nr);

/* How many of the pages follow each other from the first on; nr > 0. */
static inline size_t page_run(struct page *const *pages, size_t nr)
{
	size_t i = 1;

	while (i < nr && pages[i] == pages[0] + i)
		i++;
	return i;
}

/* Lists a run of frames; returns where the next page goes. */
static inline struct page **vm_list_run(struct page **pages, struct page *page, size_t nr)
{
	for (; nr >= 4; nr -= 4, pages += 4, page += 4) {
		pages[0] = page;
		pages[1] = page + 1;
		pages[2] = page + 2;
		pages[3] = page + 3;
	}
	for (; nr > 0; nr--)
		*pages++ = page++;
	return pages;
}

/* Gives up one reference to each page, by the run. */
void vm_put_pages(struct page **pages, size_t nr, const void *caller);
/*
 * Frames for pages [have, nr) of the area, into `pages`; false: memory ran out, and what was got is
 * given up again. The second one maps pages [first, nr) where they belong in the area.
 */
bool vm_get_pages(struct area *area, struct page **pages, size_t have, size_t nr,
		  const struct vm_request *request);
int vm_map_pages(struct area *area, struct page **pages, size_t first, size_t nr, pgprot_t prot);

/* Leaves for `nr` frames from page `first` of a held area on; and none for all of its pages. */
void vm_held_map_slow(struct area *area, size_t first, size_t nr, phys_addr_t phys, pgprot_t prot);
void vm_held_unmap_slow(struct area *area, size_t nr);

static inline void vm_held_map(struct area *area, size_t first, size_t nr, phys_addr_t phys,
			       pgprot_t prot)
{
	if (likely(first + nr <= held_in_table(area->va.va_start)))
		held_map(area->entries + first, nr, phys, prot);
	else
		vm_held_map_slow(area, first, nr, phys, prot);
}

static inline void vm_held_unmap(struct area *area, size_t nr)
{
	if (likely(nr <= held_in_table(area->va.va_start)))
		held_unmap(area->entries, nr, area_note(area));
	else
		vm_held_unmap_slow(area, nr);
}

/* Clears the entries of a claimed area. */
static inline void vm_unmap_pages(struct area *area)
{
	size_t nr = area_body_pages(&area->va);

	if (likely(area->va.held))
		vm_held_unmap(area, nr);
	else
		unmap_range(&kernel_space, area->va.va_start, nr << PAGE_SHIFT);
}

/* Clears the entries of a claimed area and frees it. */
void vm_unmap_area(struct area *area, const void *caller);
/* The same, and gives up its pages. */
void vm_free_area_and_pages(struct area *area, const void *caller);

/* vfree() without its look at the context, in the name of `call`. */
void vm_free(const char *call, const void *addr, const void *caller);
/* Frees what vfree_atomic() put off on this CPU; on all of them. */
void vm_drain_deferred(void);
void vm_drain_deferred_all(void);
static inline bool vm_has_deferred(void)
{
	return fault_detour(platform_cpu()) & SLOW_WAITING;
}

/* Pages in vmalloc's areas: one instruction, so that an exception cannot come in between. */
static inline void vm_count_pages_of(struct area_cpu *cpu, long nr)
{
	__asm__ volatile("addq %1, %0" : "+m"(cpu->vmalloc_pages) : "er"(nr) : "cc");
}

static inline void vm_count_pages(long nr)
{
	vm_count_pages_of(this_area_cpu(), nr);
}

/* What was registered before vmalloc_init(); false: it does not fit, or no memory. */
bool vm_import_early(void);
void vm_forget_early(void);
