/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "../suites/words.h"
#include "dma_alloc.h"
#include "ioremap.h"
#include "lib/errno.h"
#include "percpu_alloc.h"

/* Device memory, sparse areas, memory of each CPU, memory for devices. */

#define GOT (MAY(DONE) | MAY(NO_MEMORY) | MAY(REFUSED))

/* Above all memory; each type of memory has a part of its own, so that none meets another. */
enum { WINDOW_PAGES = 1024 };
static phys_addr_t device(unsigned int type)
{
	return ((ioremap_ram_end() + 2 * PUD_SIZE) & ~(PUD_SIZE - 1)) +
	       (phys_addr_t)type * 2 * WINDOW_PAGES * PAGE_SIZE + pick(WINDOW_PAGES) * PAGE_SIZE;
}

static void remap(const char *name, void *(*call)(phys_addr_t phys, size_t size), unsigned int type)
{
	enum outcome aim = pick_outcome(GOT);
	phys_addr_t phys = device(type) + pick(PAGE_SIZE);
	size_t size = 1 + pick(one_in(8) ? 600 * PAGE_SIZE : 6 * PAGE_SIZE);
	struct held *slot = slot_for(1);
	struct held what = {.kind = DEVICE, .flags = VM_IOREMAP, .phys = phys};
	void *p;

	if (aim == REFUSED)
		switch (pick(3)) {
		case 0:
			size = 0;
			break;
		case 1:
			phys = page_to_phys(driver.pool[0]);
			break;
		default:
			phys = -(phys_addr_t)PAGE_SIZE;
		}
	saying("%s(0x%llx, %zu)%s as %u", name, (unsigned long long)phys, size,
	       aim == NO_MEMORY ? ", starved" : "", slot_number(slot));
	hush();
	if (aim == NO_MEMORY)
		starve_at(1);
	p = call(phys, size);
	starved();
	same(unhush() > 0 && !p, aim == REFUSED);
	same(p != NULL, aim == DONE);
	if (p) {
		same((uintptr_t)p & ~PAGE_MASK, phys & ~PAGE_MASK);
		same(vmalloc_to_pfn(p), phys >> PAGE_SHIFT);
		what.start = (uintptr_t)p & PAGE_MASK;
		what.nr_pages = ((phys & ~PAGE_MASK) + size + PAGE_SIZE - 1) >> PAGE_SHIFT;
		what.bytes = what.nr_pages * PAGE_SIZE;
		same(vmalloc_to_pfn((void *)(what.start + what.bytes - 1)),
		     (phys >> PAGE_SHIFT) + what.nr_pages - 1);
		model_add(slot, &what);
		model_check(slot);
	}
	came(aim);
}

static void *remap_wb(phys_addr_t phys, size_t size)
{
	return memremap(phys, size, MEMREMAP_WB);
}

#define REMAP(function, call, type)                                                                \
	static void step_##function(void)                                                          \
	{                                                                                          \
		remap(#function, call, type);                                                      \
	}
REMAP(ioremap, ioremap, 0)
REMAP(ioremap_uc, ioremap_uc, 1)
REMAP(ioremap_wc, ioremap_wc, 2)
REMAP(ioremap_wt, ioremap_wt, 3)
REMAP(ioremap_cache, ioremap_cache, 4)
REMAP(memremap, remap_wb, 4)

static void unmap_as_void(void *addr)
{
	iounmap(addr);
}

static void unmap(const char *name, void (*call)(void *addr))
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED) | MAY(NOTHING));
	struct held *slot = slot_of_kind(aim == REFUSED ? VMALLOC : DEVICE);
	uintptr_t start = slot ? slot->start : 0;

	if (aim == NOTHING || !slot) {
		call(NULL);
		came(NOTHING);
		return;
	}
	saying("%s(%u)", name, slot_number(slot));
	if (aim == DONE)
		model_remove(slot);
	hush();
	call((void *)(start + pick(PAGE_SIZE)));
	same(unhush() > 0, aim == REFUSED);
	if (aim == REFUSED)
		model_check(slot);
	else
		holds(!find_vm_area((void *)start));
	came(aim);
}

static void step_iounmap(void)
{
	unmap("iounmap", unmap_as_void);
}

static void step_memunmap(void)
{
	unmap("memunmap", memunmap);
}

