/* SPDX-License-Identifier: BSD-2-Clause */
#include "tree.h"

/*
 * Every tree of up to four nodes that can be: a node put in anywhere, each node taken out, and
 * each one grown or shrunk. It has these nodes and no other, in order, in balance, and each knows
 * its largest block. Which way down is taken hangs on the order of addresses alone, so nodes begin
 * 256 apart; their lengths are any of 8 bits. Bound: four nodes before; tree_step is for any tree.
 */
enum { PLACES = 8, HEAP_LEVELS = 3 };
static const unsigned int in_order[PLACES - 1] = {4, 2, 5, 1, 6, 3, 7};

static uintptr_t start_of(unsigned int rank)
{
	return (uintptr_t)rank << 8;
}

static void any_length(struct vmap_area *node)
{
	node->va_end = node->va_start + 1 + ANY(uint8_t) % 255;
}

/* Every set of up to four places that is a tree in balance. */
static const uint8_t shapes[] = {0x00, 0x02, 0x06, 0x0a, 0x0e, 0x1e, 0x2e, 0x4e, 0x8e};

static unsigned int make_tree(unsigned int shape)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < PLACES - 1; i++)
		if (shape >> in_order[i] & 1) {
			places[in_order[i]]->va_start = start_of(2 * nr++ + 2);
			any_length(places[in_order[i]]);
		}
	for (unsigned int place = PLACES - 1; place > 0; place--) {
		struct vmap_area *node = places[place];

		if (!(shape >> place & 1))
			continue;
		node->left = place < 4 && shape >> 2 * place & 1 ? places[2 * place] : NULL;
		node->right =
			place < 4 && shape >> (2 * place + 1) & 1 ? places[2 * place + 1] : NULL;
		node->height = (uint8_t)(1 + larger(node->left ? node->left->height : 0,
						    node->right ? node->right->height : 0));
		node->subtree_max =
			larger(length_of(node), larger(node->left ? node->left->subtree_max : 0,
						       node->right ? node->right->subtree_max : 0));
	}
	tree.root = shape & 2 ? places[1] : NULL;
	tree.nr = nr;
	return nr;
}

/* The ranks of all nodes, and that all is as it must be. */
static void check(const struct vmap_area *node, unsigned int levels, uint32_t *ranks)
{
	if (!node)
		return;
	PROVE(levels > 0);
	if (levels == 0)
		return;
	check(node->left, levels - 1, ranks);
	PROVE(node_is_valid(node));
	PROVE(*ranks >> (node->va_start >> 8) == 0);
	*ranks |= (uint32_t)1 << (node->va_start >> 8);
	check(node->right, levels - 1, ranks);
}

static void check_tree(unsigned int nr, uint32_t expected)
{
	uint32_t ranks = 0;

	check(tree.root, HEAP_LEVELS + 1, &ranks);
	PROVE(ranks == expected && tree.nr == nr);
}

static uint32_t ranks_of(unsigned int nr)
{
	return (((uint32_t)1 << 2 * nr) - 1) / 3 << 2;
}

static void change(unsigned int shape, unsigned int rank)
{
	unsigned int nr = make_tree(shape);
	struct vmap_area *node;

	if (rank & 1) {
		n8.va_start = start_of(rank);
		any_length(&n8);
		area_tree_insert(&tree, &n8);
		check_tree(nr + 1, ranks_of(nr) | (uint32_t)1 << rank);
		return;
	}
	node = area_tree_before(&tree, start_of(rank));
	PROVE(node->va_start == start_of(rank));
	any_length(node);
	area_tree_resized(&tree, node);
	check_tree(nr, ranks_of(nr));
	area_tree_remove(&tree, node);
	check_tree(nr - 1, ranks_of(nr) & ~((uint32_t)1 << rank));
}

int main(void)
{
	for (unsigned int i = 0; i < sizeof(shapes); i++) {
		unsigned int nr = (unsigned int)__builtin_popcount(shapes[i]);

		for (unsigned int rank = 1; rank <= 2 * nr + 1; rank++)
			change(shapes[i], rank);
	}
	return 0;
}
