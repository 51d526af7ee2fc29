/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/errno.h"
#include "map.h"
#include "protect.h"
#include "reclaim.h"
#include "../small.h"
#include "world.h"

/*
 * Page tables of four entries: every state that map, unmap, protect, split, join and reclaim can
 * reach, and from each every such call, with as many tables left as one likes and with too few.
 * What came is read by a walker that shares no code (Intel SDM vol. 3A, 4.5, alone) and compared
 * with an array of pages.
 *
 * Two searches: eight pages under two entries of level 2, with two permissions; sixteen pages under
 * one entry of level 3, with one permission and leaves of all three sizes. A page always leads to
 * the same frame, so a state is what each entry of level 2 says: nothing, a leaf, or a table of
 * four entries.
 */

enum { PAGES_MAX = 16, SLOTS_MAX = 4, PAGES_A_SLOT = 4, STATES_MAX = 110000 };

/* The manual's bits, and who stands for whom: one permission is read-write, the other is not. */
enum { P = 1 << 0, RW = 1 << 1, PS = 1 << 7 };
#define ADDRESS ((uint64_t)0x000ffffffffff000)
static const uintptr_t base = 0x20000;
static const phys_addr_t frames = 0x40000000;

/* What is seen of a state: by page its permission (0: none) and the level of its leaf; by slot a
 * code; and all tables by level. */
struct view {
	uint8_t prot[PAGES_MAX], level[PAGES_MAX];
	uint64_t key, reached, nr_tables[LEVEL_PGD + 1];
	unsigned int empty_slots; /* one bit a slot that has a table with nothing in it */
};

static unsigned int nr_pages, nr_prots, nr_slots, codes;
static struct snapshot *found;
static struct view before;
static uint64_t *seen;
static struct search search;
static const struct snapshot *from;
static const char *call_text;
static unsigned int call_start, call_end;

static void fail(const char *what)
{
	printf("# %s of pages %u to %u, of %u, with %u tables left: %s\n", call_text, call_start,
	       call_end, nr_pages, world.budget, what);
	world_fail("the tables are not what they should be");
}

#define check(condition) ((condition) ? (void)0 : fail(#condition))

static unsigned int prot_of(uint64_t entry)
{
	check(entry >> 63);
	return entry & RW ? 1 : 2;
}

static void see_leaf(struct view *view, uint64_t entry, unsigned int page, unsigned int nr,
		     unsigned int level)
{
	check((entry & ADDRESS) == frames + ((uint64_t)page << 12));
	for (unsigned int i = page; i < page + nr; i++) {
		view->prot[i] = (uint8_t)prot_of(entry);
		view->level[i] = (uint8_t)level;
	}
}

/* The table that an entry leads to: in use, met once, and with as many entries as the entry says.
 */
static const uint64_t *see_table(struct view *view, uint64_t entry, unsigned int level)
{
	uint64_t frame = (entry & ADDRESS) >> 12;
	const uint64_t *table = world_table((unsigned int)frame);
	unsigned int used = 0;

	check(frame < WORLD_FRAMES && (world.used >> frame & 1) && !(view->reached >> frame & 1));
	view->reached |= (uint64_t)1 << frame;
	view->nr_tables[level]++;
	for (unsigned int i = 0; i < 4; i++)
		used += table[i] != 0;
	check((entry >> 52 & 0x3ff) == used);
	return table;
}

static unsigned int see_slot(struct view *view, uint64_t entry, unsigned int slot)
{
	unsigned int page = slot * PAGES_A_SLOT, code = 0;
	const uint64_t *table;

	if (!(entry & P)) {
		check(!entry);
		return 0;
	}
	if (entry & PS) {
		see_leaf(view, entry, page, PAGES_A_SLOT, 2);
		return prot_of(entry);
	}
	table = see_table(view, entry, 1);
	if (!(table[0] | table[1] | table[2] | table[3]))
		view->empty_slots |= 1u << slot;
	for (unsigned int i = 0; i < 4; i++) {
		check((table[i] & P) || !table[i]);
		if (table[i])
			see_leaf(view, table[i], page + i, 1, 1);
		code = code * (nr_prots + 1) + view->prot[page + i];
	}
	return code + nr_prots + 1;
}

/* base lies in slot 0 of a table of level 2, slot 2 of one of level 3, slot 0 of the root. */
static void look(struct view *view)
{
	uint64_t root = world_table((unsigned int)(kernel_space.root >> 12))[0], above;
	const uint64_t *table;

	*view = (struct view){.reached = (uint64_t)1 << (kernel_space.root >> 12)};
	if (root) {
		above = see_table(view, root, 3)[base >> 16 & 3];
		if (above & PS) {
			see_leaf(view, above, 0, nr_pages, 3);
			view->key = 1 + prot_of(above);
		} else if (above) {
			table = see_table(view, above, 2);
			for (unsigned int slot = 0; slot < nr_slots; slot++)
				view->key = view->key * codes + see_slot(view, table[slot], slot);
			view->key += 4;
		} else {
			view->key = 1;
		}
	}
	check(view->reached == world.used);
	for (unsigned int level = 1; level <= 3; level++)
		check(view->nr_tables[level] == kernel_space.tables[level]);
}

