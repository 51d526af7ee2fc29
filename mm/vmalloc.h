/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "entry.h"
#include "gfp.h"
#include "layout.h"
#include "levels.h"
#include "mm.h"
#include "page.h"
#include "page_alloc.h"
#include "vmap_area.h"

/*
 * The vmalloc family, under the names and with the arguments of Linux 6.12's <linux/vmalloc.h>.
 *
 * Sizes are bytes. `caller` is the return address of the public call; lines, vmallocinfo() and the
 * fault report show it. Refused means: one line that says what the address or the argument is,
 * nothing changed, and NULL or a negative errno. Calls that may wait (GFP_KERNEL) take no lock with
 * them, and are refused in exception handlers; GFP_ATOMIC and GFP_NOWAIT calls, vfree() and the
 * asking calls may be made there, where they only try. Before vmalloc_init() all answer NULL or
 * -EBUSY.
 */

/* Flags of an area. */
#define VM_IOREMAP 0x1ul
#define VM_ALLOC 0x2ul
#define VM_MAP 0x4ul
#define VM_USERMAP 0x8ul
#define VM_DMA_COHERENT 0x10ul
#define VM_UNINITIALIZED 0x20ul
#define VM_NO_GUARD 0x40ul
#define VM_KASAN 0x80ul
#define VM_FLUSH_RESET_PERMS 0x100ul
#define VM_MAP_PUT_PAGES 0x200ul
#define VM_ALLOW_HUGE_VMAP 0x400ul
#define VM_DEFER_KMEMLEAK 0x800ul
#define VM_SPARSE 0x1000ul

#define IOREMAP_MAX_ORDER PUD_SHIFT

/*
 * Allocation: frames of their own, mapped one behind the other. Page aligned at least. Under
 * __GFP_ZERO cleared, to the end of the last page. Size 0, and more pages than there are, is
 * refused. Without memory: NULL, one warn_alloc() line.
 */
void *vmalloc(unsigned long size);
void *vzalloc(unsigned long size);
void *vmalloc_node(unsigned long size, int node);
void *vzalloc_node(unsigned long size, int node);
void *__vmalloc(unsigned long size, gfp_t gfp);
/* `align`: a power of two; anything up to a page is a page. */
void *__vmalloc_node(unsigned long size, unsigned long align, gfp_t gfp, int node,
		     const void *caller);
/* Frames below 4 GiB; cleared and VM_USERMAP; both. */
void *vmalloc_32(unsigned long size);
void *vmalloc_user(unsigned long size);
void *vmalloc_32_user(unsigned long size);
/* 2 MiB leaves for whole 2 MiB, 1 GiB leaves for whole GiB, as far as frames can be had for them;
 * 4 KiB leaves for the rest, so that nothing is rounded up. */
void *vmalloc_huge(unsigned long size, gfp_t gfp);
void *vmalloc_huge_node(unsigned long size, gfp_t gfp, int node);
/* The core of them all: area and guards lie within [start, end). Flags of areas without frames of
 * their own (VM_IOREMAP, VM_MAP_PUT_PAGES, VM_SPARSE) are refused, as unknown ones are. */
void *__vmalloc_node_range(unsigned long size, unsigned long align, unsigned long start,
			   unsigned long end, gfp_t gfp, pgprot_t prot, unsigned long vm_flags,
			   int node, const void *caller);
/* The same, with a placement of its own. */
void *__vmalloc_node_range_place(unsigned long size, unsigned long align, unsigned long start,
				 unsigned long end, gfp_t gfp, pgprot_t prot,
				 unsigned long vm_flags, int node, const void *caller,
				 enum vmap_place place);
/* n * size bytes; NULL when that overflows. */
void *__vmalloc_array(size_t n, size_t size, gfp_t gfp);
void *vmalloc_array(size_t n, size_t size);
void *__vcalloc(size_t n, size_t size, gfp_t gfp);
void *vcalloc(size_t n, size_t size);
/*
 * Changes the size. `p` NULL: vmalloc; size 0: vfree and NULL. Grows in place where the addresses
 * behind are free, otherwise moves by giving the same frames a new address; contents are never
 * copied. Shrinking frees the frames of the tail. __GFP_ZERO clears from the old size in bytes on.
 * Pages that are new, and all pages of an area that moves, have the permissions of its first page.
 * On failure NULL, and the old area is whole.
 */
void *vrealloc(const void *p, size_t size, gfp_t gfp);
void *vrealloc_node_align(const void *p, size_t size, unsigned long align, gfp_t gfp, int nid);

/*
 * Freeing demands the exact start; NULL is ignored. Entries are clear when it returns; stale TLB
 * entries may live until vm_unmap_aliases(), or the next purge. In a handler: as vfree_atomic().
 */
void vfree(const void *addr);
/* Any context: puts the area on a list of this CPU, drained at the next chance. */
void vfree_atomic(const void *addr);
void vm_unmap_aliases(void);

/* Mapping what is there already. The frames stay the caller's, except with VM_MAP_PUT_PAGES, which
 * hands them and the array (from kvmalloc() or vmalloc()) to vfree(). Refused: a page that is none
 * of ours, a protection that is not present. VM_ALLOC among the flags means nothing. */
