/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "../suites/words.h"

/* vmalloc() and every other call that gives an area with frames. */

/* What a call is asked for; each takes of it what its arguments hold. */
struct wish {
	unsigned long size, align, start, end, flags;
	size_t n, each; /* of an array; n * each = size */
	gfp_t gfp;
	pgprot_t prot;
	int node;
	enum vmap_place place;
};

/* What a call promises beyond memory, and which arguments it has. */
enum trait {
	CLEARED = 1,
	LOW = 2, /* below 4 GiB */
	USER = 4,
	HAS_GFP = 8,
	HAS_NODE = 16,
	HAS_ALIGN = 32,
	HAS_RANGE = 64,
	IS_ARRAY = 128,
	LARGE = 256,
};

struct variant {
	const char *name;
	void *(*call)(const struct wish *wish);
	unsigned int traits;
};

#define VARIANT(function, ...)                                                                     \
	static void *do_##function(const struct wish *w)                                           \
	{                                                                                          \
		return function(__VA_ARGS__);                                                      \
	}
VARIANT(vmalloc, w->size)
VARIANT(vzalloc, w->size)
VARIANT(vmalloc_node, w->size, w->node)
VARIANT(vzalloc_node, w->size, w->node)
VARIANT(__vmalloc, w->size, w->gfp)
VARIANT(__vmalloc_node, w->size, w->align, w->gfp, w->node, __builtin_return_address(0))
VARIANT(vmalloc_32, w->size)
VARIANT(vmalloc_user, w->size)
VARIANT(vmalloc_32_user, w->size)
VARIANT(vmalloc_huge, w->size, w->gfp)
VARIANT(vmalloc_huge_node, w->size, w->gfp, w->node)
VARIANT(__vmalloc_node_range, w->size, w->align, w->start, w->end, w->gfp, w->prot, w->flags,
	w->node, __builtin_return_address(0))
VARIANT(__vmalloc_node_range_place, w->size, w->align, w->start, w->end, w->gfp, w->prot, w->flags,
	w->node, __builtin_return_address(0), w->place)
VARIANT(__vmalloc_array, w->n, w->each, w->gfp)
VARIANT(vmalloc_array, w->n, w->each)
VARIANT(__vcalloc, w->n, w->each, w->gfp)
VARIANT(vcalloc, w->n, w->each)

/* Mostly a few pages; now and then more than a table's. */
static size_t some_bytes(bool large)
{
	if (large && one_in(12))
		return (512 + pick(200)) * PAGE_SIZE - pick(PAGE_SIZE);
	if (one_in(24))
		return 1 + pick(140 * PAGE_SIZE);
	return 1 + pick(one_in(2) ? PAGE_SIZE : 7 * PAGE_SIZE);
}

static gfp_t some_gfp(void)
{
	static const gfp_t gfps[] = {GFP_KERNEL,
				     GFP_KERNEL,
				     GFP_KERNEL | __GFP_ZERO,
				     GFP_ATOMIC,
				     GFP_NOWAIT,
				     GFP_KERNEL | GFP_DMA32,
				     GFP_KERNEL | __GFP_NORETRY | __GFP_HIGHMEM};

	return gfps[pick(sizeof(gfps) / sizeof(gfps[0]))];
}

static struct wish some_wish(unsigned int traits)
{
	struct wish wish = {.start = VMALLOC_START,
			    .end = VMALLOC_END,
			    .gfp = GFP_KERNEL,
			    .prot = PAGE_KERNEL,
			    .align = 1,
			    .node = NUMA_NO_NODE};

