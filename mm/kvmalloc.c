/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/string.h"
#include "slabs.h"
#include "vmalloc.h"

/* kmalloc() where that can be had, vmalloc() where not; one call frees either. */

#define CALLER ((uintptr_t)__builtin_return_address(0))

/* Contiguous frames are only a wish where vmalloc() can serve too: asked for without reclaim. */
static void *alloc(size_t size, gfp_t gfp, int nid, uintptr_t caller)
{
	gfp_t first = gfp;
	void *p;

	if (!slab_context_allows(gfp, caller))
		return NULL;
	if (size > PAGE_SIZE) {
		first |= __GFP_NOWARN;
		first &= ~(__GFP_NOFAIL | __GFP_DIRECT_RECLAIM);
	}
	p = size > KMALLOC_MAX_SIZE ? NULL : kmalloc_node(size, first, nid);
	if (p || size <= PAGE_SIZE)
		return p;
	return __vmalloc_node(size, 1, gfp, nid, (const void *)caller);
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	return alloc(size, gfp, NUMA_NO_NODE, CALLER);
}

void *kvmalloc_node(size_t size, gfp_t gfp, int nid)
{
	return alloc(size, gfp, nid, CALLER);
}

void *kvzalloc(size_t size, gfp_t gfp)
{
	return alloc(size, gfp | __GFP_ZERO, NUMA_NO_NODE, CALLER);
}

void *kvzalloc_node(size_t size, gfp_t gfp, int nid)
{
	return alloc(size, gfp | __GFP_ZERO, nid, CALLER);
}

void *kvmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL
						       : alloc(bytes, gfp, NUMA_NO_NODE, CALLER);
}

void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return alloc(bytes, gfp | __GFP_ZERO, NUMA_NO_NODE, CALLER);
}

/* What was kmalloc()ed stays so while it can; what was vmalloc()ed is vrealloc()'s. */
void *kvrealloc(const void *p, size_t size, gfp_t gfp)
{
	void *moved;

	if (is_vmalloc_addr(p))
		return vrealloc(p, size, gfp);
	moved = krealloc(p, size, gfp | (size > PAGE_SIZE ? __GFP_NOWARN : 0));
	if (moved || size <= PAGE_SIZE)
		return moved;
	if (!ZERO_OR_NULL_PTR(p) && !ksize(p))
		return NULL; /* nobody's: krealloc() has said so */
	moved = __vmalloc_node(size, 1, gfp, NUMA_NO_NODE, (const void *)CALLER);
	if (moved && p) {
		memcpy(moved, p, ksize(p));
		kfree(p);
	}
	return moved;
}

void kvfree(const void *p)
{
	if (is_vmalloc_addr(p))
		vfree(p);
	else
		kfree(p);
}

/* What is no area's start, or has fewer bytes, is left to vfree() to say. */
void kvfree_sensitive(const void *p, size_t size)
{
	struct vm_struct *vm;

	if (!is_vmalloc_addr(p)) {
		kfree_sensitive(p);
		return;
	}
	vm = find_vm_area(p);
	if (vm && vm->addr == p)
		memset(vm->addr, 0, size < get_vm_area_size(vm) ? size : get_vm_area_size(vm));
	vfree(p);
}
