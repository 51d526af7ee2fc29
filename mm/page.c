/* SPDX-License-Identifier: BSD-2-Clause */
#include "page.h"
#include "fault.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "map.h"
#include "memblock.h"

/*
 * The two arrays: where they are mapped, what they say at first, and what can be asked of a frame.
 *
 * A block of 1,024 frames has six whole pages of struct page and one of words, so blocks are mapped
 * independently of each other, and a buddy's struct page can be looked at without asking whether it
 * exists.
 */

enum {
	PAGE_STRUCTS_PER_BLOCK_BYTES = FRAME_BLOCK * sizeof(struct page),
	WORDS_PER_BLOCK_BYTES = FRAME_BLOCK * sizeof(frame_word_t)
};
_Static_assert(PAGE_STRUCTS_PER_BLOCK_BYTES % 4096 == 0, "whole pages");
_Static_assert(WORDS_PER_BLOCK_BYTES % 4096 == 0, "whole pages");

frame_word_t *frame_words;
uint64_t *frame_blocks_mapped;
uint64_t frame_end;

/* The next run of blocks that hold frames of ours, from `from` on; false: there is none. */
static bool next_blocks(uint64_t from, uint64_t *start, uint64_t *end)
{
	size_t nr;
	const struct memory_range *ranges = memblock_ranges(&nr);

	*start = *end = 0;
	for (size_t i = 0; i < nr; i++) {
		uint64_t first = ranges[i].start >> (PAGE_SHIFT + FRAME_BLOCK_SHIFT);
		uint64_t last = (ranges[i].end - 1) >> (PAGE_SHIFT + FRAME_BLOCK_SHIFT);

		if (last < from)
			continue;
		if (*end == 0)
			*start = first < from ? from : first;
		else if (first > *end)
			break;
		*end = last + 1;
	}
	return *end != 0;
}

/* Up to `size` bytes of frames for `virt`: whole 2 MiB where they fit, else what there is. */
static size_t take_backing(uintptr_t virt, size_t size, phys_addr_t *phys)
{
	size_t to_boundary = PMD_SIZE - (virt & (PMD_SIZE - 1));

	if (to_boundary == PMD_SIZE && size >= PMD_SIZE) {
		*phys = memblock_alloc(PMD_SIZE, PMD_SIZE, 0);
		if (*phys != 0)
			return PMD_SIZE;
	}
	if (size > to_boundary)
		size = to_boundary;
	for (; size != 0; size = size / 2 & PAGE_MASK) {
		*phys = memblock_alloc(size, PAGE_SIZE, 0);
		if (*phys != 0)
			return size;
	}
	return 0;
}

static int map_backing(uintptr_t virt, size_t size)
{
	while (size != 0) {
		phys_addr_t phys;
		size_t taken = take_backing(virt, size, &phys);

		if (taken == 0 ||
		    map_range(&kernel_space, virt, phys, taken, PAGE_KERNEL, LEVEL_PMD))
			return -ENOMEM;
		virt += taken;
		size -= taken;
	}
	return 0;
}

static int map_blocks(uint64_t start, uint64_t end)
{
	uintptr_t words = (uintptr_t)frame_words;

	if (map_backing(VMEMMAP_START + start * PAGE_STRUCTS_PER_BLOCK_BYTES,
			(end - start) * PAGE_STRUCTS_PER_BLOCK_BYTES))
		return -ENOMEM;
	return map_backing(words + start * WORDS_PER_BLOCK_BYTES,
			   (end - start) * WORDS_PER_BLOCK_BYTES);
}

/* One bit a block, in frames of its own; a physical address until page_array_init(). */
static phys_addr_t mapped_bits_phys;

static size_t mapped_bits_size(void)
{
	uint64_t words = (frame_end / FRAME_BLOCK + 63) / 64;

	return (words * sizeof(uint64_t) + PAGE_SIZE - 1) & PAGE_MASK;
}

