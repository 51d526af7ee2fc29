/* SPDX-License-Identifier: BSD-2-Clause */
#include "witness.h"
#include <stdio.h>
#include "machine.h"
#include "space.h"
#include "walk.h"

struct view {
	struct witness_picture picture;
	const char *problem; /* the first one */
};

static char text[160];

static void complain(struct view *view, const char *what, uint64_t virt, uint64_t value)
{
	if (view->problem)
		return;
	snprintf(text, sizeof(text), "witness: %s at 0x%llx (0x%llx)", what,
		 (unsigned long long)virt, (unsigned long long)value);
	view->problem = text;
}

static void mix(uint64_t *hash, uint64_t value)
{
	*hash = (*hash ^ value) * 0x9e3779b97f4a7c15;
	*hash ^= *hash >> 29;
}

enum { MIX_WRITE = 1, MIX_EXECUTE = 2, MIX_USER = 4, MIX_GLOBAL = 8, MIX_PAT_SHIFT = 4 };

static void mix_leaf(struct witness_picture *picture, uint64_t virt, uint64_t phys, uint64_t size,
		     uint64_t flags)
{
	mix(&picture->hash, virt);
	mix(&picture->hash, phys);
	mix(&picture->hash, size | flags);
	picture->leaves++;
}

static void see_leaf(void *context, const struct mmu_leaf *leaf)
{
	struct view *view = context;
	uint64_t flags = (uint64_t)(leaf->write ? MIX_WRITE : 0) |
			 (leaf->execute ? MIX_EXECUTE : 0) | (leaf->user ? MIX_USER : 0) |
			 (leaf->global ? MIX_GLOBAL : 0) | (uint64_t)leaf->pat << MIX_PAT_SHIFT;

	mix_leaf(&view->picture, leaf->virt, leaf->phys, leaf->size, flags);
	if (leaf->write && leaf->execute)
		complain(view, "writable and executable", leaf->virt, leaf->phys);
	if (leaf->virt < PAGE_SIZE)
		complain(view, "page 0 is mapped", leaf->virt, leaf->phys);
	if (leaf->virt < layout.window_start || leaf->virt + leaf->size > layout.window_end)
		complain(view, "a leaf outside the window", leaf->virt, leaf->phys);
}

static void see_table(void *context, unsigned int level, uint64_t phys)
{
	struct view *view = context;

	view->picture.tables++;
	if (!memblock_find(phys))
		complain(view, "a table that is not in our frames", phys, level);
}

static void see_reserved(void *context, unsigned int level, uint64_t virt, uint64_t entry)
{
	(void)level;
	complain(context, "reserved bits", virt, entry);
}

static void look(struct view *view)
{
	struct mmu_visitor visitor = {see_leaf, see_table, see_reserved, view};

	*view = (struct view){0};
	mmu_visit(&machine_this_cpu()->mmu, &visitor);
}

/* The same leaf as pagetables/ tells it. Only leaves carry permissions there. */
static bool hear_leaf(void *context, const struct leaf *leaf)
{
	uint64_t prot = pgprot_val(leaf->prot), flags = 0;

	flags |= prot & _PAGE_RW ? MIX_WRITE : 0;
	flags |= prot & _PAGE_NX ? 0 : MIX_EXECUTE;
	flags |= prot & _PAGE_USER ? MIX_USER : 0;
	flags |= prot & _PAGE_GLOBAL ? MIX_GLOBAL : 0;
	flags |= (prot & _PAGE_PWT ? (uint64_t)1 : 0) << MIX_PAT_SHIFT;
	flags |= (prot & _PAGE_PCD ? (uint64_t)2 : 0) << MIX_PAT_SHIFT;
	flags |= (prot & _PAGE_PAT ? (uint64_t)4 : 0) << MIX_PAT_SHIFT;
	mix_leaf(context, leaf->start, leaf->phys, leaf->size, flags);
	return true;
}

const char *witness_check(void)
{
	struct witness_picture heard = {0};
	struct view seen;

	look(&seen);
	walk_leaves(space_current(), layout.window_start, layout.window_end, hear_leaf, &heard);
	if (heard.leaves != seen.picture.leaves)
		complain(&seen, "another number of leaves than walk_leaves() tells",
			 seen.picture.leaves, heard.leaves);
	if (heard.hash != seen.picture.hash)
		complain(&seen, "other leaves than walk_leaves() tells", seen.picture.hash,
			 heard.hash);
	return seen.problem;
}

bool witness_look_up(uintptr_t address, struct leaf *leaf)
{
	struct mmu_leaf seen;

	if (!mmu_look_up(&machine_this_cpu()->mmu, address, &seen))
		return false;
	*leaf = (struct leaf){.start = seen.virt, .phys = seen.phys, .size = seen.size};
	leaf->prot.pgprot = (seen.write ? _PAGE_RW : 0) | (seen.execute ? 0 : _PAGE_NX) |
			    (seen.user ? _PAGE_USER : 0) | (seen.global ? _PAGE_GLOBAL : 0) |
			    (seen.pat & 1 ? _PAGE_PWT : 0) | (seen.pat & 2 ? _PAGE_PCD : 0) |
			    (seen.pat & 4 ? _PAGE_PAT : 0);
	return true;
}

void witness_take(struct witness_picture *picture)
{
	struct view view;

	look(&view);
	*picture = view.picture;
}
