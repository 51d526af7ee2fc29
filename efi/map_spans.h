/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A memory map as sorted spans of one type each, and the comparison of two of them. Plain C without
 * state: the firmware's map goes in as numbers. Addresses are bytes, [start, end); types are those
 * of UEFI 7.2 (EFI_MEMORY_TYPE).
 */

struct map_span {
	uint64_t start, end;
	uint32_t type;
};

struct map_spans {
	struct map_span *spans;
	size_t nr, max;
	bool overflowed; /* more than `max`: what is there is not the whole map */
};

/* Types whose pages the firmware may hand out and take back as it pleases. */
bool map_type_is_volatile(uint32_t type);
/* "BootServicesData"; types that UEFI does not name are "another type". */
const char *map_type_name(uint32_t type);

/* Puts a span in its place; neighbours of one type become one. Empty ones are left out. */
void map_spans_add(struct map_spans *map, uint64_t start, uint64_t end, uint32_t type);
/* The span that `address` lies in; NULL: none. */
const struct map_span *map_spans_find(const struct map_spans *map, uint64_t address);

/* Pages that are of another type than before. */
struct map_difference {
	uint64_t taken;	      /* conventional before, the firmware's boot services' now */
	uint64_t returned;    /* the other way round */
	uint64_t changed;     /* between boot services' types */
	uint64_t wrong;	      /* any other change: nobody should have made it */
	uint64_t first_wrong; /* address of the first such page */
	uint32_t wrong_before, wrong_after; /* its types; MAP_NO_TYPE: in no span */
};
enum { MAP_NO_TYPE = 0x7fffffff };

/* How [start, end) differs between the two maps. */
void map_spans_compare(const struct map_spans *before, const struct map_spans *after,
		       uint64_t start, uint64_t end, struct map_difference *difference);
