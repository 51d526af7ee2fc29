/* SPDX-License-Identifier: BSD-2-Clause */
#include "free_space.h"
#include "levels.h"
#include "test.h"

/*
 * The free blocks, in a space of their own with nodes of their own: PAGES pages, so few that a
 * plain array of bytes says what is free, and every search can be done again by looking at each
 * page.
 */
enum { PAGES = 192, NODES = 2 * PAGES };

static const uintptr_t base = (uintptr_t)1 << 40;
static struct free_space space;
static struct vmap_area nodes[NODES];
static bool node_used[NODES], taken[PAGES];

static struct vmap_area *get_node(void)
{
	for (unsigned int i = 0; i < NODES; i++) {
		if (node_used[i])
			continue;
		node_used[i] = true;
		return &nodes[i];
	}
	return NULL;
}

static void put_nodes(struct vmap_area *unused[2])
{
	for (unsigned int i = 0; i < 2; i++)
		if (unused[i])
			node_used[unused[i] - nodes] = false;
}

static uintptr_t at(size_t page)
{
	return base + page * PAGE_SIZE;
}

static bool give(size_t start, size_t end)
{
	struct vmap_area *unused[2], *node = get_node();
	bool given;

	*node = (struct vmap_area){.va_start = at(start), .va_end = at(end)};
	given = free_space_give(&space, node, unused);
	if (!given)
		unused[0] = node;
	put_nodes(unused);
	for (size_t i = start; given && i < end; i++)
		taken[i] = false;
	return given;
}

static void take(size_t start, size_t end)
{
	struct vmap_area *unused[2];

	free_space_take(&space, at(start), at(end), get_node(), unused);
	put_nodes(unused);
	for (size_t i = start; i < end; i++)
		taken[i] = true;
}

static void begin(uint64_t seed)
{
	for (unsigned int i = 0; i < NODES; i++)
		node_used[i] = false;
	for (unsigned int i = 0; i < PAGES; i++)
		taken[i] = true;
	free_space_init(&space, seed);
	give(0, PAGES);
}

TEST(vmap_area, take_whole, "a block that is taken whole leaves no block behind")
{
	begin(1);
	take(0, PAGES);
	expect_equal(space.tree.nr, 0);
	expect_equal(space.bytes, 0);
}

TEST(vmap_area, take_left, "a block that is taken at its left edge begins later")
{
	begin(1);
	take(0, 5);
	expect_equal(space.tree.nr, 1);
	expect_equal(space.tree.root->va_start, at(5));
	expect_equal(area_tree_largest(&space.tree), (PAGES - 5) * PAGE_SIZE);
}

TEST(vmap_area, take_right, "a block that is taken at its right edge ends earlier")
{
	begin(1);
	take(PAGES - 5, PAGES);
	expect_equal(space.tree.nr, 1);
	expect_equal(space.tree.root->va_end, at(PAGES - 5));
}

TEST(vmap_area, take_middle, "a block that is taken from its middle becomes two")
{
	begin(1);
	take(10, 20);
	expect_equal(space.tree.nr, 2);
	expect_equal(area_tree_before(&space.tree, at(9))->va_end, at(10));
	expect_equal(area_tree_after(&space.tree, at(9))->va_start, at(20));
}

TEST_FLAGS(vmap_area, merge_left, "a freed block joins its left neighbour", TEST_SMOKE)
{
	begin(1);
	take(10, 20);
	take(20, 30);
	expect(give(10, 20));
	expect_equal(space.tree.nr, 2);
	expect_equal(area_tree_before(&space.tree, base)->va_end, at(20));
}

TEST(vmap_area, merge_right, "a freed block joins its right neighbour")
{
	begin(1);
	take(10, 20);
	take(20, 30);
	expect(give(20, 30));
	expect_equal(space.tree.nr, 2);
	expect_equal(area_tree_after(&space.tree, base)->va_start, at(20));
}

TEST(vmap_area, merge_both, "a freed block joins both neighbours, and is a block alone before")
{
	begin(1);
	take(10, 40);
	expect(give(20, 30));
	expect_equal(space.tree.nr, 3);
	expect(give(10, 20));
	expect(give(30, 40));
	expect_equal(space.tree.nr, 1);
	expect_equal(space.bytes, PAGES * PAGE_SIZE);
}

