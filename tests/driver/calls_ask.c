/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "../suites/words.h"
#include "slab.h"
#include "vmallocinfo.h"

/* The asking calls, and those that change how the rest is done. */

/* What changes everything, or asks for all of it, is not done every time: it takes long. */
static bool seldom(void)
{
	return !one_in(5);
}

static struct held *some_area(void)
{
	static const enum kind kinds[] = {VMALLOC, VMALLOC, VMAPPED, DEVICE, RESERVED, DMA};

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
	static char buffer[2 * PAGE_SIZE];
	struct held *slot = one_in(4) ? NULL : slot_of_kind(VMALLOC);
	uintptr_t from = slot ? slot->start : VMALLOC_START;
	size_t nr = 1 + pick(PAGE_SIZE);

	saying("vread(%lx, %zu)", from, nr);
	same(vread(buffer, (char *)from, nr) > 0, slot != NULL);
	for (size_t i = 0; slot && i < nr; i += 61)
		same(buffer[i], ((char *)from)[i]);
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

static void step_vm_unmap_aliases(void)
{
	if (seldom())
		return;
	saying("vm_unmap_aliases()");
	vm_unmap_aliases();
	came(DONE);
}

static void step_vmap_area_set_guard(void)
{
	unsigned int pages = 1 + (unsigned int)pick(17);

	if (seldom())
		return;
	saying("vmap_area_set_guard(%u)", pages);
	vmap_area_set_guard(pages);
	same(vmap_area_guard(), pages);
	came(DONE);
}

static void step_vmap_area_set_cache(void)
{
	bool on = one_in(2);

	if (seldom())
		return;
	saying("vmap_area_set_cache(%d)", on);
	vmap_area_set_cache(on);
	came(DONE);
}

static void step_vmap_area_set_quarantine(void)
{
	uint64_t pages = pick(2) * pick(3000);

	if (seldom())
		return;
	saying("vmap_area_set_quarantine(%llu)", (unsigned long long)pages);
	vmap_area_set_quarantine(pages);
	came(DONE);
}

static void step_mm_quiesce(void)
{
	if (seldom())
		return;
	saying("mm_quiesce()");
	mm_quiesce();
	driver.deferred = 0;
	check_totals();
	came(DONE);
}

static void step_drain_all_pages(void)
{
	uint64_t before = nr_free_pages();

	saying("drain_all_pages()");
	drain_all_pages();
	same(nr_free_pages(), before);
	came(DONE);
}

static int nothing(struct notifier_block *block, unsigned long action, void *data)
{
	(void)block, (void)action, (void)data;
	return 0;
}

static void step_purge_notifier(void)
{
	static struct notifier_block block = {.notifier_call = nothing};

	same(register_vmap_purge_notifier(&block), 0);
	same(unregister_vmap_purge_notifier(&block), 0);
	holds(unregister_vmap_purge_notifier(&block) != 0);
	came(DONE);
	came(REFUSED);
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

/* What a run was told is to hold again after it. */
void settings_reset(void)
{
	vmap_area_set_guard(1);
	vmap_area_set_cache(true);
	vmap_area_set_quarantine(0);
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
	{"vm_unmap_aliases", step_vm_unmap_aliases, MAY(DONE)},
	{"vmap_area_set_guard", step_vmap_area_set_guard, MAY(DONE)},
	{"vmap_area_set_cache", step_vmap_area_set_cache, MAY(DONE)},
	{"vmap_area_set_quarantine", step_vmap_area_set_quarantine, MAY(DONE)},
	{"mm_quiesce", step_mm_quiesce, MAY(DONE)},
	{"drain_all_pages", step_drain_all_pages, MAY(DONE)},
	{"register_vmap_purge_notifier", step_purge_notifier, MAY(DONE) | MAY(REFUSED)},
	{"ksize", step_ksize, MAY(DONE)},
};
CALL_TABLE(ask_table, calls);
