/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "../suites/words.h"
#include "percpu_alloc.h"

/* Memory of each CPU, and the congruent areas under it. */

static void step___alloc_percpu(void)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED) | MAY(NO_MEMORY));
	size_t bytes = 1 + pick(one_in(6) ? 9000 : 300), align = 1ul << pick(9);
	struct held *slot = slot_for(1);
	struct held what = {.kind = PERCPU, .bytes = bytes};
	void *p;

	saying("__alloc_percpu(%zu, %zu) as %u", bytes, align, slot_number(slot));
	if (aim == DONE && !driver.together && one_in(2))
		aim = NO_MEMORY;
	if (aim == NO_MEMORY) /* more than what is left of any chunk */
		bytes = PERCPU_UNIT_BYTES - pick(PAGE_SIZE);
	call_begin(aim, 2 + pick(6));
	p = __alloc_percpu(aim == REFUSED ? 0 : bytes, align);
	if (starved())
		driver.internal += 4; /* a chunk's bookkeeping may be vmalloc's then */
	unhush();
	holds(p ? aim != REFUSED : aim != DONE);
	if (p) {
		same((uintptr_t)p & (align - 1), 0);
		for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
			holds(all_zero(per_cpu_ptr((char *)p, cpu), bytes));
		what.start = (uintptr_t)p;
		model_add(slot, &what);
		contents_fill(slot);
	}
	came(p ? DONE : aim);
}

static void step_free_percpu(void)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED) | MAY(NOTHING));
	struct held *slot = slot_of_kind(PERCPU);
	uintptr_t start;

	if (aim == DONE && one_in(3))
		aim = REFUSED;
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

enum { GROUP = 4 };

/* One place after the other, with holes; `spoil`: two of them overlap, or one is not aligned. */
static void choose_offsets(unsigned long *offsets, size_t *sizes, int nr, size_t align, bool spoil)
{
	unsigned long at = align * pick(3);

	for (int i = 0; i < nr; i++) {
		sizes[i] = (1 + pick(9)) * PAGE_SIZE;
		offsets[i] = at;
		at += (sizes[i] + 2 * PAGE_SIZE * vmap_area_guard() + align * (1 + pick(20))) &
		      ~(align - 1);
	}
	if (spoil && one_in(2))
		offsets[pick((uint64_t)nr)] += align / 2;
	else if (spoil)
		sizes[pick((uint64_t)nr)] = 0;
}

static void add_congruent(struct vm_struct **vms, const unsigned long *offsets, const size_t *sizes,
			  int nr)
{
	for (int i = 0; i < nr; i++) {
		struct held *slot = slot_free();
		struct held what = {.kind = CONGRUENT,
				    .start = (uintptr_t)vms[i]->addr,
				    .bytes = sizes[i],
				    .nr_pages = sizes[i] >> PAGE_SHIFT,
				    .flags = VM_ALLOC,
				    .order = (unsigned int)nr,
				    .cookie = vms};

		same(what.start - offsets[i], (uintptr_t)vms[0]->addr - offsets[0]);
		model_add(slot, &what);
		model_check(slot);
	}
}

static unsigned int nr_free_slots(void)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < NR_SLOTS; i++)
		nr += driver.slots[i].kind == FREE_SLOT;
	return nr;
}

/* Slots for a whole group, which must not be released while it is taken in. */
static void make_room(void)
{
	while (nr_free_slots() < GROUP) {
		struct held *old = &driver.slots[pick_seed() % NR_SLOTS];

		if (old->kind != FREE_SLOT && old->kind != CACHE)
			release(old);
	}
}

static void step_pcpu_get_vm_areas(void)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED) | MAY(NO_MEMORY));
	size_t sizes[GROUP], align = PAGE_SIZE << (1 + pick(4));
	unsigned long offsets[GROUP];
	int nr = 1 + (int)pick(GROUP);
	struct vm_struct **vms;

	make_room();
	choose_offsets(offsets, sizes, nr, align, aim == REFUSED);
	saying("pcpu_get_vm_areas(%d areas, align 0x%zx)%s", nr, align,
	       aim == REFUSED	  ? ", not sound"
	       : aim == NO_MEMORY ? ", starved"
				  : "");
	call_begin(aim, SOMEWHERE);
	vms = pcpu_get_vm_areas(offsets, sizes, nr, align);
	same(call_end() > 0 && aim != NO_MEMORY, aim == REFUSED);
	holds(vms ? aim != REFUSED : aim != DONE);
	if (vms) {
		for (int i = 0; i < nr; i++)
			same((uintptr_t)vms[i]->addr & (align - 1), 0);
		add_congruent(vms, offsets, sizes, nr);
	}
	came(vms ? DONE : aim);
}

/* All that came from one call. */
static void free_group(const struct held *slot)
{
	struct vm_struct **vms = slot->cookie;
	int nr = (int)slot->order;
	void *first = vms[0]->addr;

	for (unsigned int i = 0; i < NR_SLOTS; i++)
		if (driver.slots[i].kind == CONGRUENT && driver.slots[i].cookie == vms)
			model_remove(&driver.slots[i]);
	pcpu_free_vm_areas(vms, nr);
	holds(model_is_gone(first));
}

static void step_pcpu_free_vm_areas(void)
{
	struct held *slot = one_in(4) ? NULL : slot_of_kind(CONGRUENT);

	if (!slot) {
		pcpu_free_vm_areas(NULL, 1);
		came(NOTHING);
		return;
	}
	saying("pcpu_free_vm_areas(%u and its like)", slot_number(slot));
	free_group(slot);
	came(DONE);
}

void release_percpu(struct held *slot)
{
	if (slot->kind == CONGRUENT) {
		free_group(slot);
		return;
	}
	model_remove(slot);
	free_percpu((void *)slot->start);
}

#define GOT (MAY(DONE) | MAY(REFUSED) | MAY(NO_MEMORY))
static const struct call calls[] = {
	CALLS_NAMED(__alloc_percpu, GOT),
	CALLS_NAMED(free_percpu, MAY(DONE) | MAY(REFUSED) | MAY(NOTHING)),
	CALLS_NAMED(pcpu_get_vm_areas, GOT),
	CALLS_NAMED(pcpu_free_vm_areas, MAY(DONE) | MAY(NOTHING)),
};
CALL_TABLE(percpu_table, calls);