static void step_vmap_pfn(void)
{
	enum outcome aim = pick_outcome(GOT);
	unsigned long pfns[8], first = device(5) >> PAGE_SHIFT;
	unsigned int nr = 1 + (unsigned int)pick(8);
	struct held *slot = slot_for(1);
	struct held what = {.kind = DEVICE, .flags = VM_IOREMAP, .nr_pages = nr};

	for (unsigned int i = 0; i < nr; i++)
		pfns[i] = first + i * (1 + pick(3));
	if (aim == REFUSED)
		pfns[pick(nr)] = page_to_pfn(driver.pool[0]);
	saying("vmap_pfn(%u frames)%s as %u", nr, aim == NO_MEMORY ? ", starved" : "",
	       slot_number(slot));
	hush();
	if (aim == NO_MEMORY)
		starve_at(1);
	what.start = (uintptr_t)vmap_pfn(pfns, nr, PAGE_KERNEL_NOCACHE);
	starved();
	unhush();
	same(what.start != 0, aim == DONE);
	if (what.start) {
		for (unsigned int i = 0; i < nr; i++)
			same(vmalloc_to_pfn((void *)(what.start + i * PAGE_SIZE)), pfns[i]);
		what.bytes = nr * PAGE_SIZE;
		model_add(slot, &what);
		model_check(slot);
	}
	came(aim);
}

/* A sparse area, or NULL. */
static struct held *sparse(void)
{
	for (unsigned int tries = 0; tries < 8; tries++) {
		struct held *slot = slot_of_kind(RESERVED);

		if (slot && slot->flags & VM_SPARSE)
			return slot;
	}
	return NULL;
}

static int part_error(unsigned int spoiled, const struct held *slot, unsigned long *start,
		      unsigned long *end)
{
	switch (spoiled) {
	case 0:
		*start += 8;
		return -EINVAL;
	case 1:
		*end = slot->start + (slot->nr_pages + 1) * PAGE_SIZE;
		return -ERANGE;
	default:
		*end = *start + (totalram_pages() + 1) * PAGE_SIZE;
		return -E2BIG;
	}
}

static void part(const char *name, bool map)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED));
	struct held *slot = sparse();
	size_t first, nr;
	unsigned long start, end;
	uint64_t bits;
	int expected = 0;

	if (!slot)
		return;
	first = pick(slot->nr_pages);
	if (slot->parts && one_in(3))
		first = (size_t)__builtin_ctzll(slot->parts);
	nr = 1 + pick(slot->nr_pages - first);
	start = slot->start + first * PAGE_SIZE;
	end = start + nr * PAGE_SIZE;
	bits = (((uint64_t)1 << nr) - 1) << first;
	if (aim == REFUSED)
		expected = part_error((unsigned int)pick(3), slot, &start, &end);
	else if (map && (slot->parts & bits) != 0)
		expected = -EBUSY;
	saying("%s(%u, page %zu, %zu pages): %d", name, slot_number(slot), first, nr, expected);
	if (map) {
		static struct page *pages[PARTS];

		for (size_t i = 0; i < nr; i++)
			pages[i] = driver.pool[(slot->first + first + i) % POOL];
		same(vm_area_map_pages(slot->cookie, start, end, pages), expected);
	} else {
		same(vm_area_unmap_pages(slot->cookie, start, end), expected);
	}
	if (!expected)
		slot->parts = map ? slot->parts | bits : slot->parts & ~bits;
	for (size_t i = 0; i < slot->nr_pages; i++)
		same(vmalloc_to_page((void *)(slot->start + i * PAGE_SIZE)) != NULL,
		     slot->parts >> i & 1);
	model_check(slot);
	came(expected == -EBUSY ? BUSY : aim);
}

static void step_vm_area_map_pages(void)
{
	part("vm_area_map_pages", true);
}

static void step_vm_area_unmap_pages(void)
{
	part("vm_area_unmap_pages", false);
}

