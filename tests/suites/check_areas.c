/* SPDX-License-Identifier: BSD-2-Clause */
#include "area_cache.h"
#include "areas.h"
#include "broken.h"
#include "lib/format.h"
#include "page_alloc.h"
#include "ram_block.h"
#include "space.h"
#include "test.h"
#include "vm_map_ram.h"
#include "vmalloc.h"

/* The same as check.c for address ranges, slots of vm_map_ram(), and page tables. */

/* A tree of ten ranges of two pages each, every other two pages. */
enum { NR_NODES = 10 };

static struct vmap_area nodes[NR_NODES];

static void build_tree(struct area_tree *tree)
{
	memset(nodes, 0, sizeof(nodes));
	for (uintptr_t i = 0; i < NR_NODES; i++) {
		nodes[i].va_start = (1 + 4 * i) * PAGE_SIZE;
		nodes[i].va_end = nodes[i].va_start + 2 * PAGE_SIZE;
		area_tree_insert(tree, &nodes[i]);
	}
}

TEST(check, tree, "an address tree: order, balance, heights, the largest block below, the count")
{
	struct area_tree tree = {.augmented = true};
	struct vmap_area *root, *leaf;

	build_tree(&tree);
	root = tree.root;
	for (leaf = root; leaf->left; leaf = leaf->left)
		;
	expect_broken(area_tree_check(&tree), root->va_end, root->va_start,
		      "an address range is empty");
	expect_broken(area_tree_check(&tree), leaf->va_start, root->va_start,
		      "an address range is empty");
	expect_broken(area_tree_check(&tree), root->height, (uint8_t)(root->height + 1),
		      "a node of an address tree has the wrong height");
	expect_broken(area_tree_check(&tree), leaf->subtree_max, leaf->subtree_max + PAGE_SIZE,
		      "a node does not know the largest block below it");
	expect_broken(area_tree_check(&tree), tree.nr, NR_NODES + 1,
		      "an address tree has lost count of its nodes");
	tree.augmented = false;
	expect_broken(area_tree_check(&tree), root->subtree_max, 0, "nothing is wrong");
}

TEST(check, tree_order, "an address tree whose ranges are out of order, or that leans to a side")
{
	struct vmap_area low = {.va_start = PAGE_SIZE, .va_end = 2 * PAGE_SIZE, .height = 1};
	struct vmap_area middle = {.va_start = 2 * PAGE_SIZE, .va_end = 3 * PAGE_SIZE};
	struct vmap_area high = {.va_start = 3 * PAGE_SIZE, .va_end = 4 * PAGE_SIZE};
	struct area_tree tree = {.root = &high, .nr = 3};

	high.left = &middle;
	high.height = 3;
	middle.left = &low;
	middle.height = 2;
	expect_string(said(area_tree_check(&tree)), "an address tree is out of balance");
	high.left = NULL;
	high.right = &middle;
	middle.left = NULL;
	middle.right = &low;
	expect_string(said(area_tree_check(&tree)), "an address tree is out of balance");
	middle.height = 1;
	middle.right = NULL;
	high.height = 2;
	tree.nr = 2;
	expect_string(said(area_tree_check(&tree)), "address ranges are out of order");
	high.right = NULL;
	high.left = &middle;
	expect(!area_tree_check(&tree));
}

TEST(check, region, "the vmalloc region: what is in use, what is free, and nothing beside")
{
	void *area = vmalloc(3 * PAGE_SIZE);
	struct vmap_area *block = areas.free.tree.root;
	const char *hole = "a part of the vmalloc region is neither free nor taken";
	struct vmap_area *first;

	require(area && block);
	first = area_tree_after(&areas.taken, 0);
	expect_broken(vmap_area_check(), areas.free.bytes, areas.free.bytes + 1,
		      "free address space was lost count of");
	expect_broken(vmap_area_check(), areas.taken.nr, areas.taken.nr + 1,
		      "an address tree has lost count of its nodes");
	expect_broken(vmap_area_check(), first->va_start, first->va_start + PAGE_SIZE, hole);
	expect_broken(vmap_area_check(), first->va_end, first->va_end + PAGE_SIZE, hole);
	expect_broken(vmap_area_check(), areas.free.tree.augmented, true, "nothing is wrong");
	vfree(area);
}

TEST(check, area_cache, "a CPU's ready ranges: their class, their state, how many")
{
	struct area_cpu *cpu = this_area_cpu();
	const char *strange = "a cache of address ranges holds one that does not belong there";
	const char *count = "a cache of address ranges has lost count";
	struct area *area;

	vfree(vmalloc(5 * PAGE_SIZE));
	area = cpu->classes[4].ready ? cpu->classes[4].ready : cpu->classes[4].lazy;
	if (!area)
		test_skip("no cache");
	expect_broken(vmap_area_check(), cpu->room, cpu->room - 1, count);
	expect_broken(vmap_area_check(), cpu->room, cpu->room + 1, count);
	expect_broken(vmap_area_check(), area->va.size_class, 3, strange);
	expect_broken(vmap_area_check(), area->va.state, AREA_BUSY, strange);
}

