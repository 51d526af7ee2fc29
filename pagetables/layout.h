/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "platform.h"

/*
 * Places the regions of the upper half (direct map, vmalloc, page array) at random.
 *
 * An arrangement is an order of the regions and a gap before each of them. All arrangements that
 * fit are equally likely. Nothing here knows what a region is for, touches page tables, or keeps
 * state: same random numbers in, same arrangement out. Addresses and sizes are bytes, multiples of
 * `step`.
 */

struct region {
	const char *name;
	uint64_t size;
	uint64_t start; /* out: set by layout_draw() */
};

struct window {
	uint64_t start, end; /* regions lie within [start, end) */
	uint64_t step;	     /* granularity of every start, a power of two: 2 MiB for `fine` */
	uint64_t min_gap;    /* between two regions */
};

/* A source of random numbers: uniform in [0, bound), bound > 0. */
typedef uint64_t (*random_below_t)(void *context, uint64_t bound);

/*
 * Draws a start for each of the `nr` regions (at most LAYOUT_MAX_REGIONS).
 * Returns 0, or -ENOSPC with no region changed when they do not fit the window.
 */
enum { LAYOUT_MAX_REGIONS = 8 };
int layout_draw(struct region *regions, size_t nr, const struct window *window,
		random_below_t random_below, void *context);

/* The run's layout: where the regions lie. Addresses and sizes in bytes. */
enum kaslr { KASLR_FINE, KASLR_LINUX, KASLR_OFF };

struct layout_request {
	enum kaslr kaslr;
	unsigned int levels;	  /* 4 or 5 */
	phys_addr_t phys_end;	  /* end of the highest frame that is ours */
	uint64_t vmalloc_size;	  /* bytes; 0: the default of the mode, 32 TiB or 12.5 PiB */
	unsigned int padding_tib; /* KASLR_LINUX: behind the direct map */
	size_t page_struct_size;  /* bytes of one element of the page array */
};

struct layout {
	uintptr_t page_offset, page_offset_end;
	uintptr_t vmalloc_start, vmalloc_end;
	uintptr_t vmemmap_start, vmemmap_end;
	uintptr_t window_start, window_end; /* all regions lie within */
	/* min-entropy of each base, in thousandths of a bit (minus log2 of its likeliest place) */
	unsigned int page_offset_millibits, vmalloc_millibits, vmemmap_millibits;
};

extern struct layout layout __attribute__((visibility("hidden"))); /* of this run */

#define PAGE_OFFSET (layout.page_offset)
#define VMALLOC_START (layout.vmalloc_start)
#define VMALLOC_END (layout.vmalloc_end)
#define VMEMMAP_START (layout.vmemmap_start)

/* What the choice is made within. */
struct layout_geometry {
	uint64_t window_start, window_end; /* multiples of 1 GiB */
	uint64_t vmalloc_size;		   /* where the request has none */
	uint64_t bases[3];		   /* of `off`: direct map, vmalloc, page array */
	uint64_t unit;			   /* sizes in `linux` are multiples of it: 1 TiB */
};

/* The upper half as Linux has it, with 4 or 5 levels. */
struct layout_geometry layout_machine_geometry(unsigned int levels);
/*
 * The geometry of this build: the machine's, or on the host the window between the macros
 * LAYOUT_WINDOW_START and LAYOUT_WINDOW_END (and LAYOUT_VMALLOC_SIZE, by default a quarter of it).
 */
struct layout_geometry layout_build_geometry(unsigned int levels);

/*
 * Chooses the layout. 0, or -ENOSPC with `out` untouched when the request does not fit.
 * layout_choose() takes the geometry of this build.
 */
int layout_choose_within(const struct layout_geometry *geometry,
			 const struct layout_request *request, random_below_t random_below,
			 void *context, struct layout *out);
int layout_choose(const struct layout_request *request, random_below_t random_below, void *context,
		  struct layout *out);