/* After a call: the pages are `expected`; and the state is a new one, or not. */
static void judge(const uint8_t *expected, struct view *after)
{
	look(after);
	for (unsigned int page = 0; page < nr_pages; page++)
		check(after->prot[page] == expected[page]);
	search.calls++;
	if (!set_add(seen, after->key))
		return;
	check(search.states < STATES_MAX);
	world_save(&found[search.states++]);
}

static void begin(const char *text, unsigned int start, unsigned int end, unsigned int budget)
{
	world_restore(from);
	world.budget = budget;
	world.flushes_before = world.flushes;
	call_text = text;
	call_start = start;
	call_end = end;
}

static uintptr_t at(unsigned int page)
{
	return base + ((uintptr_t)page << 12);
}

static bool slot_within(unsigned int slot, unsigned int start, unsigned int end, unsigned int size)
{
	return slot * size >= start && (slot + 1) * size <= end;
}

/* The largest leaf that page has room for: aligned, and whole within the range. */
static unsigned int largest(unsigned int page, unsigned int start, unsigned int end,
			    unsigned int max_level)
{
	if (max_level >= 3 && nr_pages == 16 && slot_within(0, start, end, 16))
		return 3;
	return max_level >= 2 && slot_within(page / 4, start, end, 4) ? 2 : 1;
}

static void try_map(unsigned int start, unsigned int end, unsigned int prot, unsigned int max_level,
		    unsigned int budget)
{
	pgprot_t bits = prot == 1 ? PAGE_KERNEL : PAGE_KERNEL_RO;
	uint8_t expected[PAGES_MAX];
	struct view after;
	bool busy = false;
	int error;

	begin("map", start, end, budget);
	memcpy(expected, before.prot, sizeof(expected));
	for (unsigned int page = start; page < end; page++)
		busy |= before.prot[page] != 0;
	error = map_range(&kernel_space, at(start), frames + ((uint64_t)start << 12),
			  (size_t)(end - start) << 12, bits, max_level);
	check(error == 0 || (error == -EBUSY && busy) ||
	      (error == -ENOMEM && budget < WORLD_FRAMES));
	check(error != 0 || !busy);
	for (unsigned int page = start; page < end && !error; page++)
		expected[page] = (uint8_t)prot;
	judge(expected, &after);
	for (unsigned int page = start; page < end && !error; page++)
		check(after.level[page] == largest(page, start, end, max_level));
}

/* Leaves of the range, after those that reach out of it were split. */
static long leaves_in(unsigned int start, unsigned int end)
{
	long nr = 0;

	for (unsigned int page = start; page < end; page++) {
		unsigned int level = before.level[page], size = 1u << (2 * (level - 1));

		while (level > 1 && !slot_within(page / size, start, end, size)) {
			level--;
			size /= 4;
		}
		nr += before.prot[page] && page % size == 0;
	}
	return nr;
}

static void try_unmap(unsigned int start, unsigned int end, unsigned int budget)
{
	uint8_t expected[PAGES_MAX];
	struct view after;
	long cleared;

	begin("unmap", start, end, budget);
	memcpy(expected, before.prot, sizeof(expected));
	cleared = unmap_range(&kernel_space, at(start), (size_t)(end - start) << 12);
	check(cleared == leaves_in(start, end) || (cleared == -ENOMEM && budget < WORLD_FRAMES));
	for (unsigned int page = start; page < end && cleared >= 0; page++)
		expected[page] = 0;
	judge(expected, &after);
	if (cleared < 0)
		check(after.key == before.key);
}

static int protect_expected(unsigned int start, unsigned int end, uint64_t clear)
{
	bool writable = false;

	for (unsigned int page = start; page < end; page++) {
		if (!before.prot[page])
			return writable && clear == _PAGE_NX ? -EPERM : -ENOENT;
		writable |= before.prot[page] == 1;
		if (writable && clear == _PAGE_NX)
			return -EPERM;
	}
	return 0;
}

static void try_protect(unsigned int start, unsigned int end, uint64_t set, uint64_t clear,
			unsigned int budget)
{
	int wanted = protect_expected(start, end, clear), error;
	uint8_t expected[PAGES_MAX];
	struct view after;

	if (clear == _PAGE_NX && !wanted)
		return;
	begin("protect", start, end, budget);
	memcpy(expected, before.prot, sizeof(expected));
	error = protect_range(&kernel_space, at(start), (size_t)(end - start) << 12, set, clear);
	check(error == wanted || (!wanted && error == -ENOMEM && budget < WORLD_FRAMES));
	for (unsigned int page = start; page < end && !error; page++)
		expected[page] = set ? 1 : 2;
	judge(expected, &after);
	if (error)
		check(after.key == before.key);
}