int page_array_map(void)
{
	uint64_t start, end = 0;

	frame_end =
		((memblock_end() >> PAGE_SHIFT) + FRAME_BLOCK - 1) & ~(uint64_t)(FRAME_BLOCK - 1);
	frame_words = (frame_word_t *)(VMEMMAP_START + frame_end * sizeof(struct page));
	if (frame_end >= UINT32_MAX || (uintptr_t)(frame_words + frame_end) > layout.vmemmap_end) {
		log_line("mm: the page array of %llu frames does not fit its region",
			 (unsigned long long)frame_end);
		return -ENOMEM;
	}
	mapped_bits_phys = memblock_alloc(mapped_bits_size(), PAGE_SIZE, 0);
	if (mapped_bits_phys == 0)
		return -ENOMEM;
	while (next_blocks(end, &start, &end))
		if (map_blocks(start, end))
			return -ENOMEM;
	return 0;
}

static void init_block(uint64_t block)
{
	uint64_t pfn = block << FRAME_BLOCK_SHIFT;

	frame_blocks_mapped[block / 64] |= (uint64_t)1 << block % 64;
	memset(pfn_to_page(pfn), 0, PAGE_STRUCTS_PER_BLOCK_BYTES);
	for (size_t i = 0; i < FRAME_BLOCK; i++)
		frame_words[pfn + i] = FRAME_FOREIGN;
}

static void init_range(const struct memory_range *range, uint16_t index)
{
	for (uint64_t pfn = range->start >> PAGE_SHIFT; pfn < range->end >> PAGE_SHIFT; pfn++) {
		struct page *page = pfn_to_page(pfn);

		frame_words[pfn] = 0;
		page->refcount = 1;
		page->range = index;
	}
}

void page_array_init(void)
{
	uint64_t start, end = 0;
	size_t nr;
	const struct memory_range *ranges = memblock_ranges(&nr);

	frame_blocks_mapped = phys_to_virt(mapped_bits_phys);
	memset(frame_blocks_mapped, 0, mapped_bits_size());
	while (next_blocks(end, &start, &end))
		for (uint64_t block = start; block < end; block++)
			init_block(block);
	for (size_t i = 0; i < nr; i++)
		init_range(&ranges[i], (uint16_t)i);
}

/* Sixteen frames a turn: a check of the whole machine goes through here after every test. */
frame_word_t frame_words_or(uint64_t pfn, uint64_t nr)
{
	const frame_word_t *at = &frame_words[pfn], *end = at + nr;
	uint64_t all = 0;

	for (; end - at >= 16; at += 16) {
		const frame_pair_t *pairs = (const frame_pair_t *)at;

		all |= pairs[0].words | pairs[1].words | pairs[2].words | pairs[3].words;
		all |= pairs[4].words | pairs[5].words | pairs[6].words | pairs[7].words;
	}
	for (; at < end; at++)
		all |= *at;
	return (frame_word_t)(all | all >> 32);
}

/* Those of a block have one all together, or none has. */
uint64_t frames_with_words(uint64_t pfn, uint64_t nr)
{
	uint64_t at = pfn;

	while (at - pfn < nr && at < frame_end &&
	       frame_blocks_mapped[at / FRAME_BLOCK / 64] >> at / FRAME_BLOCK % 64 & 1)
		at = (at | (FRAME_BLOCK - 1)) + 1;
	return at - pfn < nr ? at - pfn : nr;
}

bool frames_are_ours(uint64_t pfn, uint64_t nr)
{
	return frames_with_words(pfn, nr) == nr && !(frame_words_or(pfn, nr) & FRAME_FOREIGN);
}

uintptr_t frame_owner_decode(frame_word_t word)
{
	uintptr_t here = (uintptr_t)frame_owner_decode;
	uint64_t distance = (word - here) << (64 - FRAME_OWNER_BITS);

	if (!(word & FRAME_OWNER_MASK))
		return 0;
	return here + (uintptr_t)((int64_t)distance >> (64 - FRAME_OWNER_BITS));
}

void frame_owner_format(frame_word_t word, char *buffer, size_t size)
{
	uintptr_t owner = frame_owner_decode(word);

	if (owner == 0)
		scnprintf(buffer, size, "nobody");
	else
		symbol_format(owner, buffer, size);
}

static const struct memory_range *range_of(const struct page *page)
{
	size_t nr;

	return &memblock_ranges(&nr)[page->range];
}

int page_to_nid(const struct page *page)
{
	return range_of(page)->node;
}

uint32_t page_descriptor(const struct page *page)
{
	return range_of(page)->descriptor;
}