TEST(check, ram_block, "the slots of a block of vm_map_ram() follow each other")
{
	struct page *page = alloc_page(GFP_KERNEL);
	void *slot = page ? vm_map_ram(&page, 1, NUMA_NO_NODE) : NULL;
	struct ram_block *block = this_area_cpu()->ram_block;
	const char *broken = "a block of vm_map_ram() has a broken slot";

	require(slot && block && block->carved);
	expect_broken(vmalloc_check(), block->slots[0].start, block->slots[0].start + 1, broken);
	expect_broken(vmalloc_check(), block->slots[0].state, 1 << SLOT_COUNT_SHIFT, broken);
	expect_broken(vmalloc_check(), block->slots[0].state, SLOT_FREE, broken);
	expect_broken(vmalloc_check(), block->slots[0].state,
		      slot_state_of(RAM_SLOT_PAGES + 1, SLOT_FREE), broken);
	vm_unmap_ram(slot, 1);
	__free_page(page);
}

TEST(check, tables, "how many page tables a space has of each level")
{
	char text[96];

	for (unsigned int level = LEVEL_PTE; level <= LEVEL_P4D; level++) {
		uint64_t nr = kernel_space.tables[level];

		scnprintf(text, sizeof(text),
			  "page tables: %lu of level %u are there, %lu were counted", nr, level,
			  nr + 1);
		expect_broken(space_check(), kernel_space.tables[level], nr + 1, text);
	}
}

/* Two free blocks that touch, which giving them back would have joined. */
TEST(check, free_space, "the free blocks: their tree, their order, their sum")
{
	static struct vmap_area blocks[2] = {{.va_start = PAGE_SIZE, .va_end = 3 * PAGE_SIZE},
					     {.va_start = 3 * PAGE_SIZE, .va_end = 4 * PAGE_SIZE}};
	struct free_space space = {.tree = {.augmented = true}, .bytes = 3 * PAGE_SIZE};

	expect_equal(area_tree_largest(&space.tree), 0);
	for (unsigned int i = 0; i < 2; i++)
		area_tree_insert(&space.tree, &blocks[i]);
	expect_string(said(free_space_check(&space)), "two free blocks touch or overlap");
	expect_broken(vmap_area_check(), areas.free.tree.nr, areas.free.tree.nr + 1,
		      "an address tree has lost count of its nodes");
	expect_broken(vmalloc_check(), areas.free.bytes, areas.free.bytes + 1,
		      "free address space was lost count of");
}

/* The last free block, and the taken range before a free one; NULL: there is none. */
static struct vmap_area *last_free(void)
{
	struct vmap_area *block = areas.free.tree.root;

	while (block && block->right)
		block = block->right;
	return block;
}

TEST(check, region_end, "the end of the region: neither free nor taken, or both")
{
	struct vmap_area *block = last_free();
	struct vmap_area *taken = block ? area_tree_before(&areas.taken, block->va_start) : NULL;

	if (!block || block->va_end != VMALLOC_END || !taken ||
	    area_body_end(taken) != block->va_start)
		test_skip("the region ends otherwise");
	block->va_end -= PAGE_SIZE;
	areas.free.bytes -= PAGE_SIZE;
	area_tree_resized(&areas.free.tree, block);
	expect_string(said(vmap_area_check()),
		      "a part of the vmalloc region is neither free nor taken");
	block->va_end += PAGE_SIZE;
	areas.free.bytes += PAGE_SIZE;
	area_tree_resized(&areas.free.tree, block);
	expect_broken(vmap_area_check(), taken->va_end, block->va_end + taken->behind * PAGE_SIZE,
		      "a part of the vmalloc region is free or taken twice");
}

TEST(check, area_cache_lazy, "and its freed ranges: those of this flush, those of an earlier one")
{
	struct area_cpu *cpu = this_area_cpu();
	const char *strange = "a cache of address ranges holds one that does not belong there";
	struct lazy_class *class = &cpu->classes[6];
	struct area *first;

	vfree(vmalloc(7 * PAGE_SIZE));
	if (!class->lazy || class->ready || class->older)
		test_skip("no cache, or others are there");
	first = class->lazy;
	expect_broken(vmap_area_check(), first->va.state, AREA_PINNED, strange);
	class->older = first;
	class->lazy = NULL;
	expect_broken(vmap_area_check(), first->va.size_class, 3, strange);
	class->older = NULL;
	class->ready = first;
	expect_broken(vmap_area_check(), first->va.size_class, 3, strange);
	class->ready = NULL;
	class->lazy = first;
	expect(!vmap_area_check());
}

TEST(check, ram_block_end, "slots of a block that go on beyond what was carved")
{
	struct page *page = alloc_page(GFP_KERNEL);
	void *slot = page ? vm_map_ram(&page, 1, NUMA_NO_NODE) : NULL;
	struct ram_block *block = this_area_cpu()->ram_block;
	unsigned int at = 0, last = 0;

	require(slot && block && block->carved);
	for (; at < block->carved; at += slot_count(&block->slots[at]))
		last = at;
	expect_broken(vmalloc_check(), block->slots[last].state,
		      slot_state_of(slot_count(&block->slots[last]) + 1, SLOT_FREE),
		      "the slots of a block of vm_map_ram() do not fit it");
	vm_unmap_ram(slot, 1);
	__free_page(page);
}
