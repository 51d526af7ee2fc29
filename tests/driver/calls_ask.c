/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "../suites/words.h"
#include "slab.h"
#include "vmallocinfo.h"
#include "walk.h"

/* The asking calls. */

/* What changes everything, or asks for all of it, is not done every time: it takes long. */
static bool seldom(void)
{
	return !one_in(5);
}

static struct held *some_area(void)
{
	static const enum kind kinds[] = {VMALLOC,  VMALLOC, VMAPPED,  DEVICE,
					  RESERVED, DMA,     CONGRUENT};

	return slot_of_kind(kinds[pick(sizeof(kinds) / sizeof(kinds[0]))]);
}

/* An address in an area, or, with NULL, one in none. */
static struct held *some_place(uintptr_t *address)
{
	struct held *slot = one_in(3) ? NULL : some_area();

	*address = VMALLOC_START + pick(PAGE_SIZE); /* the first area's guard */
	if (slot)
		*address = slot->start + pick(slot->nr_pages * PAGE_SIZE);
	return slot;
}

static void step_find_vm_area(void)
{
	uintptr_t address;
	struct held *slot = some_place(&address);
	struct vm_struct *vm = find_vm_area((void *)address);

	saying("find_vm_area(%lx)", address);
	same(vm ? (uintptr_t)vm->addr : 0, slot ? slot->start : 0);
	came(slot ? DONE : NOTHING);
}

static void step_find_vmap_area(void)
{
	uintptr_t address;
	struct held *slot = some_place(&address);
	struct vmap_area *va = find_vmap_area(address);

	saying("find_vmap_area(%lx)", address);
	same(va ? va->va_start : 0, slot ? slot->start : 0);
	came(slot ? DONE : NOTHING);
}

static void step_is_vmalloc_addr(void)
{
	uintptr_t address;

	some_place(&address);
	holds(is_vmalloc_addr((void *)address));
	holds(!is_vmalloc_addr(page_address(driver.pool[0])) && !is_vmalloc_addr(NULL));
	came(DONE);
}

static bool is_backed(const struct held *slot, uintptr_t address)
{
	if (slot && (slot->kind == CONGRUENT || (slot->kind == DEVICE && slot->cookie) ||
		     is_absent(slot, (address - slot->start) >> PAGE_SHIFT)))
		return false;
	return slot && (slot->kind != RESERVED ||
			slot->parts >> ((address - slot->start) >> PAGE_SHIFT) & 1);
}

static void step_vmalloc_to_page(void)
{
	uintptr_t address;
	struct held *slot = some_place(&address);
	struct page *page = vmalloc_to_page((void *)address);
	bool memory = slot && slot->kind != DEVICE && is_backed(slot, address);

	saying("vmalloc_to_page(%lx)", address);
	same(page != NULL, memory);
	if (memory)
		holds(page_count(page) > 0 &&
		      *(volatile char *)address ==
			      ((char *)page_address(page))[address & ~PAGE_MASK]);
	came(page ? DONE : NOTHING);
}

static void step_vmalloc_to_pfn(void)
{
	uintptr_t address;
	struct held *slot = some_place(&address);
	unsigned long pfn = vmalloc_to_pfn((void *)address);

	saying("vmalloc_to_pfn(%lx)", address);
	if (!slot || slot->kind != DEVICE)
		same(pfn != 0, is_backed(slot, address));
	came(pfn ? DONE : NOTHING);
}

/* Of what is held hardly anything has large leaves. */
static void step_is_vm_area_hugepages(void)
{
	uintptr_t address;
	struct held *slot = some_place(&address);
	bool huge = is_vm_area_hugepages((void *)address);
	void *p = one_in(2) ? vmalloc_huge(PMD_SIZE + PAGE_SIZE, GFP_KERNEL) : NULL;

	holds(!huge || (slot && slot->nr_pages >= PMD_SIZE / PAGE_SIZE));
	if (p) {
		huge = is_vm_area_hugepages(p);
		holds(!huge || !((uintptr_t)p & (PMD_SIZE - 1)));
		vfree(p);
	}
	came(huge ? DONE : NOTHING);
}

static void step_vmalloc_nr_pages(void)
{
	check_totals();
	came(DONE);
}

static void step_vread(void)
{
	char buffer[PAGE_SIZE];
	struct held *slot = one_in(4) ? NULL : slot_of_kind(VMALLOC);
	uintptr_t from = slot ? slot->start : VMALLOC_START;
	size_t nr = 1 + pick(PAGE_SIZE);

	saying("vread(%lx, %zu)", from, nr);
	same(vread(buffer, (char *)from, nr) > 0, slot != NULL);
	for (size_t i = 0; slot && i < nr; i += 61)
		same(buffer[i], is_absent(slot, 0) ? 0 : ((char *)from)[i]);
	came(slot ? DONE : NOTHING);
}

static void step_vmalloc_dump_obj(void)
{
	uintptr_t address;
	bool told;

	some_place(&address);
	if (one_in(3))
		address = (uintptr_t)page_address(driver.pool[0]);
	hush();
	told = vmalloc_dump_obj((void *)address);
	same(unhush(), told);
	same(told, is_vmalloc_addr((void *)address));
	came(told ? DONE : NOTHING);
}

static void count_line(void *context, const char *text)
{
	unsigned int *nr = context;

	*nr += text_contains(text, "0x");
}

