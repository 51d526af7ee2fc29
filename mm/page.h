/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "layout.h"
#include "levels.h"
#include "percpu.h"
#include "platform.h"
#include "space.h"

/*
 * What is known of each page frame, in two arrays indexed by frame number: struct page for what
 * lists, references and users need, and one word for what every allocation and every free must look
 * at. The words lie close together, so that a run of frames is marked and checked two frames an
 * instruction and without touching one struct page.
 *
 * Both lie in the page-array region: struct page from VMEMMAP_START on, the words behind the last
 * struct page. Both are mapped for whole blocks of the largest order around the frames that are
 * ours; in the holes between them all words are one shared page of FRAME_FOREIGN. Together 28 bytes
 * a frame (Linux: 64).
 */

enum page_kind {
	PAGE_PLAIN,   /* what its user makes of it */
	PAGE_BUDDY,   /* first frame of a free block of `order` in its zone's lists */
	PAGE_HEAD,    /* first frame of a __GFP_COMP block of `order` */
	PAGE_TAIL,    /* another one of it; `head` leads to the first */
	PAGE_SLAB,    /* a slab's; `slab` */
	PAGE_KMALLOC, /* first frame of a large kmalloc() of `order` */
	PAGE_TABLE,   /* a page table */
};

struct page {
	union {
		struct {
			uint32_t next, prev; /* frame numbers: lists of the page allocator */
		};
		uint64_t private; /* the user's, while allocated; anything at first */
	};
	union {
		void *slab;
		struct page *head;
		uint64_t mapping; /* the user's, while allocated and PAGE_PLAIN */
	};
	int32_t refcount; /* 1, unless the word says FRAME_COUNTED */
	uint8_t kind;	  /* enum page_kind */
	uint8_t order;
	uint16_t range; /* index into memblock_ranges(): node and firmware descriptor */
};

_Static_assert(sizeof(struct page) == 24, "struct page is 24 bytes");

/*
 * The word of a frame: state in the upper byte, and below it who allocated or freed it last
 * (frame_owner_encode()).
 */
typedef uint32_t frame_word_t;

enum { FRAME_OWNER_BITS = 24 };
#define FRAME_OWNER_MASK (((frame_word_t)1 << FRAME_OWNER_BITS) - 1)
#define FRAME_ALLOCATED ((frame_word_t)1 << 31)
#define FRAME_EVER ((frame_word_t)1 << 30)    /* was handed out: cleared at the end */
#define FRAME_COUNTED ((frame_word_t)1 << 29) /* had a further reference: page->refcount counts */
#define FRAME_TYPED ((frame_word_t)1 << 28)   /* freed by who made it something: slab, compound */
#define FRAME_FOREIGN ((frame_word_t)1 << 27) /* not ours */
#define FRAME_STATE_MASK (~FRAME_OWNER_MASK)
/* The state of a frame with one reference, which anybody may free. */
#define FRAME_PLAIN (FRAME_ALLOCATED | FRAME_EVER)

/* What layout_request.page_struct_size must be: 28 for both arrays, and room to round up. */
enum { PAGE_ARRAY_BYTES_PER_FRAME = 32 };
/* The arrays are mapped by blocks of 4 MiB of memory: 6 pages of the one, 1 of the other. */
enum { FRAME_BLOCK_SHIFT = 10, FRAME_BLOCK = 1 << FRAME_BLOCK_SHIFT };

extern __hot frame_word_t *frame_words; /* indexed by frame number */
extern uint64_t *frame_blocks_mapped;	/* one bit a block */
extern uint64_t frame_end;		/* first frame number beyond both arrays */

static inline struct page *pfn_to_page(uint64_t pfn)
{
	return (struct page *)VMEMMAP_START + pfn;
}

static inline uint64_t page_to_pfn(const struct page *page)
{
	return (uint64_t)(page - (const struct page *)VMEMMAP_START);
}