	wish.size = some_bytes(traits & LARGE);
	wish.n = 1 + pick(9);
	wish.each = (wish.size + wish.n - 1) / wish.n;
	if (traits & IS_ARRAY)
		wish.size = wish.n * wish.each;
	if (traits & HAS_GFP)
		wish.gfp = some_gfp();
	if (traits & HAS_NODE && one_in(2))
		wish.node = (int)pick(nr_online_nodes());
	if (traits & HAS_ALIGN)
		wish.align = 1ul << pick(23);
	if (traits & HAS_RANGE && one_in(2)) {
		wish.start += pick(1000) * PAGE_SIZE * 16;
		wish.end = wish.start + (64 + pick(4000)) * PAGE_SIZE * 16;
		wish.align = PAGE_SIZE << pick(4);
	}
	if (traits & HAS_RANGE) {
		wish.place = (enum vmap_place)pick(NR_PLACES);
		wish.flags = one_in(4) ? VM_NO_GUARD : 0;
		if (one_in(5)) {
			wish.prot = PAGE_KERNEL_RO;
			wish.gfp |= __GFP_ZERO;
		}
	}
	return wish;
}

/* One thing about the wish that the contract refuses. */
static void spoil(struct wish *wish, unsigned int traits)
{
	if (traits & HAS_GFP && one_in(3)) {
		wish->gfp |= 1u << __GFP_BITS_SHIFT;
	} else if (traits & HAS_NODE && one_in(3)) {
		wish->node = (int)(nr_online_nodes() + pick(5));
	} else if (traits & HAS_ALIGN && one_in(3)) {
		wish->align = 3 * (PAGE_SIZE << pick(3));
	} else if (traits & HAS_RANGE && one_in(3)) {
		wish->prot = __pgprot(PAGE_KERNEL.pgprot & ~_PAGE_NX);
	} else if (traits & IS_ARRAY && one_in(2)) {
		wish->n = (SIZE_MAX >> pick(20)) | 1ul << 40;
		wish->each = SIZE_MAX >> pick(3);
	} else if (one_in(2)) {
		wish->size = 0;
		wish->n = 0;
	} else {
		wish->size = (totalram_pages() + 1 + pick(1000)) * PAGE_SIZE;
		wish->each = wish->size;
		wish->n = 1;
	}
}

static unsigned long flags_of(const struct wish *wish, unsigned int traits)
{
	return VM_ALLOC | wish->flags | (traits & USER ? VM_USERMAP : 0) |
	       (traits & LARGE ? VM_ALLOW_HUGE_VMAP : 0);
}

static void check_frames(const struct held *slot, const struct wish *wish, unsigned int traits)
{
	bool low = traits & LOW || wish->gfp & GFP_DMA32;

	for (size_t i = 0; i < slot->nr_pages; i += i < 20 ? 1 : 37) {
		const char *at = (const char *)slot->start + i * PAGE_SIZE;
		struct page *page = vmalloc_to_page(at);

		holds(page);
		same(page_count(page), 1);
		holds(!low || page_to_phys(page) < (phys_addr_t)4 << 30);
		holds(!model_find((uintptr_t)page_address(page)));
		if (traits & CLEARED || wish->gfp & __GFP_ZERO)
			holds(all_zero(at, 128) && all_zero(at + PAGE_SIZE - 128, 128));
	}
}

static void take_in(struct held *slot, void *p, const struct wish *wish, unsigned int traits)
{
	struct held what = {.kind = VMALLOC,
			    .start = (uintptr_t)p,
			    .bytes = wish->size,
			    .nr_pages = (wish->size + PAGE_SIZE - 1) >> PAGE_SHIFT,
			    .read_only = !(wish->prot.pgprot & _PAGE_RW),
			    .flags = flags_of(wish, traits)};
	struct vm_struct *vm = find_vm_area(p);

	holds(!(what.start & (PAGE_SIZE - 1)) && !(what.start & (wish->align - 1)));
	holds(what.start >= wish->start + PAGE_SIZE);
	holds(what.start + what.nr_pages * PAGE_SIZE <=
	      wish->end - (wish->flags & VM_NO_GUARD ? 0 : PAGE_SIZE));
	holds(vm);
	same(vm->nr_pages, what.nr_pages);
	check_frames(&what, wish, traits);
	model_add(slot, &what);
	contents_fill(slot);
	model_check(slot);
}

/* Whether such an area is there for certain: no small range that others may have filled. */
static bool is_sure(const struct wish *wish)
{
	return wish->start == VMALLOC_START && wish->end == VMALLOC_END;
}

