/* SPDX-License-Identifier: BSD-2-Clause */
#include "fail_walk.h"
#include "fail.h"
#include "mm.h"
#include "slab.h"
#include "test.h"
#include "vmalloc.h"

/*
 * Every call that allocates, with its first internal allocation failing, then its second, and so on
 * until none fails any more; each time from a quiet start. The call succeeds or is as if it had
 * never been. On the host every pair of failures too, of the calls that are short enough.
 */

enum { STEPS_MAX = 400, PAIR_STEPS_MAX = 16 };

struct page *fail_pages[FAIL_PAGES];
struct kmem_cache *fail_cache;
void *fail_user;
struct space fail_space;

static void give_back(void *context)
{
	(void)context;
	fail_disarm();
	free_pages_bulk(FAIL_PAGES, fail_pages);
	if (fail_cache)
		expect_equal(kmem_cache_destroy(fail_cache), 0);
	vfree(fail_user);
	if (fail_space.root)
		expect_equal(space_destroy(&fail_space), 0);
}

static void set_up(void)
{
	static struct test_end end = {.function = give_back};

	for (unsigned int i = 0; i < FAIL_PAGES; i++)
		fail_pages[i] = NULL;
	fail_cache = NULL;
	fail_user = NULL;
	fail_space.root = 0;
	test_at_end(&end);
	require(alloc_pages_bulk_array(GFP_KERNEL, FAIL_PAGES, fail_pages) == FAIL_PAGES);
	fail_cache = kmem_cache_create("fail_walk", 700, 0, 0, NULL);
	fail_user = vmalloc_user(4 * PAGE_SIZE);
	require(fail_cache && fail_user);
	require_equal(space_create(&fail_space), 0);
}

static bool is_as_before(const struct mm_usage *before)
{
	const char *problem;
	struct mm_usage after;

	mm_quiesce();
	mm_get_usage(&after);
	problem = mm_check();
	if (!expect(!problem))
		test_note("%s", problem);
	return expect_equal(after.free_frames, before->free_frames) &&
	       expect_equal(after.tables, before->tables) &&
	       expect_equal(after.slab_objects, before->slab_objects) &&
	       expect_equal(after.areas, before->areas) && !problem;
}

struct walk {
	const struct fail_call *call;
	struct mm_usage before;
	unsigned int failed; /* how often the call did not succeed */
};

static void begin(struct walk *walk, const struct fail_call *call)
{
	*walk = (struct walk){.call = call};
	mm_quiesce();
	mm_get_usage(&walk->before);
}

/* One call with up to two failures: how many took place. */
static unsigned int step(struct walk *walk, uint64_t first, uint64_t second)
{
	unsigned int hit;
	bool done;

	fail_arm_pair(first, second, FAIL_ALL_POINTS);
	done = walk->call->run();
	hit = fail_disarm();
	walk->failed += !done;
	if (!is_as_before(&walk->before) || (!hit && !expect(done))) {
		test_note("that was %s, with allocations %llu and %llu failing", walk->call->name,
			  (unsigned long long)first, (unsigned long long)second);
		test_give_up();
	}
	return hit;
}

/* Returns how many of its allocations can be failed one by one. */
static unsigned int walk(const struct fail_call *call)
{
	struct walk walk;
	unsigned int nth = 1;

	begin(&walk, call);
	while (nth < STEPS_MAX && step(&walk, nth, 0))
		nth++;
	expect_below(nth, STEPS_MAX);
	if (!expect(nth > 1) || !expect(walk.failed > 0 || call->survives))
		test_note("that was %s: %u steps, %u failures", call->name, nth, walk.failed);
	return nth - 1;
}

static void walk_all(const struct fail_call *calls, size_t nr)
{
	set_up();
	for (size_t i = 0; i < nr; i++) {
		walk(&calls[i]);
		test_relax();
	}
}

TEST(fail_walk, frames, "each call that allocates frames fails whole at every allocation")
{
	test_need_frames(8192);
	walk_all(fail_calls_frames, nr_fail_calls_frames);
}

TEST(fail_walk, objects, "each call that allocates objects fails whole at every allocation")
{
	walk_all(fail_calls_objects, nr_fail_calls_objects);
}

TEST(fail_walk, vmalloc, "each call of the vmalloc family fails whole at every allocation")
{
	walk_all(fail_calls_vmalloc, nr_fail_calls_vmalloc);
}

TEST(fail_walk, mapping, "each call that maps what is there fails whole at every allocation")
{
	walk_all(fail_calls_mapping, nr_fail_calls_mapping);
}

TEST(fail_walk, special, "each call for areas of a special kind fails whole at every allocation")
{
	walk_all(fail_calls_special, nr_fail_calls_special);
}

TEST(fail_walk, tables, "each call that changes page tables fails whole at every allocation")
{
	test_need_frames(3072);
	walk_all(fail_calls_tables, nr_fail_calls_tables);
}

static const struct {
	const struct fail_call *calls;
	const size_t *nr;
} groups[] = {
	{fail_calls_frames, &nr_fail_calls_frames},   {fail_calls_objects, &nr_fail_calls_objects},
	{fail_calls_vmalloc, &nr_fail_calls_vmalloc}, {fail_calls_mapping, &nr_fail_calls_mapping},
	{fail_calls_special, &nr_fail_calls_special}, {fail_calls_tables, &nr_fail_calls_tables},
};

/* Every pair of failures; the second is counted on after the first. */
static void walk_pairs(const struct fail_call *call)
{
	struct walk walk;

	begin(&walk, call);
	for (uint64_t first = 1; step(&walk, first, 0); first++)
		for (uint64_t second = first + 1; step(&walk, first, second) == 2; second++)
			if (!expect_below(second, STEPS_MAX))
				return;
	expect(walk.failed > 0);
}

TEST(fail_walk, pairs, "each call fails whole at every two of its allocations")
{
	if (!test_on_host())
		test_skip("on the host alone, where time allows it");
	test_need_frames(8192);
	set_up();
	for (size_t group = 0; group < sizeof(groups) / sizeof(groups[0]); group++)
		for (size_t i = 0; i < *groups[group].nr; i++)
			if (walk(&groups[group].calls[i]) <= PAIR_STEPS_MAX)
				walk_pairs(&groups[group].calls[i]);
}

/* Places that this machine does not come to. Those before the page allocator have their own walk.
 */
static bool is_out_of_reach(const struct fail_place *place)
{
	return place->point == FAIL_EARLY ||
	       (nr_online_nodes() == 1 && !strcmp(place->function, "kmem_cache_alloc_node"));
}

static bool all_places_failed(void)
{
	for (const struct fail_place *place = __start_fail_places; place < __stop_fail_places;
	     place++)
		if (!place->failed && !is_out_of_reach(place))
			return false;
	return true;
}

TEST(fail_walk, every_place, "there is no place where a failure can be injected and never was")
{
	set_up();
	for (size_t group = 0; !all_places_failed() && group < sizeof(groups) / sizeof(groups[0]);
	     group++)
		for (size_t i = 0; i < *groups[group].nr; i++)
			walk(&groups[group].calls[i]);
	expect(__stop_fail_places - __start_fail_places >= NR_FAIL_POINTS);
	for (const struct fail_place *place = __start_fail_places; place < __stop_fail_places;
	     place++) {
		test_note("%s, line %d: %s, failed %llu times", place->function, place->line,
			  fail_point_names[place->point], (unsigned long long)place->failed);
		expect(place->failed || is_out_of_reach(place));
	}
}