static void step_dma_alloc_coherent(void)
{
	enum outcome aim = pick_outcome(GOT);
	size_t bytes = 1 + pick(6 * PAGE_SIZE);
	dma_addr_t dma = 77;
	struct held *slot = slot_for(6);
	struct held what = {.kind = DMA, .bytes = bytes, .flags = VM_DMA_COHERENT};
	char *p;

	saying("dma_alloc_coherent(%zu)%s as %u", bytes, aim == NO_MEMORY ? ", starved" : "",
	       slot_number(slot));
	hush();
	if (aim == NO_MEMORY)
		starve();
	p = dma_alloc_coherent(NULL, aim == REFUSED ? 0 : bytes, &dma, GFP_KERNEL);
	starved();
	unhush();
	holds(p ? aim != REFUSED : aim != DONE);
	same(dma == 77, !p);
	if (p) {
		same(vmalloc_to_pfn(p + bytes - 1), (dma + bytes - 1) >> PAGE_SHIFT);
		holds(all_zero(p, bytes));
		what.start = (uintptr_t)p;
		what.nr_pages = (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
		what.phys = dma;
		model_add(slot, &what);
		contents_fill(slot);
		model_check(slot);
	}
	came(p ? DONE : aim);
}

static void step_dma_free_coherent(void)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED));
	struct held *slot = slot_of_kind(DMA);
	struct held old;

	if (!slot)
		return;
	contents_verify(slot);
	saying("dma_free_coherent(%u)", slot_number(slot));
	old = *slot;
	if (aim == DONE)
		model_remove(slot);
	hush();
	dma_free_coherent(NULL, old.bytes, (void *)old.start,
			  old.phys + (aim == REFUSED ? PAGE_SIZE : 0));
	same(unhush() > 0, aim == REFUSED);
	if (aim == REFUSED)
		model_check(slot);
	came(aim);
}

static void step_alloc_percpu(void)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED));
	size_t bytes = 1 + pick(one_in(6) ? 9000 : 300), align = 1ul << pick(9);
	struct held *slot = slot_for(1);
	struct held what = {.kind = PERCPU, .bytes = bytes};
	void *p;

	saying("__alloc_percpu(%zu, %zu) as %u", bytes, align, slot_number(slot));
	hush();
	p = __alloc_percpu(aim == REFUSED ? 0 : bytes, align);
	unhush();
	same(p != NULL, aim == DONE);
	if (p) {
		same((uintptr_t)p & (align - 1), 0);
		for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
			holds(all_zero(per_cpu_ptr((char *)p, cpu), bytes));
		what.start = (uintptr_t)p;
		model_add(slot, &what);
		contents_fill(slot);
	}
	came(aim);
}

static void step_free_percpu(void)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED) | MAY(NOTHING));
	struct held *slot = slot_of_kind(PERCPU);
	uintptr_t start;

	if (aim == NOTHING || !slot) {
		free_percpu(NULL);
		came(NOTHING);
		return;
	}
	contents_verify(slot);
	saying("free_percpu(%u)", slot_number(slot));
	start = slot->start;
	if (aim == DONE)
		model_remove(slot);
	hush();
	free_percpu((void *)(start + (aim == REFUSED ? 1 + pick(15) : 0)));
	same(unhush() > 0, aim == REFUSED);
	came(aim);
}

void release_special(struct held *slot)
{
	void *p = (void *)slot->start;

	if (slot->kind == DMA)
		dma_free_coherent(NULL, slot->bytes, p, slot->phys);
	else if (slot->kind == PERCPU)
		free_percpu(p);
	else
		iounmap(p);
}

static const struct call calls[] = {
	{"ioremap", step_ioremap, GOT},
	{"ioremap_uc", step_ioremap_uc, GOT},
	{"ioremap_wc", step_ioremap_wc, GOT},
	{"ioremap_wt", step_ioremap_wt, GOT},
	{"ioremap_cache", step_ioremap_cache, GOT},
	{"memremap", step_memremap, GOT},
	{"iounmap", step_iounmap, MAY(DONE) | MAY(REFUSED) | MAY(NOTHING)},
	{"memunmap", step_memunmap, MAY(DONE) | MAY(REFUSED) | MAY(NOTHING)},
	{"vmap_pfn", step_vmap_pfn, GOT},
	{"vm_area_map_pages", step_vm_area_map_pages, MAY(DONE) | MAY(REFUSED) | MAY(BUSY)},
	{"vm_area_unmap_pages", step_vm_area_unmap_pages, MAY(DONE) | MAY(REFUSED)},
	{"dma_alloc_coherent", step_dma_alloc_coherent, GOT},
	{"dma_free_coherent", step_dma_free_coherent, MAY(DONE) | MAY(REFUSED)},
	{"__alloc_percpu", step_alloc_percpu, MAY(DONE) | MAY(REFUSED)},
	{"free_percpu", step_free_percpu, MAY(DONE) | MAY(REFUSED) | MAY(NOTHING)},
};
CALL_TABLE(special_table, calls);