static void tell(const struct variant *variant, const struct wish *wish, enum outcome aim,
		 const struct held *slot)
{
	saying("%s(size %lu = %zu * %zu, align 0x%lx, [%lx, %lx), gfp 0x%x, prot 0x%llx, flags "
	       "0x%lx, node %d, place %d)%s as %u",
	       variant->name, wish->size, wish->n, wish->each, wish->align, wish->start, wish->end,
	       wish->gfp, (unsigned long long)wish->prot.pgprot, wish->flags, wish->node,
	       wish->place, aim == NO_MEMORY ? ", starved" : "", slot_number(slot));
}

/* Aims at an outcome, calls, compares. */
static void allocate(const struct variant *variant)
{
	enum outcome aim = pick_outcome(MAY(DONE) | MAY(NO_MEMORY) | MAY(REFUSED));
	struct held *slot = slot_for(some_bytes(variant->traits & LARGE) >> PAGE_SHIFT);
	struct wish wish = some_wish(variant->traits);
	void *p;

	if (aim == REFUSED)
		spoil(&wish, variant->traits);
	if (aim == NO_MEMORY && wish.align < PAGE_SIZE)
		wish.align = PAGE_SIZE; /* below that, address space is asked for twice */
	tell(variant, &wish, aim, slot);
	call_begin(aim, SOMEWHERE);
	p = variant->call(&wish);
	call_end();
	if (p) {
		holds(aim != REFUSED);
		take_in(slot, p, &wish, variant->traits);
	} else {
		holds(aim != DONE || !is_sure(&wish));
		check_totals();
	}
	came(p ? DONE : aim == REFUSED ? REFUSED : NO_MEMORY);
}

#define STEP(function, traits)                                                                     \
	static void step_##function(void)                                                          \
	{                                                                                          \
		static const struct variant variant = {#function, do_##function, traits};          \
                                                                                                   \
		allocate(&variant);                                                                \
	}
STEP(vmalloc, 0)
STEP(vzalloc, CLEARED)
STEP(vmalloc_node, HAS_NODE)
STEP(vzalloc_node, HAS_NODE | CLEARED)
STEP(__vmalloc, HAS_GFP)
STEP(__vmalloc_node, HAS_GFP | HAS_NODE | HAS_ALIGN)
STEP(vmalloc_32, LOW)
STEP(vmalloc_user, CLEARED | USER)
STEP(vmalloc_32_user, LOW | CLEARED | USER)
STEP(vmalloc_huge, HAS_GFP | LARGE)
STEP(vmalloc_huge_node, HAS_GFP | HAS_NODE | LARGE)
STEP(__vmalloc_node_range, HAS_GFP | HAS_NODE | HAS_ALIGN | HAS_RANGE)
STEP(__vmalloc_node_range_place, HAS_GFP | HAS_NODE | HAS_ALIGN | HAS_RANGE)
STEP(__vmalloc_array, HAS_GFP | IS_ARRAY)
STEP(vmalloc_array, IS_ARRAY)
STEP(__vcalloc, HAS_GFP | IS_ARRAY | CLEARED)
STEP(vcalloc, IS_ARRAY | CLEARED)

#define ALLOCATION(function)                                                                       \
	{                                                                                          \
#function, step_##function, MAY(DONE) | MAY(NO_MEMORY) | MAY(REFUSED)              \
	}
static const struct call calls[] = {
	ALLOCATION(vmalloc),
	ALLOCATION(vzalloc),
	ALLOCATION(vmalloc_node),
	ALLOCATION(vzalloc_node),
	ALLOCATION(__vmalloc),
	ALLOCATION(__vmalloc_node),
	ALLOCATION(vmalloc_32),
	ALLOCATION(vmalloc_user),
	ALLOCATION(vmalloc_32_user),
	ALLOCATION(vmalloc_huge),
	ALLOCATION(vmalloc_huge_node),
	ALLOCATION(__vmalloc_node_range),
	ALLOCATION(__vmalloc_node_range_place),
	ALLOCATION(__vmalloc_array),
	ALLOCATION(vmalloc_array),
	ALLOCATION(__vcalloc),
	ALLOCATION(vcalloc),
};
CALL_TABLE(vmalloc_table, calls);
