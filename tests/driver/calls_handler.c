/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "fault_probe.h"
#include "lib/errno.h"
#include "percpu_alloc.h"
#include "set_memory.h"
#include "slab.h"
#include "vm_map_ram.h"

/*
 * Calls from an exception handler: a describer (fault.h) runs in one, when a fault that nobody
 * expected is reported. What may wait is refused there with a line, what may not does its work or
 * says that it cannot now; freeing is put off.
 */

/* ThreadSanitizer's picture of the stack does not outlive that a fault leaves it so often. */
#ifdef UNDER_TSAN
#define HERE (ALONE | TOGETHER)
#else
#define HERE 0
#endif

struct visit {
	void (*act)(struct visit *visit);
	struct held *slot;
	void *p;	    /* what the call gave */
	unsigned int lines; /* that the call itself logged */
	unsigned int order;
	size_t size;
	enum outcome aim;
	bool ran;
};

static struct visit *visits[PLATFORM_CPUS_MAX];

static bool describe(uintptr_t address, char *buffer, size_t size)
{
	struct visit *visit = visits[platform_cpu()];
	unsigned int before;

	(void)address;
	(void)buffer;
	(void)size;
	if (!visit || visit->ran || !fault_in_handler())
		return false;
	visit->ran = true;
	before = driver.lines;
	visit->act(visit);
	visit->lines = driver.lines - before;
	return false;
}

/* In no region: every describer is asked. */
static void provoke(void)
{
	struct fault_catch catch;

	if (fault_catch(&catch) == 0) {
		fault_probe_read(VMALLOC_START - 1);
		fault_catch_end();
	}
}

void handler_prepare(void)
{
	fault_add_describer(describe);
}

static void visit_handler(struct visit *visit)
{
	visits[platform_cpu()] = visit;
	hush();
	provoke();
	call_end();
	visits[platform_cpu()] = NULL;
	holds(visit->ran);
}

/* A fault that is reported takes long, on the host above all. */
static bool seldom(void)
{
	return !one_in(4);
}

static void refused_there(const char *name, void (*act)(struct visit *visit))
{
	struct visit visit = {.act = act, .slot = slot_of_kind(VMALLOC), .size = 1 + pick(20000)};

	if (!visit.slot || seldom())
		return;
	saying("%s in a handler", name);
	visit_handler(&visit);
	holds(!visit.p);
	holds(visit.lines > 0);
	model_check(visit.slot);
	check_totals();
	came(REFUSED);
}

