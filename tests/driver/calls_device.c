/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "../suites/words.h"
#include "dma_alloc.h"
#include "ioremap.h"
#include "lib/errno.h"

/* Device memory, and memory for devices. */

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
	call_begin(aim, SOMEWHERE);
	p = call(phys, size);
	same(call_end() > 0 && !p && aim != NO_MEMORY, aim == REFUSED);
	holds(p ? aim != REFUSED : aim != DONE);
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
	came(p ? DONE : aim);
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
		holds(model_is_gone((void *)start));
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
	call_begin(aim, SOMEWHERE);
	what.start = (uintptr_t)vmap_pfn(pfns, nr, PAGE_KERNEL_NOCACHE);
	call_end();
	holds(what.start ? aim != REFUSED : aim != DONE);
	if (what.start) {
		for (unsigned int i = 0; i < nr; i++)
			same(vmalloc_to_pfn((void *)(what.start + i * PAGE_SIZE)), pfns[i]);
		what.bytes = nr * PAGE_SIZE;
		model_add(slot, &what);
		model_check(slot);
	}
	came(what.start ? DONE : aim);
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
	call_begin(aim, SOMEWHERE);
	p = dma_alloc_coherent(NULL, aim == REFUSED ? 0 : bytes, &dma, GFP_KERNEL);
	call_end();
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

void release_device(struct held *slot)
{
	void *p = (void *)slot->start;

	if (slot->kind == DMA)
		dma_free_coherent(NULL, slot->bytes, p, slot->phys);
	else
		iounmap(p);
}

#define GIVEN (MAY(DONE) | MAY(REFUSED) | MAY(NOTHING))
static const struct call calls[] = {
	CALLS_NAMED(ioremap, GOT),
	CALLS_NAMED(ioremap_uc, GOT),
	CALLS_NAMED(ioremap_wc, GOT),
	CALLS_NAMED(ioremap_wt, GOT),
	CALLS_NAMED(ioremap_cache, GOT),
	CALLS_NAMED(memremap, GOT),
	CALLS_NAMED(iounmap, GIVEN),
	CALLS_NAMED(memunmap, GIVEN),
	CALLS_NAMED(vmap_pfn, GOT),
	CALLS_NAMED(dma_alloc_coherent, GOT),
	CALLS_NAMED(dma_free_coherent, MAY(DONE) | MAY(REFUSED)),
};
CALL_TABLE(device_table, calls);