TEST(vmap_area, overlap, "freeing what is free already is refused and changes nothing")
{
	begin(1);
	take(10, 40);
	expect(!give(5, 20));
	expect(!give(30, 41));
	expect(!give(0, PAGES));
	expect_equal(space.tree.nr, 2);
	expect_equal(space.bytes, (PAGES - 30) * PAGE_SIZE);
	expect(!free_space_check(&space));
}

static bool slot_is_free(const struct slot_request *request, size_t page)
{
	size_t length = request->length >> PAGE_SHIFT;

	if (at(page) < request->start || at(page + length) > request->end ||
	    page + length > PAGES || (at(page) + request->front) & (request->align - 1))
		return false;
	for (size_t i = page; i < page + length; i++)
		if (taken[i])
			return false;
	return true;
}

/* Pages of free space around a free page. */
static size_t block_length(size_t page)
{
	size_t start = page, end = page;

	while (start > 0 && !taken[start - 1])
		start--;
	while (end < PAGES && !taken[end])
		end++;
	return end - start;
}

struct answer {
	uint64_t slots;
	size_t lowest, top, best;
};

static struct answer look_at_each(const struct slot_request *request)
{
	struct answer answer = {0};

	for (size_t page = 0; page < PAGES; page++) {
		if (!slot_is_free(request, page))
			continue;
		if (answer.slots == 0)
			answer.lowest = answer.best = page;
		if (block_length(page) < block_length(answer.best))
			answer.best = page;
		answer.top = page;
		answer.slots++;
	}
	return answer;
}

static struct slot_request draw_request(void)
{
	uint64_t front = test_random_below(NULL, 3), first = test_random_below(NULL, PAGES);
	bool anywhere = test_random_below(NULL, 2);

	return (struct slot_request){
		.length = (front + 1 + test_random_below(NULL, 10)) * PAGE_SIZE,
		.front = front * PAGE_SIZE,
		.align = PAGE_SIZE << test_random_below(NULL, 6),
		.start = anywhere ? base : at(first),
		.end = anywhere ? at(PAGES) : at(first + test_random_below(NULL, PAGES - first)),
		.place = (enum vmap_place)(PLACE_LOWEST + test_random_below(NULL, 4)),
	};
}

static void compare(const struct slot_request *request, bool found, uintptr_t start)
{
	struct answer answer = look_at_each(request);

	expect_equal(free_space_slots(&space, request), answer.slots);
	require_equal(found, answer.slots > 0);
	if (!found)
		return;
	require(slot_is_free(request, (start - base) >> PAGE_SHIFT));
	if (request->place == PLACE_LOWEST)
		expect_equal(start, at(answer.lowest));
	if (request->place == PLACE_TOP)
		expect_equal(start, at(answer.top));
	if (request->place == PLACE_BEST)
		expect_equal(start, at(answer.best));
}

/* Frees a stretch of what is taken, beginning at a random page. */
static void give_somewhere(void)
{
	size_t start = test_random_below(NULL, PAGES), end = start;
	size_t longest = 1 + test_random_below(NULL, 12);

	while (end < PAGES && taken[end] && end - start < longest)
		end++;
	if (end > start)
		expect(give(start, end));
}

TEST(vmap_area, model, "every policy finds exactly what looking at each page finds")
{
	begin(test_random());
	for (unsigned int i = 0; i < 4000; i++) {
		struct slot_request request = draw_request();
		uintptr_t start = 0;
		bool found = free_space_find(&space, &request, &start);

		compare(&request, found, start);
		if (found && test_random_below(NULL, 5) > 0)
			take((start - base) >> PAGE_SHIFT,
			     (start + request.length - base) >> PAGE_SHIFT);
		if (!found || test_random_below(NULL, 3) == 0)
			give_somewhere();
		require(!free_space_check(&space));
	}
}

/* Free are pages 0-2 (two slots of two pages), 10-13 (three), and maybe more that is out of bounds.
 */
static void draws_each_slot(uintptr_t end)
{
	struct slot_request request = {.length = 2 * PAGE_SIZE,
				       .align = PAGE_SIZE,
				       .start = base,
				       .end = end,
				       .place = PLACE_RANDOM};
	enum { DRAWS = 20000, SLOTS = 5, CHI_SQUARE_LIMIT = 33 }; /* 4 degrees: one in a million */
	unsigned int seen[14] = {0};
	uint64_t chi_square = 0;

	expect_equal(free_space_slots(&space, &request), SLOTS);
	for (unsigned int i = 0; i < DRAWS; i++) {
		uintptr_t start = 0;

		require(free_space_find(&space, &request, &start));
		seen[(start - base) >> PAGE_SHIFT]++;
	}
	for (unsigned int i = 0; i < 14; i++) {
		int64_t off = (int64_t)seen[i] - DRAWS / SLOTS;

		if (i == 0 || i == 1 || (i >= 10 && i <= 12))
			chi_square += (uint64_t)(off * off) / (DRAWS / SLOTS);
		else
			expect_equal(seen[i], 0);
	}
	expect_below(chi_square, CHI_SQUARE_LIMIT);
}

