/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "../suites/words.h"

/* Every range has a pattern of its own: at the edges of each page; in those smaller than a page,
 * throughout. */
enum { EDGE = CONTENTS_EDGE };

static bool has_contents(enum kind kind)
{
	return kind == VMALLOC || kind == DMA || kind == FRAMES || kind == KMALLOC ||
	       kind == OBJECT || kind == PERCPU;
}

static void fill_piece(uintptr_t at, size_t bytes, uint64_t seed)
{
	pattern_fill((void *)at, bytes, seed);
}

static void verify_piece(uintptr_t at, size_t bytes, uint64_t seed)
{
	holds(pattern_holds((const void *)at, bytes, seed));
}

/* Every page at first, then some: in large areas each page would cost a TLB miss. */
static size_t next_page(size_t offset)
{
	return (offset >> PAGE_SHIFT) % 64 < 8 ? PAGE_SIZE : 28 * PAGE_SIZE;
}

typedef void (*piece_visitor)(uintptr_t at, size_t bytes, uint64_t seed);

/* The pieces that end within `limit` bytes. */
static void each_piece(const struct held *slot, size_t limit, piece_visitor visit)
{
	for (size_t offset = 0; offset < slot->bytes; offset += next_page(offset)) {
		size_t rest = slot->bytes - offset, page = rest < PAGE_SIZE ? rest : PAGE_SIZE;
		size_t first = page <= 2 * EDGE ? page : EDGE, last = (page - EDGE) & ~(size_t)7;
		uint64_t seed = slot->seed + offset;

		if (is_absent(slot, offset >> PAGE_SHIFT))
			continue;
		if (offset + first <= limit)
			visit(slot->start + offset, first, seed);
		if (page > 2 * EDGE && offset + last + EDGE <= limit)
			visit(slot->start + offset + last, EDGE, ~seed);
	}
}

void contents_fill(struct held *slot)
{
	slot->seed = pick_seed();
	if (has_contents(slot->kind) && !slot->read_only)
		each_piece(slot, slot->bytes, fill_piece);
}

void contents_verify_pool(uintptr_t at, const struct page *page)
{
	verify_piece(at, EDGE, page_to_pfn(page));
}

static void verify_mapped(const struct held *slot)
{
	for (size_t i = 0; i < slot->nr_pages; i++)
		contents_verify_pool(slot->start + i * PAGE_SIZE,
				     driver.pool[(slot->first + i) % POOL]);
}

static void verify_parts(const struct held *slot)
{
	for (size_t i = 0; i < slot->nr_pages; i++)
		if (slot->parts >> i & 1)
			contents_verify_pool(slot->start + i * PAGE_SIZE,
					     driver.pool[slot->behind[i]]);
}

void contents_verify(const struct held *slot)
{
	if (slot->kind == VMAPPED || slot->kind == RAM)
		verify_mapped(slot);
	else if (slot->kind == RESERVED)
		verify_parts(slot);
	else if (has_contents(slot->kind) && !slot->read_only)
		each_piece(slot, slot->bytes, verify_piece);
	else if (has_contents(slot->kind))
		holds(all_zero((const void *)slot->start, EDGE));
}

void contents_verify_below(const struct held *slot, size_t limit)
{
	if (has_contents(slot->kind) && !slot->read_only)
		each_piece(slot, limit, verify_piece);
}
