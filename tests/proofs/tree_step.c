/* SPDX-License-Identifier: BSD-2-Clause */
#include "tree.h"

/*
 * One step of the way back up: whatever a change has done to one subtree of a node, as long as that
 * is a valid tree again and its height has changed by one at most, the node's tree is valid after
 * rebalance(): in balance, every node knows its height and largest block, the order is as before,
 * its own height has changed by one at most, and "nothing changed" is true. So by induction over
 * the way, a tree of any size stays valid. Bound: the subtrees below the nodes that may turn are
 * any trees of up to 60 levels, of which only height and maximum are known; lengths of 16 values,
 * enough for any order of the 15 there are.
 */
enum { KNOWN = 8, LEVELS = 60 };
/* In the order of addresses; at which of these each place stands. */
static const uint8_t rank_of[2 * KNOWN] = {0, 8, 4, 12, 2, 6, 10, 14, 1, 3, 5, 7, 9, 11, 13, 15};

/* A node with two subtrees; places beyond KNOWN stand for whole trees. */
static void any_tree_of(unsigned int place)
{
	struct vmap_area *node = places[place];

	node->va_start = (unsigned long)rank_of[place] << 8;
	node->va_end = node->va_start + 1 + (ANY(uint8_t) & 15);
	node->height = ANY(uint8_t);
	node->subtree_max = 1 + (ANY(uint8_t) & 15);
	node->left = node->right = NULL;
	ASSUME(node->height <= LEVELS);
	if (place >= KNOWN)
		return;
	node->left = places[2 * place]->height ? places[2 * place] : NULL;
	node->right = places[2 * place + 1]->height ? places[2 * place + 1] : NULL;
	ASSUME(place == 1 || !node->height || node_is_valid(node));
}

/* The places below the root that there are: those whose way up exists. */
static bool there[2 * KNOWN];

static unsigned int count_there(void)
{
	unsigned int nr = 1;

	there[1] = true;
	for (unsigned int place = 2; place < 2 * KNOWN; place++) {
		there[place] = there[place / 2] && places[place]->height;
		nr += there[place];
	}
	return nr;
}

/* Each node is valid, and together they lead to as many as there are but the root. */
static bool all_valid(unsigned int nr)
{
	for (unsigned int place = 1; place < KNOWN; place++) {
		const struct vmap_area *node = places[place];

		if (there[place] && !node_is_valid(node))
			return false;
		if (there[place])
			nr -= (unsigned int)(node->left != NULL) + (node->right != NULL);
	}
	return nr == 1;
}

/* Whether looking for a place from the root, as one looks in an ordered tree, ends there. */
static bool is_found(const struct vmap_area *node, unsigned int place)
{
	for (unsigned int step = 0; step < 5 && node && node != places[place]; step++)
		node = places[place]->va_start < node->va_start ? node->left : node->right;
	return node == places[place];
}

int main(void)
{
	struct vmap_area *root = &n1;
	unsigned int left, right, old_left = ANY(uint8_t), old_right = ANY(uint8_t), old, nr;
	unsigned int place = ANY(uint8_t);
	uint64_t largest, old_max;
	bool changed;

	for (unsigned int i = 2 * KNOWN - 1; i > 0; i--)
		any_tree_of(i);
	left = n2.height;
	right = n3.height;
	ASSUME(old_left <= old_right + 1 && old_right <= old_left + 1);
	ASSUME((left == old_left && right <= old_right + 1 && old_right <= right + 1) ||
	       (right == old_right && left <= old_left + 1 && old_left <= left + 1));
	old = (unsigned int)larger(old_left, old_right) + 1;
	ASSUME(n1.height == old);
	old_max = n1.subtree_max;
	largest = larger(length_of(&n1),
			 larger(left ? n2.subtree_max : 0, right ? n3.subtree_max : 0));
	nr = count_there();
	ASSUME(place > 0 && place < 2 * KNOWN && there[place]);
	changed = rebalance(&tree, &root);
	PROVE(all_valid(nr));
	PROVE(is_found(root, place));
	PROVE(root->subtree_max == largest);
	PROVE(root->height <= old + 1 && old <= root->height + 1u);
	PROVE(changed || (root->height == old && root->subtree_max == old_max));
	return 0;
}
