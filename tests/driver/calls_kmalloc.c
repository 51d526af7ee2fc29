/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "../suites/words.h"
#include "lib/string.h"
#include "slab.h"

#define GOT (MAY(DONE) | MAY(NO_MEMORY) | MAY(REFUSED))

/* kmalloc() and its relatives: n * size bytes. */
struct ask {
	size_t n, size;
	gfp_t gfp;
};
enum trait { CLEARED = 1, IS_ARRAY = 2, OR_VMALLOC = 4, COPIES = 8 };

static size_t some_size(void)
{
	return 1 + pick(one_in(6) ? 40000 : one_in(3) ? 3000 : 300);
}

static void allocate(const char *name, void *(*call)(const struct ask *ask), unsigned int traits)
{
	bool may_refuse = traits & (IS_ARRAY | OR_VMALLOC) || !(traits & COPIES);
	enum outcome aim =
		pick_outcome(MAY(DONE) | MAY(NO_MEMORY) | (may_refuse ? MAY(REFUSED) : 0));
	struct ask ask = {.n = 1, .size = some_size(), .gfp = GFP_KERNEL};
	bool zero = traits & CLEARED;
	void *p;

	if (traits & COPIES)
		ask.size = 1 + pick(PAGE_SIZE);
	if (traits & IS_ARRAY)
		ask.n = 1 + pick(4);
	if (one_in(4) && !(traits & COPIES)) {
		ask.gfp = one_in(2) ? GFP_ATOMIC : GFP_KERNEL | __GFP_ZERO;
		zero |= ask.gfp & __GFP_ZERO;
	}
	slot_for(ask.n * ask.size / PAGE_SIZE + 1);
	if (aim == REFUSED && traits & IS_ARRAY)
		ask.n = SIZE_MAX / 2, ask.size |= 3;
	else if (aim == REFUSED)
		ask.size = (totalram_pages() + 7) * PAGE_SIZE;
	saying("%s(%zu * %zu, gfp 0x%x)%s", name, ask.n, ask.size, ask.gfp,
	       aim == NO_MEMORY ? ", starved" : "");
	call_begin(aim, 1);
	p = call(&ask);
	call_end();
	holds(aim != REFUSED || !p);
	holds(aim != DONE || p);
	if (p)
		take_in_object(KMALLOC, p, ask.n * ask.size, zero, NULL);
	came(p ? DONE : aim);
}

#define ALLOCATION(function, traits, ...)                                                          \
	static void *do_##function(const struct ask *a)                                            \
	{                                                                                          \
		return __VA_ARGS__;                                                                \
	}                                                                                          \
	static void step_##function(void)                                                          \
	{                                                                                          \
		allocate(#function, do_##function, traits);                                        \
	}
ALLOCATION(kmalloc, 0, kmalloc(a->size, a->gfp))
ALLOCATION(kzalloc, CLEARED, kzalloc(a->size, a->gfp))
ALLOCATION(kmalloc_node, 0, kmalloc_node(a->size, a->gfp, NUMA_NO_NODE))
ALLOCATION(kzalloc_node, CLEARED, kzalloc_node(a->size, a->gfp, 0))
ALLOCATION(kmalloc_array, IS_ARRAY, kmalloc_array(a->n, a->size, a->gfp))
ALLOCATION(kcalloc, IS_ARRAY | CLEARED, kcalloc(a->n, a->size, a->gfp))
ALLOCATION(kmemdup, COPIES, kmemdup(page_address(driver.pool[1]), a->size, a->gfp))
ALLOCATION(kvmalloc, OR_VMALLOC, kvmalloc(a->size, a->gfp))
ALLOCATION(kvmalloc_node, OR_VMALLOC, kvmalloc_node(a->size, a->gfp, NUMA_NO_NODE))
ALLOCATION(kvzalloc, OR_VMALLOC | CLEARED, kvzalloc(a->size, a->gfp))
ALLOCATION(kvzalloc_node, OR_VMALLOC | CLEARED, kvzalloc_node(a->size, a->gfp, NUMA_NO_NODE))
ALLOCATION(kvmalloc_array, OR_VMALLOC | IS_ARRAY, kvmalloc_array(a->n, a->size, a->gfp))
ALLOCATION(kvcalloc, OR_VMALLOC | IS_ARRAY | CLEARED, kvcalloc(a->n, a->size, a->gfp))

static void kvfree_whole(const void *p)
{
	struct held *slot = model_find((uintptr_t)p);

	kvfree_sensitive(p, slot && slot->start == (uintptr_t)p ? slot->bytes : 0);
}

static void let_go(const char *name, void (*call)(const void *p))
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED) | MAY(NOTHING));
	struct held *slot = slot_of_kind(KMALLOC);
	const void *p;

	if (aim == NOTHING) {
		call(one_in(2) ? NULL : ZERO_SIZE_PTR);
		came(NOTHING);
		return;
	}
	if (!slot)
		return;
	contents_verify(slot);
	p = (const void *)slot->start;
	saying("%s(%u)%s", name, slot_number(slot), aim == REFUSED ? ", inside of it" : "");
	hush();
	if (aim == REFUSED) {
		call((const char *)p + (slot->bytes > 8 ? 8 : 1));
		contents_verify(slot);
	} else {
		holds(ksize(p) >= slot->bytes);
		model_remove(slot);
		call(p);
	}
	same(unhush() > 0, aim == REFUSED);
	came(aim);
	if (aim == DONE && one_in(8) && !driver.together) {
		hush();
		call(p);
		holds(unhush() > 0);
		came(REFUSED);
	}
}

