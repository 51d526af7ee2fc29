/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "lib/errno.h"
#include "slab.h"
#include "vm_map_ram.h"

/* Mapping frames that are there already, and address space alone. */

/* Pages [first, first + nr) of the pool, around its end. */
static void list_pool(unsigned int first, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		driver.list[i] = driver.pool[(first + i) % POOL];
}

static struct held *over_the_pool(enum kind kind, void *p, unsigned int first, unsigned int nr,
				  unsigned long flags)
{
	struct held *slot = slot_for(1);
	struct held what = {.kind = kind,
			    .start = (uintptr_t)p,
			    .bytes = nr * PAGE_SIZE,
			    .nr_pages = nr,
			    .first = first,
			    .flags = flags};

	model_add(slot, &what);
	model_check(slot);
	return slot;
}

/* Frames and array become the area's. */
static void vmap_and_put(void)
{
	size_t nr = 2 + pick(12);
	struct held *slot = slot_for(nr);
	struct page **pages = kvcalloc(nr, sizeof(*pages), GFP_KERNEL);
	struct held what = {.kind = VMALLOC,
			    .bytes = nr * PAGE_SIZE,
			    .nr_pages = nr,
			    .flags = VM_MAP | VM_MAP_PUT_PAGES};

	holds(pages && alloc_pages_bulk_array(GFP_KERNEL, nr, pages) == nr);
	saying("vmap(%zu fresh pages, VM_MAP_PUT_PAGES) as %u", nr, slot_number(slot));
	what.start =
		(uintptr_t)vmap(pages, (unsigned int)nr, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	holds(what.start);
	model_add(slot, &what);
	contents_fill(slot);
	model_check(slot);
	came(DONE);
}

static void *vmap_spoiled(unsigned int nr)
{
	switch (pick(4)) {
	case 0:
		return vmap(driver.list, 0, VM_MAP, PAGE_KERNEL);
	case 1:
		driver.list[pick(nr)] = NULL;
		return vmap(driver.list, nr, VM_MAP, PAGE_KERNEL);
	case 2:
		return vmap(driver.list, nr, VM_MAP, __pgprot(PAGE_KERNEL.pgprot & ~_PAGE_NX));
	default:
		return vmap(driver.list, (unsigned int)totalram_pages() + 1, VM_MAP, PAGE_KERNEL);
	}
}

static void step_vmap(void)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(NO_MEMORY) | MAY(REFUSED));
	unsigned int first = (unsigned int)pick(POOL), nr = 1 + (unsigned int)pick(PARTS);
	void *p;

	if (aim == DONE && one_in(3)) {
		vmap_and_put();
		return;
	}
	list_pool(first, nr);
	saying("vmap(pool %u, %u pages)%s", first, nr,
	       aim == REFUSED	  ? ", spoiled"
	       : aim == NO_MEMORY ? ", starved"
				  : "");
	call_begin(aim, SOMEWHERE);
	p = aim == REFUSED ? vmap_spoiled(nr) : vmap(driver.list, nr, VM_MAP, PAGE_KERNEL);
	call_end();
	holds(aim != REFUSED || !p);
	holds(aim != DONE || p);
	if (p)
		over_the_pool(VMAPPED, p, first, nr, VM_MAP);
	came(p ? DONE : aim);
}

static void step_vunmap(void)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED) | MAY(NOTHING));
	struct held *slot = slot_of_kind(aim == REFUSED ? VMALLOC : VMAPPED);
	const void *addr;

	if (aim == NOTHING && slot && !one_in(4))
		aim = DONE;

	if (aim == NOTHING) {
		saying("vunmap(NULL)");
		vunmap(NULL);
		came(NOTHING);
	} else if (aim == REFUSED || !slot) {
		if (!slot || slot->flags & VM_MAP || one_in(2))
			slot = model_find(model_wrong_address());
		addr = slot && slot->kind == VMALLOC && !(slot->flags & VM_MAP)
			       ? (void *)slot->start
			       : (void *)model_wrong_address();
		saying("vunmap(%p), no vmap area", addr);
		hush();
		vunmap(addr);
		holds(unhush() > 0);
		if (slot)
			model_check(slot);
		came(REFUSED);
	} else {
		contents_verify(slot);
		saying("vunmap(%u)", slot_number(slot));
		addr = (const void *)slot->start;
		model_remove(slot);
		vunmap(addr);
		holds(model_is_gone(addr));
		came(DONE);
	}
}