#define REFUSED_THERE(function, ...)                                                               \
	static void act_##function(struct visit *v)                                                \
	{                                                                                          \
		v->p = __VA_ARGS__;                                                                \
	}                                                                                          \
	static void step_##function(void)                                                          \
	{                                                                                          \
		refused_there(#function, act_##function);                                          \
	}
REFUSED_THERE(vmalloc, vmalloc(v->size))
REFUSED_THERE(vmap, vmap(driver.pool, 2, VM_MAP, PAGE_KERNEL))
REFUSED_THERE(vm_map_ram, vm_map_ram(driver.pool, 2, NUMA_NO_NODE))
REFUSED_THERE(get_vm_area, get_vm_area(v->size, VM_MAP))
REFUSED_THERE(vrealloc, vrealloc((void *)v->slot->start, v->size, GFP_KERNEL))
REFUSED_THERE(alloc_pages, alloc_pages(GFP_KERNEL, 0))
REFUSED_THERE(kmalloc, kmalloc(v->size, GFP_KERNEL))
REFUSED_THERE(__alloc_percpu, __alloc_percpu(v->size, 8))
REFUSED_THERE(set_memory_ro, set_memory_ro(v->slot->start, 1) == -EINVAL ? NULL : v)

/* What does not wait: the thing, or NULL when a lock was taken or memory is short. */
static void got_there(const char *name, void (*act)(struct visit *visit), enum kind kind)
{
	struct visit visit = {.act = act,
			      .size = 1 + pick(kind == KMALLOC ? 3000 : 9 * PAGE_SIZE),
			      .order = (unsigned int)pick(3),
			      .aim = pick_outcome(MAY(DONE) | MAY(NO_MEMORY))};
	struct held *slot = slot_for(16);
	struct held what = {.kind = kind, .bytes = visit.size, .order = NO_ORDER};

	if (one_in(3))
		return;
	saying("%s(%zu, order %u) in a handler%s as %u", name, visit.size, visit.order,
	       visit.aim == NO_MEMORY ? ", starved" : "", slot_number(slot));
	visit_handler(&visit);
	holds(visit.aim != NO_MEMORY || !visit.p || kind == KMALLOC);
	if (visit.p) {
		what.start = (uintptr_t)visit.p;
		if (kind == FRAMES) {
			what.order = visit.order;
			what.bytes = PAGE_SIZE << visit.order;
		}
		if (kind != KMALLOC)
			what.nr_pages = (what.bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
		what.flags = kind == VMALLOC ? VM_ALLOC : 0;
		model_add(slot, &what);
		contents_fill(slot);
		model_check(slot);
	}
	check_totals();
	came(visit.p ? DONE : NO_MEMORY);
}

#define GOT_THERE(function, kind, ...)                                                             \
	static void act_##function(struct visit *v)                                                \
	{                                                                                          \
		if (v->aim == NO_MEMORY)                                                           \
			starve(1);                                                                 \
		v->p = __VA_ARGS__;                                                                \
	}                                                                                          \
	static void step_##function(void)                                                          \
	{                                                                                          \
		got_there(#function, act_##function, kind);                                        \
	}
GOT_THERE(__vmalloc, VMALLOC, __vmalloc(v->size, GFP_ATOMIC | __GFP_NOWARN))
GOT_THERE(__get_free_pages, FRAMES, (void *)__get_free_pages(GFP_ATOMIC | __GFP_NOWARN, v->order))
GOT_THERE(kmalloc_atomic, KMALLOC, kmalloc(v->size, GFP_ATOMIC | __GFP_NOWARN))

static void act_vfree(struct visit *visit)
{
	vfree(visit->p);
}

/* What was put off is looked at with the next chance, by whichever CPU has it. */
static void drain_with_complaint(void)
{
	hush();
	vm_unmap_aliases();
	holds(unhush() > 0 || driver.together);
}

/* Nothing is there any more for those who ask; the frames come with the next drain. */
static void step_vfree(void)
{
	struct held *slot = slot_of_kind(VMALLOC);
	struct visit visit = {.act = act_vfree};
	bool wrong = one_in(2);

	if (!slot || one_in(2))
		return;
	contents_verify(slot);
	visit.p = (void *)(wrong ? model_wrong_address() : slot->start);
	saying("vfree(%u%s) in a handler", slot_number(slot), wrong ? ", or rather elsewhere" : "");
	if (!wrong) {
		driver.deferred += slot->nr_pages;
		model_remove(slot);
	}
	visit_handler(&visit);
	same(visit.lines, 0);
	if (wrong)
		drain_with_complaint();
	holds(wrong || model_is_gone(visit.p));
	check_totals();
	came(wrong ? REFUSED : DONE);
}

static void act_free_page(struct visit *visit)
{
	__free_page(virt_to_page(visit->p));
}

static void step___free_page(void)
{
	struct visit visit = {.act = act_free_page};
	struct page *page;

	if (seldom())
		return;
	page = alloc_page(GFP_KERNEL);
	holds(page);
	visit.p = page_address(page);
	saying("__free_page() in a handler");
	visit_handler(&visit);
	same(visit.lines, 0);
	came(DONE);
}

static void act_kfree(struct visit *visit)
{
	kfree(visit->p);
}

static void step_kfree(void)
{
	struct held *slot = slot_of_kind(KMALLOC);
	struct visit visit = {.act = act_kfree};

	if (!slot || seldom())
		return;
	contents_verify(slot);
	visit.p = (void *)slot->start;
	saying("kfree(%u) in a handler", slot_number(slot));
	model_remove(slot);
	visit_handler(&visit);
	same(visit.lines, 0);
	came(DONE);
}

static void act_ask(struct visit *visit)
{
	struct vm_struct *vm = find_vm_area(visit->p);
	size_t page = ((uintptr_t)visit->p - visit->slot->start) >> PAGE_SHIFT;
	bool there = vmalloc_to_page(visit->p) && vmalloc_to_pfn(visit->p);

	holds(!vm || (uintptr_t)vm->addr == visit->slot->start);
	visit->ran = is_vmalloc_addr(visit->p) && there == !is_absent(visit->slot, page);
	vmalloc_dump_obj(visit->p);
}

/* Whether a lock is taken cannot be foreseen; here none is. */
static void step_asking(void)
{
	struct visit visit = {.act = act_ask, .slot = slot_of_kind(VMALLOC)};

	if (!visit.slot || seldom())
		return;
	visit.p = (void *)(visit.slot->start + pick(visit.slot->nr_pages) * PAGE_SIZE);
	saying("questions about %u in a handler", slot_number(visit.slot));
	visit_handler(&visit);
	came(DONE);
}

#define IN_HANDLER(function, outcomes)                                                             \
	{                                                                                          \
#function " (handler)", step_##function, (outcomes) | HERE                         \
	}
#define GOT (MAY(DONE) | MAY(NO_MEMORY))
static const struct call calls[] = {
	IN_HANDLER(vmalloc, MAY(REFUSED)),
	IN_HANDLER(vmap, MAY(REFUSED)),
	IN_HANDLER(vm_map_ram, MAY(REFUSED)),
	IN_HANDLER(get_vm_area, MAY(REFUSED)),
	IN_HANDLER(vrealloc, MAY(REFUSED)),
	IN_HANDLER(alloc_pages, MAY(REFUSED)),
	IN_HANDLER(kmalloc, MAY(REFUSED)),
	IN_HANDLER(__alloc_percpu, MAY(REFUSED)),
	IN_HANDLER(set_memory_ro, MAY(REFUSED)),
	IN_HANDLER(__vmalloc, GOT),
	IN_HANDLER(__get_free_pages, GOT),
	{"kmalloc (atomic, handler)", step_kmalloc_atomic, GOT | HERE},
	IN_HANDLER(vfree, MAY(DONE) | MAY(REFUSED)),
	IN_HANDLER(__free_page, MAY(DONE)),
	IN_HANDLER(kfree, MAY(DONE)),
	{"find_vm_area (handler)", step_asking, MAY(DONE) | ALONE | HERE},
};
CALL_TABLE(handler_table, calls);