static void step_kfree(void)
{
	let_go("kfree", kfree);
}

static void step_kfree_sensitive(void)
{
	let_go("kfree_sensitive", kfree_sensitive);
}

static void step_kvfree(void)
{
	let_go("kvfree", kvfree);
}

static void step_kvfree_sensitive(void)
{
	let_go("kvfree_sensitive", kvfree_whole);
}

/* Every byte behind those in use is of no concern to anybody: filled, so that it shows whether it
 * is cleared. */
static void dirty_slack(const struct held *slot)
{
	size_t room = ksize((void *)slot->start);

	memset((char *)slot->start + slot->bytes, 0xa5, room - slot->bytes);
}

/* What __GFP_ZERO has cleared of an object of `size` bytes that had `room` before. */
static void check_slack(const char *p, size_t size, size_t room)
{
	size_t from = size <= room ? size : room;

	holds(all_zero(p + from, ksize(p) - from));
}

static void step_krealloc(void)
{
	enum outcome aim = pick_outcome(GOT | MAY(NOTHING));
	struct held *slot = slot_of_kind(KMALLOC);
	size_t size = some_size(), room;
	gfp_t gfp = GFP_KERNEL | (one_in(2) ? __GFP_ZERO : 0);
	void *p;

	if (!slot)
		return;
	contents_verify(slot);
	if (aim == NOTHING)
		size = 0;
	if (aim == NO_MEMORY)
		size = ksize((void *)slot->start) + 1 + pick(9000);
	if (aim == REFUSED)
		size = KMALLOC_MAX_SIZE + 1;
	room = ksize((void *)slot->start);
	dirty_slack(slot);
	saying("krealloc(%u, %zu, 0x%x)%s", slot_number(slot), size, gfp,
	       aim == NO_MEMORY ? ", starved" : "");
	call_begin(aim, 1);
	p = krealloc((void *)slot->start, size, gfp);
	call_end();
	if (aim == NOTHING) {
		same((uintptr_t)p, (uintptr_t)ZERO_SIZE_PTR);
		model_remove(slot);
	} else if (aim == DONE) {
		struct held old = *slot;

		holds(p);
		old.start = (uintptr_t)p;
		contents_verify_below(&old, size);
		if (gfp & __GFP_ZERO)
			check_slack(p, size, room);
		model_move(slot, (uintptr_t)p, size, 0);
		contents_fill(slot);
	} else {
		holds(!p);
		contents_verify(slot);
	}
	came(aim);
}

