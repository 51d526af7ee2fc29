/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "area_tree.h"
#include "free_space.h"
#include "gfp.h"
#include "lib/list.h"
#include "page.h"
#include "percpu.h"
#include "walk.h"

/*
 * The address space of the vmalloc region. Every page of it lies in a free block (free_space.h) or
 * in a range that is taken, and those are all in a second tree, found by address. One lock stands
 * over both trees (LOCK_RANK_BUSY). The common path touches neither: a range of a usual size that
 * is freed stays in the tree of taken ones, goes to a list of its CPU (area_cache.h), and from
 * there, once no TLB can know it any more, to the next caller who wants that size.
 *
 * A range owns its guard in front and its body. The guard behind is the front guard of whatever
 * follows, or the end of what the request allowed; so neighbours share, and the gap between two is
 * the wider of the two widths.
 */

/* What Linux's users see of an area. */
struct vm_struct {
	struct vm_struct *next; /* early areas; descriptors on a list */
	unsigned long size;	/* bytes, with the guard behind */
	unsigned long flags;
	struct page **pages;
	unsigned int nr_pages;
	uint16_t slack;	    /* bytes of the last page that were not asked for */
	uint8_t guard;	    /* pages of guard behind */
	uint8_t page_order; /* of the largest leaf: 0, 9 or 18 */
	phys_addr_t phys_addr;
	const void *caller;
	void *addr; /* the last: struct area */
};

/*
 * The descriptor of an area, whole, with the page list of a one-page area: 33 of them in a frame.
 * The last word of `vm` is the first one of `va`: both are the address where the body starts.
 */
struct area {
	union {
		struct vm_struct vm;
		struct {
			char before_addr[offsetof(struct vm_struct, addr)];
			struct vmap_area va;
		};
	};
	union {
		struct page *page;	 /* the page list of an area of one page */
		struct ram_block *block; /* what a block of vm_map_ram() is made of */
	};
	entry_t *entries; /* held: the entry of the first page */
};

_Static_assert(sizeof(struct area) == 120, "33 descriptors in a frame, with what a slab needs");
_Static_assert(offsetof(struct area, vm.next) == 0, "the link of a list (lazy_class.h)");
_Static_assert(offsetof(struct area, vm.addr) == offsetof(struct area, va.va_start), "one word");

static inline struct area *area_of(struct vmap_area *va)
{
	return container_of(va, struct area, va);
}

/*
 * What stands in a held entry while nothing is mapped: the descriptor, as its physical address
 * inverted. So bit 0 is clear, ENTRY_NOTE is not, and read as an entry it leads to no memory that a
 * machine has.
 */
static inline entry_t area_note(const struct area *area)
{
	return ~virt_to_phys(area) & ~(entry_t)1;
}

static inline bool area_is_note(entry_t entry)
{
	return entry & ENTRY_NOTE && !entry_present(entry); /* unreached: a leaf with that bit */
}

static inline struct area *area_of_note(entry_t note)
{
	return phys_to_virt(~note & ~(entry_t)(_Alignof(struct area) - 1));
}

static inline uintptr_t area_taken_start(const struct vmap_area *va)
{
	return va->va_start - (uintptr_t)va->front * PAGE_SIZE;
}

static inline uintptr_t area_body_end(const struct vmap_area *va)
{
	return va->va_end - (uintptr_t)va->behind * PAGE_SIZE;
}

static inline size_t area_body_pages(const struct vmap_area *va)
{
	return (area_body_end(va) - va->va_start) >> PAGE_SHIFT;
}

struct vmap_request {
	size_t nr_pages;      /* of the body */
	size_t align;	      /* bytes, a power of two, at least a page */
	size_t skew;	      /* bytes, whole pages: va_start + skew is aligned */
	uintptr_t start, end; /* body and guards lie within */
	enum vmap_place place;
	bool no_guard; /* none behind */
	bool by_hand;  /* the caller maps by himself: the entries must not be held */
	gfp_t gfp;     /* how to get a descriptor, and whether to purge when space is short */
};

/*
 * A range, claimed: lookups do not see it until vmap_area_publish(). Its vm has addr, size and
 * guard set; `pages` may lead to room for a pointer to each page of the body, left from an earlier
 * use (area_room_free()); the other fields are the caller's to set. NULL when there is no room, or
 * no memory for the descriptor. In an exception handler locks are only tried.
 */
struct area *vmap_area_alloc(const struct vmap_request *request);
/* How many places the request could have now; log2 of it is the entropy of PLACE_RANDOM. */
uint64_t vmap_area_slots(const struct vmap_request *request);
/* The body at exactly `start`, with the usual guards; NULL when that is not free. */
struct area *vmap_area_alloc_at(uintptr_t start, size_t nr_pages, gfp_t gfp);
/* Holds the entries of a claimed area and the one before (held.h). false: no memory for tables. */
bool vmap_area_hold(struct area *area);
/* A claimed area's range is not to go round in the caches any more; its entries are not held. */
void vmap_area_leave_class(struct area *area);
/* Gives up the room for page pointers that a descriptor brought along, or has, and what was known
 * of them. */
