/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include "entry.h"
#include "layout.h"
#include "levels.h"
#include "lib/lock.h"
#include "platform.h"

/*
 * An address space: a root table, and what all spaces share. The kernel half (everything in the
 * layout's window) and the image's low mapping are the same in all of them: the tables one level
 * below the root exist from the start for every regional slot, are never freed, and every root
 * points to them, so a mapping made through one space is seen in all.
 */

/*
 * Where tables come from and go to: one zeroed frame; 0 when there is none. `low`: below 4 GiB.
 * Called with at most a lock of LOCK_RANK_SPACE held. `free` may be NULL: what is freed is lost.
 */
struct table_source {
	phys_addr_t (*alloc)(void *context, bool low);
	void (*free)(void *context, phys_addr_t table);
	void *context;
};

struct space {
	phys_addr_t root;    /* below 4 GiB */
	unsigned int levels; /* 4 or 5 */
	uint64_t tables[LEVEL_PGD +
			1]; /* tables by level, shared ones counted in kernel_space only */
	struct spinlock lock;
	struct space *next; /* all spaces, kernel_space first */
};

extern struct space kernel_space __attribute__((visibility("hidden")));

/*
 * Physical memory as seen through the window: all of it before our tables are live
 * (page_offset_base is what the platform says then: 0 on the machine, where firmware maps it one to
 * one), frames that are ours afterwards (PAGE_OFFSET).
 */
extern uintptr_t page_offset_base __attribute__((visibility("hidden")));

static inline void *phys_to_virt(phys_addr_t phys)
{
	return (void *)(page_offset_base + phys);
}

static inline phys_addr_t virt_to_phys(const void *address)
{
	return (uintptr_t)address - page_offset_base;
}

/* Frames [start, end), both multiples of PAGE_SIZE. Lists of ranges are sorted and disjoint. */
struct phys_range {
	phys_addr_t start, end;
};

/* A part of the image, mapped at its load address: whole pages. */
struct image_section {
	const char *name;
	uintptr_t start, end;
	phys_addr_t phys;
	pgprot_t prot;
};

struct space_plan {
	unsigned int levels; /* 4 or 5 */
	const struct layout *layout;
	const struct phys_range *ranges; /* frames for the direct map */
	size_t nr_ranges;
	const struct image_section *sections;
	size_t nr_sections;
	struct table_source source;
	unsigned int max_level; /* largest leaf of the direct map */
};

enum { SPACE_SECTIONS_MAX = 16 };

/*
 * Builds kernel_space: shared tables for the regions of `plan->layout`, direct map with the largest
 * leaves that fit, image sections. 0, or -ENOMEM with every table freed. The page array is mapped
 * by the caller with map_range() (it alone knows its size and frames). -EINVAL for more sections
 * than SPACE_SECTIONS_MAX, a section in the layout's window or an empty one. Gate open, or a host.
 */
int space_build(const struct space_plan *plan);

/* From here tables come from `source` (mm's page allocator takes over from the early one). */
void space_set_source(const struct table_source *source);
void space_get_source(struct table_source *source);

/* Forgets kernel_space and gives all its tables back (the end of a run; no further space is left).
 */
void space_dismantle(void);

/*
 * A further space sharing the kernel half and the image; an empty lower half beside it, from
 * space_user_start() on. 0 or -ENOMEM.
 */
int space_create(struct space *space);
/* Frees its own tables; refused (-EBUSY) while it is in some CPU's CR3 or maps anything of its own.
 */
int space_destroy(struct space *space);
/* Puts `space` into CR3 of this CPU; returns the one before. */
struct space *space_switch(struct space *space);
/* What this CPU has in CR3, or will have when the gate closes: kernel_space at first. */
struct space *space_current(void);
/* The lower half's first address under a root entry that no space shares, and its end. */
uintptr_t space_user_start(const struct space *space);
uintptr_t space_user_end(const struct space *space);

/* The image section that `address` lies in; NULL: none. */
const struct image_section *space_image_section(uintptr_t address);
/* A word for the region that `address` lies in: "direct", "vmalloc", "pages", "image", "user", "-".
 */
const char *space_region_name(uintptr_t address);

/* Walks all tables of all spaces: counts, reserved bits, W^X, shared slots. NULL, or what is wrong.
 * Nobody changes tables meanwhile. */
const char *space_check(void);

/* Tables of all spaces together. */
uint64_t space_nr_tables(void);
