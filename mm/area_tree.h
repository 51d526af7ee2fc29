/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Address ranges in a balanced tree, ordered by address (an AVL tree: Adelson-Velskii and Landis,
 * 1962). Its height is at most 1.44 log2(n + 2), so a way from the root to a leaf is never longer
 * than AREA_TREE_HEIGHT_MAX. Nodes have no parent pointer: whoever changes the tree keeps the way
 * down. Two such trees hold the vmalloc region between them: the free blocks, where each node knows
 * the largest block below it, and everything that is taken. No locking here.
 */

enum { AREA_TREE_HEIGHT_MAX = 64 };

struct vm_struct;

/* What a range is used for just now. */
enum area_state {
	AREA_FREE,    /* in the free tree, or in no tree */
	AREA_READY,   /* in a CPU's cache: taken, in no TLB, waits for the next call */
	AREA_CLAIMED, /* somebody sets it up, changes it or takes it apart: not seen by lookups */
	AREA_BUSY,    /* somebody's area */
	AREA_PINNED,  /* the same while somebody reads what it is; freeing it waits that long */
	AREA_LAZY,    /* freed, its entries are clear, may still be in TLBs */
	AREA_QUARANTINED,
};

/*
 * A range of the region. Linux's public fields are va_start, va_end and vm. In the taken tree it
 * also holds the guard in front; the guard behind lies within [va_start, va_end) but is not its
 * own: neighbours share it.
 */
struct vmap_area {
	unsigned long va_start, va_end; /* bytes; with the guard behind */
	struct vmap_area *left, *right;
	union {
		struct vm_struct *vm; /* taken: what it is used for */
		uint64_t subtree_max; /* free: bytes of the largest block of this subtree */
	};
	uint8_t state;	     /* enum area_state; changed atomically */
	uint8_t height;	     /* of this subtree; a leaf has 1 */
	uint8_t front;	     /* pages of guard before va_start that it owns */
	uint8_t behind;	     /* pages of guard before va_end that it wants there */
	uint16_t size_class; /* which cache of ready ranges it belongs to (area_cache.h) */
	bool held : 1; /* the entries of its pages, and of the one before, are its own (held.h) */
	bool one_run : 1; /* its pages are frames that follow each other */
	/*
	 * It is, or was when it was freed last, as nearly all of vmalloc()'s are: held, one run,
	 * whole in use, without large leaves; its vm is filled in, its pages are listed.
	 */
	bool plain;
};

struct area_tree {
	struct vmap_area *root;
	size_t nr;
	bool augmented; /* the nodes keep subtree_max */
};

/* `node` must not overlap another one (the caller knows the neighbours: area_tree_before()). */
void area_tree_insert(struct area_tree *tree, struct vmap_area *node);
void area_tree_remove(struct area_tree *tree, struct vmap_area *node);
/* To be called when the range of a node in the tree has grown or shrunk (the order is as before).
 */
void area_tree_resized(struct area_tree *tree, struct vmap_area *node);
/* The highest node that starts at or below `address`; the lowest that starts above it; or NULL. */
struct vmap_area *area_tree_before(const struct area_tree *tree, uintptr_t address);
struct vmap_area *area_tree_after(const struct area_tree *tree, uintptr_t address);
/* NULL, or what is wrong: order, balance, largest block below. */
const char *area_tree_check(const struct area_tree *tree);
/* Bytes of the largest block of an augmented tree; 0: there is none. */
uint64_t area_tree_largest(const struct area_tree *tree);
