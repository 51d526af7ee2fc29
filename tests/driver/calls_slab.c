/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "../suites/words.h"
#include "lib/errno.h"
#include "slab.h"

/* Objects of caches. */

#define GOT (MAY(DONE) | MAY(NO_MEMORY) | MAY(REFUSED))
enum { BULK = 8 };

void take_in_object(enum kind kind, void *p, size_t bytes, bool zero, void *cookie)
{
	struct held *slot = slot_for(1 + bytes / PAGE_SIZE);
	struct held what = {.kind = kind, .start = (uintptr_t)p, .bytes = bytes, .cookie = cookie};

	if (zero)
		holds(all_zero(p, bytes < 512 ? bytes : 512));
	if (is_vmalloc_addr(p)) {
		what.kind = VMALLOC;
		what.nr_pages = (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
		what.flags = VM_ALLOC;
	}
	model_add(slot, &what);
	contents_fill(slot);
}

static void step_kmem_cache_create(void)
{
	enum outcome aim = pick_outcome(GOT);
	struct held *slot = driver.nr_of[CACHE] < 6 ? slot_for(1) : NULL;
	size_t size = 1 + pick(one_in(4) ? 3000 : 200), align = 1ul << pick(8);
	struct held what = {.kind = CACHE, .bytes = size};

	if (!slot && aim == DONE)
		return;
	if (aim == REFUSED && one_in(2))
		size = one_in(2) ? 0 : KMALLOC_MAX_CACHE_SIZE + 1;
	else if (aim == REFUSED)
		align = 3 * align;
	saying("kmem_cache_create(%zu, %zu)", size, align);
	call_begin(aim, 1);
	what.cookie = kmem_cache_create("random", size, align, 0, NULL);
	call_end();
	same(what.cookie != NULL, aim == DONE);
	if (what.cookie) {
		same(kmem_cache_size(what.cookie), size);
		model_add(slot, &what);
	}
	came(aim);
}

static bool has_objects(const struct held *cache)
{
	for (unsigned int i = 0; i < NR_SLOTS; i++)
		if (driver.slots[i].kind == OBJECT && driver.slots[i].cookie == cache->cookie)
			return true;
	return false;
}

/* Otherwise hardly any cache would ever be without objects. */
static void empty_now_and_then(const struct held *cache)
{
	if (!one_in(3))
		return;
	for (unsigned int i = 0; i < NR_SLOTS; i++)
		if (driver.slots[i].kind == OBJECT && driver.slots[i].cookie == cache->cookie)
			release(&driver.slots[i]);
}

static void step_kmem_cache_destroy(void)
{
	struct held *cache = slot_of_kind(CACHE);
	bool busy;

	if (one_in(4)) {
		same(kmem_cache_destroy(NULL), 0);
		came(NOTHING);
		return;
	}
	if (!cache)
		return;
	empty_now_and_then(cache);
	busy = has_objects(cache);
	saying("kmem_cache_destroy(%u)", slot_number(cache));
	hush();
	same(kmem_cache_destroy(cache->cookie), busy ? -EBUSY : 0);
	same(unhush() > 0, busy);
	if (!busy)
		model_remove(cache);
	came(busy ? BUSY : DONE);
}

static void step_kmem_cache_shrink(void)
{
	struct held *cache = slot_of_kind(CACHE);

	if (!cache)
		return;
	empty_now_and_then(cache);
	saying("kmem_cache_shrink(%u)", slot_number(cache));
	same(kmem_cache_shrink(cache->cookie) != 0, has_objects(cache));
	came(has_objects(cache) ? BUSY : DONE);
}

static void *on_node(struct kmem_cache *cache, gfp_t gfp)
{
	return kmem_cache_alloc_node(cache, gfp, one_in(2) ? NUMA_NO_NODE : 0);
}

static void object(const char *name, void *(*call)(struct kmem_cache *cache, gfp_t gfp), bool zero)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(NO_MEMORY));
	struct held *cache = slot_of_kind(CACHE);
	gfp_t gfp = one_in(3) ? GFP_ATOMIC : GFP_KERNEL;
	void *p;

	if (!cache)
		return;
	if (one_in(4)) {
		gfp |= __GFP_ZERO;
		zero = true;
	}
	slot_for(1);
	saying("%s(%u, gfp 0x%x)%s", name, slot_number(cache), gfp,
	       aim == NO_MEMORY ? ", starved" : "");
	call_begin(aim, 1);
	p = call(cache->cookie, gfp);
	call_end();
	same(p != NULL, aim == DONE);
	if (p)
		take_in_object(OBJECT, p, cache->bytes, zero, cache->cookie);
	came(aim);
}

