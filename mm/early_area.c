/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/assert.h"
#include "vm_area.h"

/*
 * Areas from before there is a vmalloc. One CPU, no lock. The list is ordered by address; its
 * entries are their owners' and stay where they are. Every early area keeps the widest guard there
 * is before it, since the width of this run is not known yet.
 */

enum { GUARD_MAX = 17 };

static struct vm_struct *early;

void vm_area_add_early(struct vm_struct *vm)
{
	struct vm_struct **link = &early;

	if (!(vm->flags & VM_NO_GUARD) && vm->guard == 0)
		vm->guard = 1;
	ASSERT(!vmap_area_is_up(), "%p comes too late to be an early area", vm->addr);
	while (*link && (*link)->addr < vm->addr)
		link = &(*link)->next;
	ASSERT(!*link || (char *)vm->addr + vm->size <= (char *)(*link)->addr,
	       "early areas at %p and %p overlap", vm->addr, (*link)->addr);
	vm->next = *link;
	*link = vm;
}

static uintptr_t end_of_last(void)
{
	uintptr_t end = VMALLOC_START;

	for (struct vm_struct *vm = early; vm; vm = vm->next)
		end = (uintptr_t)vm->addr + vm->size;
	return end;
}

void vm_area_register_early(struct vm_struct *vm, size_t align)
{
	uintptr_t start = end_of_last() + GUARD_MAX * PAGE_SIZE;

	start = (start + align - 1) & ~(align - 1);
	vm->addr = (void *)start;
	vm->flags |= VM_NO_GUARD;
	vm_area_add_early(vm);
}

/* With the widest guard before it that there is room for: whoever comes to lie there later may want
 * a wide one, and cannot ask for more than this. Behind it this run's will do. */
static struct area *reserve(uintptr_t start, size_t nr_pages)
{
	unsigned int guard = vmap_area_guard();
	struct area *area = NULL;

	for (int front = GUARD_MAX; !area && front >= 0; front--) {
		vmap_area_set_guard((unsigned int)front);
		area = vmap_area_alloc_at(start, nr_pages, GFP_KERNEL);
	}
	vmap_area_set_guard(guard);
	if (area) {
		area->va.va_end = area_body_end(&area->va) + guard * PAGE_SIZE;
		area->va.behind = (uint8_t)guard;
	}
	return area;
}

/* false: the range is not free, or there is no memory for the descriptor. */
static bool import(struct vm_struct *vm)
{
	size_t nr_pages = (get_vm_area_size(vm) + PAGE_SIZE - 1) >> PAGE_SHIFT;
	struct area *area = reserve((uintptr_t)vm->addr, nr_pages);

	if (!area)
		return false;
	area->va.vm = vm;
	vm_publish(area);
	return true;
}

bool vm_import_early(void)
{
	for (; early; early = early->next)
		if (!import(early))
			return false;
	return true;
}

/* Before another run in the same image: what was registered is nobody's any more. */
void vm_forget_early(void)
{
	early = NULL;
}
