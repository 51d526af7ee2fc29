/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "world.h"
#include "area_tree.c"

/*
 * Trees of free blocks. Node i of the places has its children in the places 2i and 2i + 1; each is
 * an object of its own, for so CBMC knows where a pointer can lead.
 */
static struct vmap_area n1, n2, n3, n4, n5, n6, n7;
static struct vmap_area n8, n9, n10, n11, n12, n13, n14, n15;
static struct vmap_area *const places[] = {NULL, &n1, &n2,  &n3,  &n4,	&n5,  &n6,  &n7,
					   &n8,	 &n9, &n10, &n11, &n12, &n13, &n14, &n15};
static struct area_tree tree = {.augmented = true};

static uint64_t length_of(const struct vmap_area *node)
{
	return node->va_end - node->va_start;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Height, balance and largest block, as its children say. */
static bool node_is_valid(const struct vmap_area *node)
{
	unsigned int left = node->left ? node->left->height : 0;
	unsigned int right = node->right ? node->right->height : 0;
	uint64_t below = larger(node->left ? node->left->subtree_max : 0,
				node->right ? node->right->subtree_max : 0);

	return node->height == larger(left, right) + 1 && left <= right + 1 && right <= left + 1 &&
	       node->subtree_max == larger(length_of(node), below);
}