static void step_vm_map_ram(void)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(NO_MEMORY) | MAY(REFUSED));
	unsigned int first = (unsigned int)pick(POOL);
	unsigned int nr = 1 + (unsigned int)pick(one_in(6) || aim == NO_MEMORY ? POOL : 8);
	void *p;

	if (aim == NO_MEMORY && nr < 66)
		nr = 66 + (unsigned int)pick(POOL - 66);
	list_pool(first, nr);
	saying("vm_map_ram(pool %u, %u pages)%s", first, nr,
	       aim == REFUSED	  ? ", none"
	       : aim == NO_MEMORY ? ", starved"
				  : "");
	call_begin(aim, SOMEWHERE);
	p = vm_map_ram(driver.list, aim == REFUSED ? 0 : nr, NUMA_NO_NODE);
	call_end();
	holds(aim != REFUSED || !p);
	holds(aim != DONE || p);
	if (p)
		over_the_pool(RAM, p, first, nr, 0);
	came(p ? DONE : aim);
}

static void step_vm_unmap_ram(void)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED));
	struct held *slot = slot_of_kind(RAM);
	uintptr_t start;
	unsigned int nr;

	if (!slot)
		return;
	contents_verify(slot);
	start = slot->start;
	nr = (unsigned int)slot->nr_pages;
	if (aim == REFUSED) {
		saying("vm_unmap_ram(%u), wrong", slot_number(slot));
		hush();
		if (one_in(2))
			vm_unmap_ram((void *)start, nr + 1);
		else
			vm_unmap_ram((void *)(start + 8), nr);
		holds(unhush() > 0);
		contents_verify(slot);
	} else {
		saying("vm_unmap_ram(%u, %u)", slot_number(slot), nr);
		model_remove(slot);
		vm_unmap_ram((void *)start, nr);
	}
	came(aim);
}

static void reserve(const char *name,
		    struct vm_struct *(*call)(unsigned long size, unsigned long flags))
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(NO_MEMORY) | MAY(REFUSED));
	unsigned long nr = 1 + pick(PARTS);
	unsigned long flags = one_in(8) ? VM_IOREMAP : one_in(2) ? VM_SPARSE : VM_MAP;
	struct held *slot = slot_for(1);
	struct held what = {.kind = flags == VM_IOREMAP ? DEVICE : RESERVED,
			    .bytes = nr * PAGE_SIZE,
			    .nr_pages = nr,
			    .flags = flags};
	struct vm_struct *vm;

	saying("%s(%lu pages, flags 0x%lx)%s as %u", name, aim == REFUSED ? 0 : nr, flags,
	       aim == NO_MEMORY ? ", starved" : "", slot_number(slot));
	call_begin(aim, SOMEWHERE);
	vm = call(aim == REFUSED ? 0 : nr * PAGE_SIZE - pick(PAGE_SIZE), flags);
	call_end();
	holds(aim != REFUSED || !vm);
	holds(aim != DONE || vm);
	if (vm) {
		what.start = (uintptr_t)vm->addr;
		what.cookie = vm;
		if (flags == VM_IOREMAP)
			same(what.start % (1ul << (63 - __builtin_clzl(nr * PAGE_SIZE))), 0);
		model_add(slot, &what);
		model_check(slot);
	}
	came(vm ? DONE : aim);
}