static void step_krealloc_array(void)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED));
	struct held *slot = slot_of_kind(KMALLOC);
	size_t n = 1 + pick(6), size = 8 * (1 + pick(100));
	struct held old;
	void *p;

	if (!slot)
		return;
	contents_verify(slot);
	saying("krealloc_array(%u, %zu, %zu)%s", slot_number(slot), n, size,
	       aim == REFUSED ? ", too many" : "");
	hush();
	p = krealloc_array((void *)slot->start, aim == REFUSED ? SIZE_MAX / 4 : n, size,
			   GFP_KERNEL);
	unhush();
	same(p != NULL, aim == DONE);
	if (p) {
		old = *slot;
		old.start = (uintptr_t)p;
		contents_verify_below(&old, n * size);
		model_move(slot, (uintptr_t)p, n * size, 0);
		contents_fill(slot);
	}
	contents_verify(slot);
	came(aim);
}

/* What is copied is compared, and given back at once. */
static void step_kstrdup(void)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(NO_MEMORY) | MAY(NOTHING));
	static const char text[] = "a text of forty characters, and one more";
	const char *from = text + pick(sizeof(text));
	char *copy;

	call_begin(aim, 1);
	copy = kstrdup(aim == NOTHING ? NULL : from, GFP_KERNEL);
	call_end();
	same(copy != NULL, aim == DONE);
	holds(!copy || !strcmp(copy, from));
	kfree(copy);
	came(aim);
}

struct freed_later {
	uint64_t space;
	struct rcu_head head;
};

static void step_kvfree_call_rcu(void)
{
	struct freed_later *p = kmalloc(sizeof(*p), GFP_KERNEL);

	holds(p);
	saying("kvfree_rcu()");
	kvfree_rcu(p, head);
	came(DONE);
}

static void step_kvfree_rcu_mightsleep(void)
{
	void *p = kvmalloc(some_size(), GFP_KERNEL);

	holds(p);
	driver.deferred += is_vmalloc_addr(p) ? 10 : 0;
	saying("kvfree_rcu_mightsleep()");
	kvfree_rcu_mightsleep(p);
	came(DONE);
}

/* Nothing waits any more. */
static void step_kvfree_rcu_barrier(void)
{
	saying("kvfree_rcu_barrier()");
	kvfree_rcu_barrier();
	same(kvfree_rcu_pending(), 0);
	came(DONE);
}

#define ENTRY(function) CALLS_NAMED(function, GOT)
#define FREED(function) CALLS_NAMED(function, MAY(DONE) | MAY(REFUSED) | MAY(NOTHING))
static const struct call kmalloc_calls[] = {
	ENTRY(kmalloc),
	ENTRY(kzalloc),
	ENTRY(kmalloc_node),
	ENTRY(kzalloc_node),
	ENTRY(kmalloc_array),
	ENTRY(kcalloc),
	{"kmemdup", step_kmemdup, MAY(DONE) | MAY(NO_MEMORY)},
	ENTRY(kvmalloc),
	ENTRY(kvmalloc_node),
	ENTRY(kvzalloc),
	ENTRY(kvzalloc_node),
	ENTRY(kvmalloc_array),
	ENTRY(kvcalloc),
	FREED(kfree),
	FREED(kfree_sensitive),
	FREED(kvfree),
	FREED(kvfree_sensitive),
	CALLS_NAMED(krealloc, GOT | MAY(NOTHING)),
	CALLS_NAMED(krealloc_array, MAY(DONE) | MAY(REFUSED)),
	CALLS_NAMED(kstrdup, MAY(DONE) | MAY(NO_MEMORY) | MAY(NOTHING)),
	CALLS_NAMED(kvfree_call_rcu, MAY(DONE)),
	CALLS_NAMED(kvfree_rcu_mightsleep, MAY(DONE)),
	CALLS_NAMED(kvfree_rcu_barrier, MAY(DONE) | ALONE),
};
CALL_TABLE(kmalloc_table, kmalloc_calls);
