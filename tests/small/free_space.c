/* SPDX-License-Identifier: BSD-2-Clause */
#include "free_space.h"
#include "levels.h"
#include "small.h"
#include "test.h"

/*
 * The tree of free blocks over PAGES pages. A state is which pages are free, and the shape of the
 * tree: the same blocks hang together differently, depending on how they came about. From each
 * state every range is taken, or given, or given wrongly; and every slot is looked for.
 */
enum { PAGES = 10, SHAPE_BITS = 2 * (PAGES / 2) + 1, ALIGN_MAX = 8 };

struct world {
	struct free_space space;
	struct vmap_area nodes[PAGES];
};

enum { STATES_MAX = 4096 };
static struct world now, found[STATES_MAX];
static uint64_t seen[((uint64_t)1 << (PAGES + SHAPE_BITS)) / 64];
static struct search search;

static const uintptr_t base = (uintptr_t)1 << 40;

static uintptr_t at(unsigned int page)
{
	return base + page * PAGE_SIZE;
}

static unsigned int page_at(uintptr_t address)
{
	return (unsigned int)((address - base) >> PAGE_SHIFT);
}

/* In preorder, 1 for a node and 0 for none; and the pages that the nodes cover. */
static void describe(const struct vmap_area *node, uint64_t *shape, uint32_t *pages)
{
	*shape = *shape << 1 | (node != NULL);
	if (!node)
		return;
	*pages |= pages_of(page_at(node->va_start), page_at(node->va_end));
	describe(node->left, shape, pages);
	describe(node->right, shape, pages);
}

static uint32_t free_pages_now(uint64_t *key)
{
	uint64_t shape = 0;
	uint32_t pages = 0;

	describe(now.space.tree.root, &shape, &pages);
	*key = shape << PAGES | pages;
	return pages;
}

static void note_state(uint32_t expected)
{
	uint64_t key;

	expect_equal(free_pages_now(&key), expected);
	expect(!free_space_check(&now.space));
	expect_equal(now.space.bytes, (uint64_t)__builtin_popcount(expected) * PAGE_SIZE);
	if (!set_add(seen, key))
		return;
	require(search.states < STATES_MAX);
	found[search.states++] = now;
}

static struct vmap_area *get_node(void)
{
	for (unsigned int i = 0; i < PAGES; i++)
		if (!now.nodes[i].va_end)
			return &now.nodes[i];
	return NULL;
}

static void put_nodes(struct vmap_area *unused[2])
{
	for (unsigned int i = 0; i < 2; i++)
		if (unused[i])
			*unused[i] = (struct vmap_area){0};
}

static void take(unsigned int start, unsigned int end, uint32_t pages)
{
	struct vmap_area *unused[2];

	free_space_take(&now.space, at(start), at(end), get_node(), unused);
	put_nodes(unused);
	note_state(pages & ~pages_of(start, end));
}

static void give(unsigned int start, unsigned int end, uint32_t pages)
{
	bool overlaps = pages & pages_of(start, end);
	struct vmap_area *unused[2], *node = get_node();

	*node = (struct vmap_area){.va_start = at(start), .va_end = at(end)};
	small_hush(true);
	expect_equal(free_space_give(&now.space, node, unused), !overlaps);
	expect_equal(small_hush(false), overlaps);
	if (overlaps)
		*node = (struct vmap_area){0};
	else
		put_nodes(unused);
	note_state(pages | pages_of(start, end) * !overlaps);
}

static void change(unsigned int start, unsigned int end, const struct world *from, uint32_t pages)
{
	uint32_t range = pages_of(start, end);
	bool all_free = (pages & range) == range;

	now = *from;
	expect_equal(free_space_covers(&now.space, at(start), at(end)), all_free);
	if (all_free)
		take(start, end, pages);
	else
		give(start, end, pages);
	search.calls++;
}

/* The answer to a request, from the bits alone: pages where a slot may begin, in which block. */
struct answer {
	uint32_t slots;
	unsigned int lowest, top, best;
};

static unsigned int block_length(uint32_t pages, unsigned int page)
{
	unsigned int first = page, end = page;

	while (first > 0 && (pages >> (first - 1) & 1))
		first--;
	while (pages >> end & 1)
		end++;
	return end - first;
}