static struct vm_struct *with_caller(unsigned long size, unsigned long flags)
{
	return get_vm_area_caller(size, flags, __builtin_return_address(0));
}

static struct vm_struct *in_range(unsigned long size, unsigned long flags)
{
	unsigned long start = (VMALLOC_START / 2 + VMALLOC_END / 2) & PAGE_MASK;
	struct vm_struct *vm =
		__get_vm_area_caller(size, flags, start, VMALLOC_END, __builtin_return_address(0));

	holds(!vm || (uintptr_t)vm->addr > start);
	return vm;
}

static void step_get_vm_area(void)
{
	reserve("get_vm_area", get_vm_area);
}

static void step_get_vm_area_caller(void)
{
	reserve("get_vm_area_caller", with_caller);
}

static void step___get_vm_area_caller(void)
{
	reserve("__get_vm_area_caller", in_range);
}

static struct held *reserved(void)
{
	return slot_of_kind(one_in(2) ? RESERVED : DEVICE);
}

static void step_free_vm_area(void)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED) | MAY(NOTHING));
	struct held *slot = aim == REFUSED ? slot_of_kind(VMALLOC) : reserved();
	struct vm_struct *vm;

	if (aim == NOTHING || !slot || (slot->kind == DEVICE && !slot->cookie)) {
		free_vm_area(NULL);
		came(NOTHING);
		return;
	}
	vm = find_vm_area((void *)slot->start);
	saying("free_vm_area(%u)", slot_number(slot));
	hush();
	if (aim == DONE)
		model_remove(slot);
	free_vm_area(vm);
	same(unhush() > 0, aim == REFUSED);
	if (aim == REFUSED)
		model_check(slot);
	came(aim);
}

static void step_remove_vm_area(void)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED) | MAY(NO_MEMORY));
	struct held *mapped = slot_of_kind(VMAPPED),
		    *slot = mapped ? mapped : slot_of_kind(RESERVED);
	void *addr = aim == REFUSED || !slot ? (void *)model_wrong_address() : (void *)slot->start;
	struct vm_struct *vm;

	if (!slot)
		aim = REFUSED;
	saying("remove_vm_area(%p)%s", addr, aim == NO_MEMORY ? ", starved" : "");
	call_begin(aim, 1);
	vm = remove_vm_area(addr);
	call_end();
	same(vm != NULL, aim == DONE);
	if (vm) {
		same((uintptr_t)vm->addr, slot->start);
		same(vm->flags, slot->flags);
		holds(model_is_gone(addr));
		model_remove(slot);
		kfree(vm);
	} else if (slot) {
		model_check(slot);
	}
	came(aim);
}

void release_areas(struct held *slot)
{
	void *addr = (void *)slot->start;

	switch (slot->kind) {
	case VMALLOC:
		vfree(addr);
		break;
	case VMAPPED:
		vunmap(addr);
		break;
	case RAM:
		vm_unmap_ram(addr, (unsigned int)slot->nr_pages);
		break;
	default:
		free_vm_area(find_vm_area(addr));
	}
}

#define MADE (MAY(DONE) | MAY(NO_MEMORY) | MAY(REFUSED))
static const struct call calls[] = {
	{"vmap", step_vmap, MADE},
	{"vunmap", step_vunmap, MAY(DONE) | MAY(REFUSED) | MAY(NOTHING)},
	{"vm_map_ram", step_vm_map_ram, MADE},
	{"vm_unmap_ram", step_vm_unmap_ram, MAY(DONE) | MAY(REFUSED)},
	{"get_vm_area", step_get_vm_area, MADE},
	{"get_vm_area_caller", step_get_vm_area_caller, MADE},
	{"__get_vm_area_caller", step___get_vm_area_caller, MADE},
	{"free_vm_area", step_free_vm_area, MAY(DONE) | MAY(REFUSED) | MAY(NOTHING)},
	{"remove_vm_area", step_remove_vm_area, MADE},
};
CALL_TABLE(map_table, calls);