void *vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot);
void *vmap_pfn(unsigned long *pfns, unsigned int count, pgprot_t prot);
void vunmap(const void *addr);
/* The workers: page tables alone, of whole pages of the vmalloc region; other places and pages are
 * refused: -EINVAL. -EBUSY, with nothing changed, over a present entry. */
int vmap_pages_range(unsigned long addr, unsigned long end, pgprot_t prot, struct page **pages,
		     unsigned int page_shift);
int vmap_page_range(unsigned long addr, unsigned long end, phys_addr_t phys, pgprot_t prot);
/* Flushes too. */
void vunmap_range(unsigned long addr, unsigned long end);

/* Address space alone. VM_IOREMAP aligns to the size, at most 1 GiB. */
struct vm_struct *get_vm_area(unsigned long size, unsigned long flags);
struct vm_struct *get_vm_area_caller(unsigned long size, unsigned long flags, const void *caller);
struct vm_struct *__get_vm_area_caller(unsigned long size, unsigned long flags, unsigned long start,
				       unsigned long end, const void *caller);
/* Takes the mapping away and the area out of sight; the result is the caller's, for kfree(). */
struct vm_struct *remove_vm_area(const void *addr);
void free_vm_area(struct vm_struct *area);

/*
 * Parts of a VM_SPARSE area. -EINVAL: another kind of area, or no whole pages; -ERANGE: not within
 * it; -E2BIG: more pages than there are; -EBUSY: something is mapped there. The second one flushes.
 */
int vm_area_map_pages(struct vm_struct *area, unsigned long start, unsigned long end,
		      struct page **pages);
int vm_area_unmap_pages(struct vm_struct *area, unsigned long start, unsigned long end);

/*
 * Areas that are congruent: area i lies at one base + offsets[i], all from the top of the region.
 * `align` is that of each, whole pages. Refused: areas that overlap, or have no room for the guard
 * between them. NULL also: no room or memory. The array and what it leads to is given back by
 * pcpu_free_vm_areas().
 */
struct vm_struct **pcpu_get_vm_areas(const unsigned long *offsets, const size_t *sizes, int nr,
				     size_t align);
void pcpu_free_vm_areas(struct vm_struct **vms, int nr);

/*
 * An area of vmalloc_user()'s seen in the lower half of another address space, from `addr` or from
 * vma->vm_start on. -EINVAL: no such area, no VM_USERMAP, more than it has, or an address
 * below space_user_start(), which every space would see.
 */
struct vm_area_struct {
	struct space *space;
	unsigned long vm_start, vm_end; /* bytes, in the lower half */
	bool writable;
};
int remap_vmalloc_range_partial(struct vm_area_struct *vma, unsigned long uaddr, void *kaddr,
				unsigned long pgoff, unsigned long size);
int remap_vmalloc_range(struct vm_area_struct *vma, void *addr, unsigned long pgoff);

/* Areas from before vmalloc_init(), which imports them. The second form chooses the address: `size`
 * is that of the body, and VM_NO_GUARD is set (what follows keeps its own guard before it). */
void vm_area_add_early(struct vm_struct *vm);
void vm_area_register_early(struct vm_struct *vm, size_t align);

/* Asking. Any address inside will do, the guard behind included. */
struct vm_struct *find_vm_area(const void *addr);
struct page *vmalloc_to_page(const void *addr); /* NULL: not mapped, or no frame of ours */
unsigned long vmalloc_to_pfn(const void *addr); /* 0: not mapped */
bool is_vm_area_hugepages(const void *addr);
unsigned long vmalloc_nr_pages(void); /* pages in vmalloc's areas */
/* Reads `count` bytes: holes, device memory and unfinished areas as zero. Returns `count`; 0: none
 * of the bytes lies in an area, and nothing is written. */
long vread(char *buffer, const char *addr, unsigned long count);
/* Says what `object` is, in one line; false: no vmalloc address. */
bool vmalloc_dump_obj(void *object);

static inline bool is_vmalloc_addr(const void *addr)
{
	return (uintptr_t)addr >= VMALLOC_START && (uintptr_t)addr < VMALLOC_END;
}

/* Bytes of an area without its guard. */
static inline size_t get_vm_area_size(const struct vm_struct *area)
{
	return area->flags & VM_NO_GUARD ? area->size : area->size - area->guard * PAGE_SIZE;
}

/* Called when no address space is left; gives back what it can. Linux's shape. */
struct notifier_block {
	int (*notifier_call)(struct notifier_block *block, unsigned long action, void *data);
	struct notifier_block *next;
	int priority; /* higher ones are asked first */
};
/* 0; -EEXIST: it is registered already. */
int register_vmap_purge_notifier(struct notifier_block *block);
/* 0; -ENOENT: it is not. */
int unregister_vmap_purge_notifier(struct notifier_block *block);

/* For mm.c. */
int vmalloc_init(const struct mm_options *options);
void vmalloc_exit(void);
void vmalloc_quiesce(void);
const char *vmalloc_check(void);
/* Busy areas, and the pages of their bodies; early ones included. */
void vmalloc_get_usage(uint64_t *areas, uint64_t *area_pages);
