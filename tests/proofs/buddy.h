/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "world.h"
#include "layout.h"

/* The page array of a proof of `FRAMES` frames, in the place of the region. */
struct page;
static struct page *all_pages(void);
#undef VMEMMAP_START
#define VMEMMAP_START ((uintptr_t)all_pages())
#include "buddy.c"

/* As many again follow that are never free: the buddy of the largest block is among them. */
static struct page pages[2 * FRAMES];
static struct zone zone;

static struct page *all_pages(void)
{
	return pages;
}

/* Sets of frames: one bit a frame. */
static uint32_t bits_of(unsigned int first, unsigned int nr)
{
	return (uint32_t)(((uint64_t)1 << nr) - 1) << first;
}

static bool is_block(uint32_t free, unsigned int first, unsigned int order)
{
	uint32_t block = bits_of(first, 1u << order);

	return !(first & ((1u << order) - 1)) && (free & block) == block;
}

/* Whether the largest free block around `first` begins there and is of `order`. */
static bool is_largest(uint32_t free, unsigned int first, unsigned int order)
{
	return is_block(free, first, order) &&
	       (1u << order == FRAMES || !is_block(free, first & ~(1u << order), order + 1));
}