TEST(vmap_area, random_uniform, "a random place is each free slot equally often")
{
	begin(test_random());
	take(3, 10);
	draws_each_slot(at(14));
}

TEST(vmap_area, random_rare, "so it is where free slots are so few that no try finds one")
{
	begin(test_random());
	take(3, 10);
	take(14, PAGES);
	draws_each_slot(base + ((uintptr_t)1 << 40));
}

TEST(vmap_area, exact_alignment, "a block that fits exactly at its alignment is found")
{
	struct slot_request request = {
		.length = 8 * PAGE_SIZE, .align = 8 * PAGE_SIZE, .start = base, .end = at(PAGES)};
	uintptr_t start = 0;

	begin(1);
	take(0, PAGES);
	expect(give(64, 72));
	expect(free_space_find(&space, &request, &start));
	expect_equal(start, at(64));
}

static struct slot_request request_for(size_t pages, enum vmap_place place)
{
	return (struct slot_request){.length = pages * PAGE_SIZE,
				     .align = PAGE_SIZE,
				     .start = base,
				     .end = at(PAGES),
				     .place = place};
}

/* 96 blocks, of a page each, the last of two: a balanced tree of at most 9 levels. */
enum { WAY = 2 * 9 }; /* two nodes are looked at on each */
static void make_many_blocks(void)
{
	begin(1);
	for (size_t i = 1; i + 2 < PAGES; i += 2)
		take(i, i + 1);
	space.visited = space.visited_max = 0;
}

static void expect_short_way(struct slot_request request, size_t page)
{
	uintptr_t start = 0;

	make_many_blocks();
	expect(free_space_find(&space, &request, &start));
	expect_equal(start, at(page));
	expect_below(space.visited_max, WAY + 1);
}

TEST(vmap_area, visits, "the lowest page-aligned fit among many blocks takes a way down the tree")
{
	expect_short_way(request_for(2, PLACE_LOWEST), PAGES - 2);
}

TEST(vmap_area, visits_best, "of the smallest blocks the first one that fits exactly ends a search")
{
	expect_short_way(request_for(1, PLACE_BEST), 0);
}

TEST(vmap_area, visits_most, "of all searches the longest is known")
{
	uint64_t most = 0;
	uintptr_t start;

	make_many_blocks();
	for (unsigned int i = 0; i < 100; i++) {
		struct slot_request request = request_for(1 + i % 3, PLACE_LOWEST + i / 3 % 4);
		uint64_t before = space.visited;

		expect_equal(free_space_find(&space, &request, &start), i % 3 < 2);
		most = space.visited - before > most ? space.visited - before : most;
		expect_equal(space.visited_max, most);
	}
	expect_below(WAY, most);
}

/* A copy of the generator, asked as often, is where that of the space is. */
TEST(vmap_area, random_tries, "a random place is tried for RANDOM_TRIES times, and no more often")
{
	struct slot_request request = request_for(1, PLACE_RANDOM);
	struct random copy;
	uintptr_t start;

	begin(test_random());
	take(0, PAGES);
	copy = space.random;
	for (unsigned int i = 0; i < RANDOM_TRIES; i++)
		random_below(&copy, PAGES);
	expect(!free_space_find(&space, &request, &start));
	expect(!memcmp(&copy, &space.random, sizeof(copy)));
}

TEST(free_space, top, "an alignment beyond the last address is none that a block has")
{
	static struct vmap_area block = {.va_start = 0xffff800000000000,
					 .va_end = 0xffff900000000000};
	struct slot_request request = {.length = PAGE_SIZE,
				       .align = (uint64_t)1 << 63,
				       .start = 0,
				       .end = 0xffffa00000000000};
	struct vmap_area *unused[2];
	static struct free_space high;
	uintptr_t start = 5;

	free_space_init(&high, 1);
	expect(free_space_give(&high, &block, unused));
	expect(!free_space_find(&high, &request, &start));
	request.align = PAGE_SIZE;
	expect(free_space_find(&high, &request, &start));
	expect_equal(start, block.va_start);
}
