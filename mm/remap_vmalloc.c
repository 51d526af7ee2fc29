/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/errno.h"
#include "vm_area.h"

/*
 * vmalloc's pages in the lower half of another address space. The frames stay the area's: whoever
 * maps them there takes that mapping away (unmap_range()) before the area is freed.
 */

static pgprot_t user_prot(bool writable)
{
	return __pgprot(_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_USER | _PAGE_NX |
			(writable ? _PAGE_RW : 0));
}

/* Pages [first, first + nr) of the area, if it may be seen by users and has as many. */
static struct page **pages_of(const struct vm_struct *vm, unsigned long first, unsigned long nr)
{
	if (!(vm->flags & VM_USERMAP) || !vm->pages)
		return NULL;
	if (first > vm->nr_pages || nr > vm->nr_pages - first)
		return NULL;
	return vm->pages + first;
}

int remap_vmalloc_range_partial(struct vm_area_struct *vma, unsigned long uaddr, void *kaddr,
				unsigned long pgoff, unsigned long size)
{
	unsigned long nr = size >> PAGE_SHIFT;
	struct vm_struct *vm = find_vm_area(kaddr);
	struct page_source source;
	struct page **pages;

	if ((uaddr | size | (uintptr_t)kaddr) & ~PAGE_MASK || size == 0 || !vma->space ||
	    uaddr < space_user_start(vma->space) || uaddr < vma->vm_start || uaddr + size < uaddr ||
	    uaddr + size > vma->vm_end || uaddr >= space_user_end(vma->space))
		return -EINVAL;
	if (!vm || nr + pgoff < nr)
		return -EINVAL;
	pgoff += ((uintptr_t)kaddr - (uintptr_t)vm->addr) >> PAGE_SHIFT;
	pages = pages_of(vm, pgoff, nr);
	if (!pages)
		return -EINVAL;
	page_source_init(&source, pages, nr);
	return map_frames(vma->space, uaddr, size, &source.source, user_prot(vma->writable),
			  LEVEL_PTE);
}

int remap_vmalloc_range(struct vm_area_struct *vma, void *addr, unsigned long pgoff)
{
	return remap_vmalloc_range_partial(vma, vma->vm_start, addr, pgoff,
					   vma->vm_end - vma->vm_start);
}