static void try_split(unsigned int page, unsigned int level, unsigned int budget)
{
	struct view after;
	int error;

	begin("split", page, level, budget);
	error = split_leaf(&kernel_space, at(page), level);
	check(error == (before.prot[page] ? 0 : -ENOENT) ||
	      (before.prot[page] && error == -ENOMEM && budget < WORLD_FRAMES));
	judge(before.prot, &after);
	if (!error)
		check(after.level[page] ==
		      (before.level[page] < level ? before.level[page] : level));
}

/* Whether pages [first, first + size) could be one leaf and are not. */
static bool joinable(unsigned int first, unsigned int size, unsigned int level)
{
	for (unsigned int page = first; page < first + size; page++)
		if (!before.prot[page] || before.prot[page] != before.prot[first])
			return false;
	return before.level[first] < level;
}

static void try_join(unsigned int start, unsigned int end, unsigned int max_level)
{
	unsigned long expected = 0;
	struct view after;

	for (unsigned int level = 2, size = 4; level <= max_level; level++, size *= 4)
		for (unsigned int first = 0; first + size <= nr_pages; first += size)
			expected += first >= start && first + size <= end &&
				    joinable(first, size, level);
	begin("join", start, end, 0);
	check(join_range(&kernel_space, at(start), (size_t)(end - start) << 12, max_level) ==
	      expected);
	judge(before.prot, &after);
}

static unsigned int slots_touched(unsigned int start, unsigned int end)
{
	unsigned int slots = 0;

	for (unsigned int page = start; page < end; page++)
		slots |= 1u << page / 4;
	return slots;
}

static void try_reclaim(unsigned int start, unsigned int end)
{
	unsigned int nr = (unsigned int)__builtin_popcountll(before.reached);
	struct view after;
	unsigned long freed;

	begin("reclaim", start, end, 0);
	freed = reclaim_tables(&kernel_space, at(start), at(end));
	judge(before.prot, &after);
	check(freed == nr - (unsigned int)__builtin_popcountll(after.reached));
	check(!(after.empty_slots & slots_touched(start, end)));
	check(after.empty_slots == (before.empty_slots & ~slots_touched(start, end)));
}

static void call_with(unsigned int start, unsigned int end, unsigned int budget)
{
	for (unsigned int prot = 1; prot <= nr_prots; prot++)
		for (unsigned int level = 1; level <= (nr_pages == 16 ? 3 : 2); level++)
			try_map(start, end, prot, level, budget);
	try_unmap(start, end, budget);
	if (nr_prots > 1) {
		try_protect(start, end, _PAGE_RW, 0, budget);
		try_protect(start, end, 0, _PAGE_RW, budget);
		try_protect(start, end, 0, _PAGE_NX, budget);
	}
}

static void call_all(unsigned int start, unsigned int end)
{
	call_with(start, end, WORLD_FRAMES);
	for (unsigned int budget = 0; budget < 4; budget++)
		if (nr_prots > 1)
			call_with(start, end, budget);
		else
			try_unmap(start, end, budget);
	try_reclaim(start, end);
	for (unsigned int level = 2; level <= (nr_pages == 16 ? 3 : 2); level++)
		try_join(start, end, level);
}

static void search_from(const struct snapshot *state)
{
	from = state;
	begin("nothing", 0, 0, 0);
	look(&before);
	for (unsigned int start = 0; start < nr_pages; start++)
		for (unsigned int end = start + 1; end <= nr_pages; end++)
			call_all(start, end);
	for (unsigned int page = 0; page < nr_pages; page++)
		for (unsigned int level = 1; level <= 2; level++) {
			try_split(page, level, WORLD_FRAMES);
			try_split(page, level, 0);
		}
	search.searched++;
}

static uint64_t power(uint64_t number, unsigned int exponent)
{
	return exponent ? number * power(number, exponent - 1) : 1;
}

static void search_all(unsigned int pages, unsigned int prots)
{
	struct view view;
	uint64_t expected;

	nr_pages = pages;
	nr_slots = pages / PAGES_A_SLOT;
	nr_prots = prots;
	codes = (unsigned int)(prots + 1 + power(prots + 1, PAGES_A_SLOT));
	/* Nothing; a table of level 2; in the second search a leaf of level 3, and where it was. */
	expected = 1 + power(codes, nr_slots) + (pages == 16 ? prots + 1 : 0);
	search = (struct search){0};
	seen = calloc(expected / 64 + 2, sizeof(*seen));
	found = malloc(STATES_MAX * sizeof(*found));
	check(seen && found);
	world.used = 0;
	world_start();
	judge((uint8_t[PAGES_MAX]){0}, &view);
	for (uint64_t i = 0; i < search.states; i++)
		search_from(&found[i]);
	printf("# %u pages, %u permissions: %llu states (%llu expected), %llu calls\n", pages,
	       prots, (unsigned long long)search.states, (unsigned long long)expected,
	       (unsigned long long)search.calls);
	check(search.states == expected);
	free(found);
	free(seen);
}

int main(void)
{
	printf("KTAP version 1\n1..1\n");
	search_all(8, 2);
	search_all(16, 1);
	printf("ok 1 small.tables\n# 1 passed, 0 failed, 0 skipped: passed\n");
	return 0;
}