static void answer_from(uint32_t pages, const struct slot_request *request, struct answer *answer)
{
	unsigned int length = (unsigned int)(request->length >> PAGE_SHIFT), best = PAGES + 1;

	*answer = (struct answer){0};
	for (unsigned int page = page_at(request->start); page + length <= page_at(request->end);
	     page++) {
		uint32_t range = pages_of(page, page + length);
		unsigned int block;

		if ((pages & range) != range || (at(page) + request->front) % request->align)
			continue;
		if (!answer->slots)
			answer->lowest = page;
		answer->top = page;
		answer->slots |= (uint32_t)1 << page;
		block = block_length(pages, page);
		if (block < best)
			answer->best = page;
		best = block < best ? block : best;
	}
}

static void ask(const struct slot_request *request, const struct answer *answer)
{
	uintptr_t start = 1;
	bool is_there = free_space_find(&now.space, request, &start);
	unsigned int page = page_at(start);

	search.calls++;
	expect_equal(is_there, answer->slots != 0);
	if (!is_there)
		expect_equal(start, 1);
	else if (request->place == PLACE_RANDOM)
		expect(page < PAGES && answer->slots >> page & 1);
	else
		expect_equal(page, request->place == PLACE_TOP	  ? answer->top
				   : request->place == PLACE_BEST ? answer->best
								  : answer->lowest);
}

static void ask_in_range(uint32_t pages, unsigned int start, unsigned int end)
{
	struct slot_request request = {.start = at(start), .end = at(end)};
	struct answer answer;

	for (unsigned int length = 1; length <= PAGES; length++)
		for (unsigned int align = 1; align <= ALIGN_MAX; align *= 2)
			for (unsigned int front = 0; front <= 2; front++) {
				request.length = length * PAGE_SIZE;
				request.align = align * PAGE_SIZE;
				request.front = front * PAGE_SIZE;
				answer_from(pages, &request, &answer);
				for (unsigned int place = 0; place < NR_PLACES; place++) {
					request.place = place;
					ask(&request, &answer);
				}
				expect_equal(free_space_slots(&now.space, &request),
					     __builtin_popcount(answer.slots));
			}
}

static void search_from(const struct world *from)
{
	uint64_t key;
	uint32_t pages;

	now = *from;
	pages = free_pages_now(&key);
	for (unsigned int start = 0; start < PAGES; start++)
		for (unsigned int end = start + 1; end <= PAGES; end++) {
			change(start, end, from, pages);
			now = *from;
			ask_in_range(pages, start, end);
		}
	search.searched++;
}

/* Shapes of an AVL tree of `nr` nodes and `height` levels: Knuth vol. 3, 6.2.3. */
static uint64_t shapes(unsigned int nr, unsigned int height)
{
	uint64_t sum = 0;

	if (height == 0)
		return nr == 0;
	for (unsigned int left = 0; left < nr; left++) {
		unsigned int right = nr - 1 - left;

		sum += shapes(left, height - 1) * shapes(right, height - 1);
		if (height > 1)
			sum += 2 * shapes(left, height - 1) * shapes(right, height - 2);
	}
	return sum;
}

static uint64_t choose(unsigned int n, unsigned int k)
{
	return k == 0 ? 1 : choose(n - 1, k - 1) * n / k;
}

/* k blocks that do not touch have 2k edges, chosen among the PAGES + 1 that there are. */
static uint64_t states_expected(void)
{
	uint64_t sum = 0;

	for (unsigned int blocks = 0; 2 * blocks <= PAGES + 1; blocks++)
		for (unsigned int height = 0; height <= blocks; height++)
			sum += choose(PAGES + 1, 2 * blocks) * shapes(blocks, height);
	return sum;
}

TEST_FLAGS(small, free_space, "free blocks: every tree over 10 pages, every change and request",
	   TEST_NAMED)
{
	free_space_init(&now.space, test_random());
	note_state(0);
	for (uint64_t i = 0; i < search.states; i++) {
		search_from(&found[i]);
		test_relax();
	}
	small_report(&search, states_expected());
}
