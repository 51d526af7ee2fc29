/* SPDX-License-Identifier: BSD-2-Clause */
#include "area_tree.h"
#include "lib/assert.h"

/*
 * The way down to a node: the links that lead to it, the root's first. A link stays where it is
 * while the subtree behind it is rotated, so the way can be walked back up with rotations.
 */
struct way {
	struct vmap_area **links[AREA_TREE_HEIGHT_MAX];
	unsigned int length;
};

static unsigned int height_of(const struct vmap_area *node)
{
	return node ? node->height : 0;
}

static uint64_t max_of(const struct vmap_area *node)
{
	return node ? node->subtree_max : 0;
}

static uint64_t largest_below(const struct vmap_area *node)
{
	uint64_t largest = node->va_end - node->va_start;

	if (max_of(node->left) > largest)
		largest = max_of(node->left);
	return max_of(node->right) > largest ? max_of(node->right) : largest;
}

/* Height and maximum from the children; whether one of them changed. */
static bool refresh(const struct area_tree *tree, struct vmap_area *node)
{
	unsigned int left = height_of(node->left), right = height_of(node->right);
	uint8_t height = (uint8_t)((left > right ? left : right) + 1);
	bool changed = node->height != height;

	node->height = height;
	if (tree->augmented) {
		uint64_t largest = largest_below(node);

		changed |= node->subtree_max != largest;
		node->subtree_max = largest;
	}
	return changed;
}

static struct vmap_area *rotate_right(const struct area_tree *tree, struct vmap_area *node)
{
	struct vmap_area *top = node->left;

	node->left = top->right;
	top->right = node;
	refresh(tree, node);
	refresh(tree, top);
	return top;
}

static struct vmap_area *rotate_left(const struct area_tree *tree, struct vmap_area *node)
{
	struct vmap_area *top = node->right;

	node->right = top->left;
	top->left = node;
	refresh(tree, node);
	refresh(tree, top);
	return top;
}

/* Restores the balance at `*link`, whose subtrees are in order. Whether anything changed. */
static bool rebalance(const struct area_tree *tree, struct vmap_area **link)
{
	struct vmap_area *node = *link;
	unsigned int left = height_of(node->left), right = height_of(node->right);

	if (left > right + 1) {
		if (height_of(node->left->left) < height_of(node->left->right))
			node->left = rotate_left(tree, node->left);
		*link = rotate_right(tree, node);
		return true;
	}
	if (right > left + 1) {
		if (height_of(node->right->right) < height_of(node->right->left))
			node->right = rotate_right(tree, node->right);
		*link = rotate_left(tree, node);
		return true;
	}
	return refresh(tree, node);
}

/* Up again from the end of `way`: its first `certain` links until nothing changes, the others all.
 */
static void repair(const struct area_tree *tree, struct way *way, unsigned int certain)
{
	while (way->length > 0)
		if (!rebalance(tree, way->links[--way->length]) && way->length <= certain)
			return;
}

static void way_add(struct way *way, struct vmap_area **link)
{
	ASSERT(way->length < AREA_TREE_HEIGHT_MAX, "a tree of more than %u levels", way->length);
	way->links[way->length++] = link;
}

/* The link that holds the node starting at `start`, or the empty one where it belongs. */
static struct vmap_area **descend(struct area_tree *tree, uintptr_t start, struct way *way)
{
	struct vmap_area **link = &tree->root;

	way->length = 0;
	while (*link && (*link)->va_start != start) {
		way_add(way, link);
		link = start < (*link)->va_start ? &(*link)->left : &(*link)->right;
	}
	return link;
}

static struct vmap_area **descend_to(struct area_tree *tree, const struct vmap_area *node,
				     struct way *way)
{
	struct vmap_area **link = descend(tree, node->va_start, way);

	ASSERT(*link == node, "%lx-%lx is not in the tree", node->va_start, node->va_end);
	return link;
}

void area_tree_insert(struct area_tree *tree, struct vmap_area *node)
{
	struct way way;
	struct vmap_area **link = descend(tree, node->va_start, &way);

	ASSERT(!*link, "%lx is in the tree already", node->va_start);
	node->left = node->right = NULL;
	*link = node;
	refresh(tree, node);
	repair(tree, &way, way.length);
	tree->nr++;
}

/* Takes the lowest node out of the subtree behind `link`. */
static struct vmap_area *take_lowest(struct vmap_area **link, struct way *way)
{
	struct vmap_area *lowest;

	for (; (*link)->left; link = &(*link)->left)
		way_add(way, link);
	lowest = *link;
	*link = lowest->right;
	return lowest;
}

void area_tree_remove(struct area_tree *tree, struct vmap_area *node)
{
	struct way way;
	struct vmap_area **link = descend_to(tree, node, &way), *heir;
	unsigned int below;

	tree->nr--;
	if (!node->left || !node->right) {
		*link = node->left ? node->left : node->right;
		repair(tree, &way, way.length);
		return;
	}
	way_add(&way, link);
	below = way.length;
	heir = take_lowest(&node->right, &way);
	heir->left = node->left;
	heir->right = node->right;
	heir->height = node->height;
	*link = heir;
	way.links[below] = &heir->right; /* beyond the way's end where node->right is the heir */
	if (tree->augmented)
		heir->subtree_max = node->subtree_max;
	repair(tree, &way, below - 1);
}

void area_tree_resized(struct area_tree *tree, struct vmap_area *node)
{
	struct way way;
	struct vmap_area **link = descend_to(tree, node, &way);

	way_add(&way, link);
	repair(tree, &way, way.length);
}

struct vmap_area *area_tree_before(const struct area_tree *tree, uintptr_t address)
{
	struct vmap_area *node = tree->root, *found = NULL;

	while (node) {
		if (node->va_start <= address)
			found = node;
		node = node->va_start <= address ? node->right : node->left;
	}
	return found;
}

struct vmap_area *area_tree_after(const struct area_tree *tree, uintptr_t address)
{
	struct vmap_area *node = tree->root, *found = NULL;

	while (node) {
		if (node->va_start > address)
			found = node;
		node = node->va_start > address ? node->left : node->right;
	}
	return found;
}

struct audit {
	const struct area_tree *tree;
	const struct vmap_area *last;
	size_t nr;
	const char *problem;
};

static const char *check_node(const struct audit *audit, const struct vmap_area *node)
{
	unsigned int left = height_of(node->left), right = height_of(node->right);

	if (node->va_start >= node->va_end)
		return "an address range is empty";
	if (audit->last && audit->last->va_start >= node->va_start)
		return "address ranges are out of order";
	if (node->height != (left > right ? left : right) + 1)
		return "a node of an address tree has the wrong height";
	if (left > right + 1 || right > left + 1)
		return "an address tree is out of balance";
	if (audit->tree->augmented && node->subtree_max != largest_below(node))
		return "a node does not know the largest block below it";
	return NULL;
}

static void check_subtree(struct audit *audit, const struct vmap_area *node)
{
	if (!node || audit->problem)
		return;
	check_subtree(audit, node->left);
	if (!audit->problem)
		audit->problem = check_node(audit, node);
	audit->last = node;
	audit->nr++;
	check_subtree(audit, node->right);
}

const char *area_tree_check(const struct area_tree *tree)
{
	struct audit audit = {.tree = tree};

	check_subtree(&audit, tree->root);
	if (!audit.problem && audit.nr != tree->nr)
		return "an address tree has lost count of its nodes";
	return audit.problem;
}

uint64_t area_tree_largest(const struct area_tree *tree)
{
	return tree->root ? tree->root->subtree_max : 0;
}