static void step_kmem_cache_alloc(void)
{
	object("kmem_cache_alloc", kmem_cache_alloc, false);
}

static void step_kmem_cache_zalloc(void)
{
	object("kmem_cache_zalloc", kmem_cache_zalloc, true);
}

static void step_kmem_cache_alloc_node(void)
{
	object("kmem_cache_alloc_node", on_node, false);
}

static void step_kmem_cache_alloc_bulk(void)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(NO_MEMORY));
	struct held *cache = slot_of_kind(CACHE);
	void *objects[BULK];
	size_t nr = 1 + pick(BULK);
	int got;

	if (!cache)
		return;
	saying("kmem_cache_alloc_bulk(%u, %zu)%s", slot_number(cache), nr,
	       aim == NO_MEMORY ? ", starved" : "");
	call_begin(aim, 1 + pick(nr));
	got = kmem_cache_alloc_bulk(cache->cookie, GFP_KERNEL, nr, objects);
	call_end();
	holds(got == (int)nr || (got == 0 && aim == NO_MEMORY));
	for (int i = 0; i < got; i++)
		take_in_object(OBJECT, objects[i], cache->bytes, false, cache->cookie);
	came(got ? DONE : aim);
}

static void free_by_bulk(struct kmem_cache *cache, void *p)
{
	kmem_cache_free_bulk(cache, 1, &p);
}

/* Twice, or inside of the object. */
static void free_object(const char *name, void (*call)(struct kmem_cache *cache, void *p))
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(REFUSED));
	struct held *slot = slot_of_kind(OBJECT);
	struct kmem_cache *cache;
	void *p;

	if (!slot)
		return;
	contents_verify(slot);
	saying("%s(%u)%s", name, slot_number(slot), aim == REFUSED ? ", 8 bytes inside of it" : "");
	p = (void *)slot->start;
	cache = slot->cookie;
	hush();
	if (aim == REFUSED) {
		call(cache, (char *)p + (slot->bytes > 1 ? 1 + pick(slot->bytes - 1) : 3));
		contents_verify(slot);
	} else {
		model_remove(slot);
		call(cache, p);
	}
	same(unhush() > 0, aim == REFUSED);
	came(aim);
	if (aim == DONE && one_in(8) && !driver.together) {
		hush();
		call(cache, p);
		holds(unhush() > 0);
		came(REFUSED);
	}
}

static void step_kmem_cache_free(void)
{
	free_object("kmem_cache_free", kmem_cache_free);
}

static void step_kmem_cache_free_bulk(void)
{
	free_object("kmem_cache_free_bulk", free_by_bulk);
}

void release_memory(struct held *slot)
{
	if (slot->kind == OBJECT) {
		kmem_cache_free(slot->cookie, (void *)slot->start);
	} else if (slot->kind == KMALLOC) {
		kvfree((void *)slot->start);
	} else {
		same(kmem_cache_destroy(slot->cookie), 0);
		model_remove(slot);
	}
}

static const struct call cache_calls[] = {
	{"kmem_cache_create", step_kmem_cache_create, GOT},
	{"kmem_cache_destroy", step_kmem_cache_destroy, MAY(DONE) | MAY(BUSY) | MAY(NOTHING)},
	{"kmem_cache_shrink", step_kmem_cache_shrink, MAY(DONE) | MAY(BUSY)},
	{"kmem_cache_alloc", step_kmem_cache_alloc, MAY(DONE) | MAY(NO_MEMORY)},
	{"kmem_cache_zalloc", step_kmem_cache_zalloc, MAY(DONE) | MAY(NO_MEMORY)},
	{"kmem_cache_alloc_node", step_kmem_cache_alloc_node, MAY(DONE) | MAY(NO_MEMORY)},
	{"kmem_cache_alloc_bulk", step_kmem_cache_alloc_bulk, MAY(DONE) | MAY(NO_MEMORY)},
	{"kmem_cache_free", step_kmem_cache_free, MAY(DONE) | MAY(REFUSED)},
	{"kmem_cache_free_bulk", step_kmem_cache_free_bulk, MAY(DONE) | MAY(REFUSED)},
};
CALL_TABLE(slab_table, cache_calls);