/* Divided by 24 and times the page size, in one: exact modulo 2^64, for multiples of 24. */
#define PAGE_PHYS_FACTOR (UINT64_C(0xaaaaaaaaaaaaaaab) << (PAGE_SHIFT - 3))
_Static_assert(24 * PAGE_PHYS_FACTOR == PAGE_SIZE, "an inverse of 3");

static inline phys_addr_t page_to_phys(const struct page *page)
{
	return ((uintptr_t)page - VMEMMAP_START) * PAGE_PHYS_FACTOR;
}

static inline struct page *phys_to_page(phys_addr_t phys)
{
	return pfn_to_page(phys >> PAGE_SHIFT);
}

static inline struct page *virt_to_page(const void *address)
{
	return pfn_to_page(virt_to_phys(address) >> PAGE_SHIFT);
}

static inline void *page_address(const struct page *page)
{
	return phys_to_virt(page_to_phys(page));
}

static inline void *pfn_to_kaddr(uint64_t pfn)
{
	return phys_to_virt(pfn << PAGE_SHIFT);
}

/*
 * Two words at a time, which need not be aligned to that. The words of different frames may be
 * written by different CPUs; these only touch those they are asked about.
 */
typedef struct __attribute__((packed, may_alias)) {
	uint64_t words;
} frame_pair_t;
#define FRAME_PAIR(word) ((uint64_t)(word) << 32 | (word))

/* All words of a run or-ed together. */
frame_word_t frame_words_or(uint64_t pfn, uint64_t nr);
static inline frame_word_t frame_word(uint64_t pfn)
{
	return __atomic_load_n(&frame_words[pfn], __ATOMIC_RELAXED);
}

/* Whether the frame is ours. Any number may be asked about. */
static inline bool pfn_valid(uint64_t pfn)
{
	uint64_t block = pfn >> FRAME_BLOCK_SHIFT;

	return pfn < frame_end && (frame_blocks_mapped[block / 64] >> block % 64 & 1) &&
	       !(frame_word(pfn) & FRAME_FOREIGN);
}

/* Whether `page` leads to the struct page of a frame of ours. Any pointer may be asked about. */
static inline bool page_valid(const struct page *page)
{
	uint64_t offset = (uintptr_t)page - VMEMMAP_START;

	return offset % sizeof(struct page) == 0 && pfn_valid(offset / sizeof(struct page));
}

/* How many of `nr` frames from `pfn` on have a word; any may be asked about. */
uint64_t frames_with_words(uint64_t pfn, uint64_t nr);
/* Whether each of them is ours. */
bool frames_are_ours(uint64_t pfn, uint64_t nr);

/* How many references there are; 0: free. */
static inline int page_count(const struct page *page)
{
	frame_word_t word = frame_word(page_to_pfn(page));

	if (!(word & FRAME_ALLOCATED))
		return 0;
	return word & FRAME_COUNTED ? __atomic_load_n(&page->refcount, __ATOMIC_RELAXED) : 1;
}

static inline struct page *compound_head(struct page *page)
{
	return page->kind == PAGE_TAIL ? page->head : page;
}

/*
 * Frames for both arrays and their mapping, with the gate open; 0 or -ENOMEM. Then, with our tables
 * live, every frame of memblock's ranges becomes free and never handed out, all others foreign.
 */
int page_array_map(void);
void page_array_init(void);

/*
 * Who it was, for a frame's word: the lower bits of an address in the image, which is smaller than
 * what they can tell apart. And back: the address, 0 for nobody; how it reads: "name+0x12/0x40".
 */
static inline frame_word_t frame_owner_encode(uintptr_t caller)
{
	return (frame_word_t)caller & FRAME_OWNER_MASK;
}
uintptr_t frame_owner_decode(frame_word_t word);
void frame_owner_format(frame_word_t word, char *buffer, size_t size);

/* NUMA node; index of the firmware descriptor that the frame came from. */
int page_to_nid(const struct page *page);
uint32_t page_descriptor(const struct page *page);