static void step_vmallocinfo(void)
{
	unsigned int nr = 0, held = 0;

	if (seldom())
		return;
	for (unsigned int i = 0; i < NR_SLOTS; i++)
		held += is_area(driver.slots[i].kind);
	vmallocinfo(count_line, &nr);
	holds(nr >= held);
	came(DONE);
}

static void step_vmalloc_get_totals(void)
{
	struct vmalloc_totals totals;

	vmalloc_get_totals(&totals);
	holds(totals.largest_free <= totals.free_bytes && totals.fragmentation <= 1000);
	came(DONE);
}

static void step_ksize(void)
{
	struct held *slot = slot_of_kind(KMALLOC);

	same(ksize(NULL), 0);
	if (!slot)
		return;
	holds(ksize((void *)slot->start) >= slot->bytes);
	came(DONE);
}

static void step_kmalloc_size_roundup(void)
{
	size_t size = 1 + pick(KMALLOC_MAX_SIZE), room = kmalloc_size_roundup(size);

	holds(room >= size && room <= KMALLOC_MAX_SIZE && room < 2 * size + KMALLOC_MIN_SIZE);
	same(kmalloc_size_roundup(room), room);
	came(DONE);
}

static void step_vmalloc_leaks(void)
{
	unsigned int nr = 0, held = 0;

	if (seldom())
		return;
	for (unsigned int i = 0; i < NR_SLOTS; i++)
		held += is_area(driver.slots[i].kind);
	holds(vmalloc_leaks(count_line, &nr) >= held);
	came(DONE);
}

/* The same frame by its number, its structure, its address; and whether it may be one of ours. */
static void step_page_address(void)
{
	struct page *page = driver.pool[pick(POOL)];
	uint64_t pfn = page_to_pfn(page);
	char *address = page_address(page);

	same((uintptr_t)pfn_to_page(pfn), (uintptr_t)page);
	same((uintptr_t)virt_to_page(address + pick(PAGE_SIZE)), (uintptr_t)page);
	same(page_to_phys(page), pfn << PAGE_SHIFT);
	same(virt_to_phys(address), pfn << PAGE_SHIFT);
	same((uintptr_t)phys_to_virt(pfn << PAGE_SHIFT), (uintptr_t)address);
	same((uintptr_t)pfn_to_kaddr(pfn), (uintptr_t)address);
	same((uintptr_t)phys_to_page(pfn << PAGE_SHIFT), (uintptr_t)page);
	same((uintptr_t)compound_head(page), (uintptr_t)page);
	holds(pfn_valid(pfn) && !pfn_valid(frame_end + pick(1000)));
	holds((unsigned int)page_to_nid(page) < nr_online_nodes());
	came(DONE);
}

static void step_nr_free_pages(void)
{
	uint64_t before = nr_free_pages();
	struct page *page = alloc_page(GFP_KERNEL);

	holds(page && before <= totalram_pages());
	same(nr_free_pages(), before - 1);
	__free_page(page);
	same(nr_free_pages(), before);
	came(DONE);
}

/* What the tables have, seen by their own walk. */
static void step_walk_lookup(void)
{
	uintptr_t address;
	struct held *slot = some_place(&address);
	struct leaf leaf;
	bool found = walk_lookup(&kernel_space, address, &leaf);

	saying("walk_lookup(%lx)", address);
	same(found, is_backed(slot, address));
	if (found) {
		size_t page = (address - slot->start) >> PAGE_SHIFT;
		bool changed = page < PROTECTED && slot->ro >> page & 1;

		holds(leaf.start <= address && address - leaf.start < leaf.size);
		same(vmalloc_to_pfn((void *)address),
		     (leaf.phys + (address - leaf.start)) >> PAGE_SHIFT);
		same(!!(leaf.prot.pgprot & _PAGE_RW), !slot->read_only && !changed);
		same(!(leaf.prot.pgprot & _PAGE_NX), page < PROTECTED && slot->exec >> page & 1);
	}
	came(found ? DONE : NOTHING);
}

#define ASKED (MAY(DONE) | MAY(NOTHING))
static const struct call calls[] = {
	{"find_vm_area", step_find_vm_area, ASKED},
	{"find_vmap_area", step_find_vmap_area, ASKED},
	{"is_vmalloc_addr", step_is_vmalloc_addr, MAY(DONE)},
	{"vmalloc_to_page", step_vmalloc_to_page, ASKED},
	{"vmalloc_to_pfn", step_vmalloc_to_pfn, ASKED},
	{"is_vm_area_hugepages", step_is_vm_area_hugepages, ASKED},
	{"vmalloc_nr_pages", step_vmalloc_nr_pages, MAY(DONE)},
	{"vread", step_vread, ASKED},
	{"vmalloc_dump_obj", step_vmalloc_dump_obj, ASKED},
	{"vmallocinfo", step_vmallocinfo, MAY(DONE)},
	{"vmalloc_get_totals", step_vmalloc_get_totals, MAY(DONE)},
	CALLS_NAMED(ksize, MAY(DONE)),
	CALLS_NAMED(kmalloc_size_roundup, MAY(DONE)),
	CALLS_NAMED(vmalloc_leaks, MAY(DONE)),
	CALLS_NAMED(page_address, MAY(DONE)),
	CALLS_NAMED(nr_free_pages, MAY(DONE) | ALONE),
	CALLS_NAMED(walk_lookup, ASKED),
};
CALL_TABLE(ask_table, calls);