void area_room_free(struct area *area);
static inline void vmap_area_publish(struct area *area)
{
	__atomic_store_n(&area->va.state, AREA_BUSY, __ATOMIC_RELEASE);
}

/* The area that starts exactly at `address`, in whatever state; NULL: none. */
struct area *vmap_area_starting(uintptr_t address);
/* The area whose front guard is the page before `address`, if its entries are held; O(1), no lock.
 */
static inline struct area *vmap_area_noted(uintptr_t address)
{
	uintptr_t front = address - PAGE_SIZE;
	entry_t note;

	if (unlikely(front - VMALLOC_START >= VMALLOC_END - VMALLOC_START))
		return NULL;
	note = walk_note(&kernel_space, front);
	return note ? area_of_note(note) : NULL;
}
/* Takes a busy area out of sight, to free or change it. false: it is not busy (any more). */
bool vmap_area_claim(struct area *area);
/* Frees a claimed area whose entries are clear: its addresses are used again after a flush. */
void vmap_area_free(struct area *area, const void *freed_by);
/* The same for one that no TLB can know, because nothing was ever mapped there. */
void vmap_area_free_unused(struct area *area);
/* A claimed area gets `more` pages behind its end, if these and a guard are free there. */
bool vmap_area_grow(struct area *area, size_t more);
/*
 * Cuts a claimed area down to `nr_pages`, fewer than it has; `tail` becomes the rest, an area of
 * its own, claimed too. It comes from vmap_area_node().
 */
void vmap_area_cut(struct area *area, size_t nr_pages, struct area *tail);
/* A descriptor for that; NULL without memory. NULL may be freed. */
struct area *vmap_area_node(gfp_t gfp);
void vmap_area_node_free(struct area *area);

/*
 * For those who ask. An area that is pinned cannot be freed or changed until it is unpinned; that
 * must be soon, on the same CPU. NULL: there is none, or in a handler, the lock is taken.
 */
struct area *vmap_area_pin(uintptr_t address);
struct area *vmap_area_pin_next(uintptr_t address); /* the first that starts above */
void vmap_area_unpin(struct area *area);
struct vmap_area *find_vmap_area(unsigned long address);

/* What lies at an address, as it is said to people: copied, since it may vanish. */
enum vmap_kind {
	VMAP_NOTHING,
	VMAP_LIVE,
	VMAP_CHANGING, /* being set up or taken apart */
	VMAP_CACHED,   /* no area: in a cache of ready ranges */
	VMAP_FREED,    /* no area: waits for a flush, or in quarantine */
};
struct vmap_neighbour {
	enum vmap_kind kind;
	uintptr_t start, body_end;
	unsigned long flags; /* VMAP_LIVE alone; as the next one */
	const void *caller;
};
/* The range at or below `address`, and the one above it. false: in a handler, the lock is taken. */
bool vmap_area_neighbours(uintptr_t address, struct vmap_neighbour *below,
			  struct vmap_neighbour *above);
/* The first range above `address` that was freed and is not in use again. */
bool vmap_area_next_lazy(uintptr_t address, uintptr_t *start, uintptr_t *end);

struct vmap_area_options {
	uint64_t seed, lazy_max, quarantine; /* pages */
	unsigned int guard;
	enum vmap_place place;
	bool no_cache;
};
int vmap_area_init(const struct vmap_area_options *options);
void vmap_area_exit(void);
bool vmap_area_is_up(void); /* between vmap_area_init() and vmap_area_exit() */
/* Pages of guard for areas made from here on. The caches are emptied. */
void vmap_area_set_guard(unsigned int pages);
unsigned int vmap_area_guard(void);
/* For tests: as the options of the same names, from here on. */
void vmap_area_set_cache(bool on);
void vmap_area_set_quarantine(uint64_t pages);
void vmap_area_set_lazy_max(uint64_t pages);
/* What holds now; `seed` aside. */
void vmap_area_get_options(struct vmap_area_options *options);

/* Everything that is not in use goes back to the free tree, on every CPU; tables too. */
void vmap_area_quiesce(void);
/* NULL, or what is wrong: both trees, and that they cover the region without gap or overlap. */
const char *vmap_area_check(void);

struct vmap_area_stats {
	uint64_t areas, pages;		   /* busy ones: bodies */
	uint64_t ready, lazy, quarantined; /* ranges */
	uint64_t free_blocks, free_bytes, largest_free;
	uint64_t descriptors; /* of all ranges, taken and free */
	uint64_t searches, visited, visited_max;
	uint64_t purges, flushes;
};
void vmap_area_get_stats(struct vmap_area_stats *stats);
/* How often a free block was searched for: what the caches did not have. */
uint64_t vmap_area_nr_searches(void);
