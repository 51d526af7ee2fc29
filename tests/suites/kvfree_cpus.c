/* SPDX-License-Identifier: BSD-2-Clause */
#include "slab.h"
#include "test.h"
#include "tlb.h"
#include "vmalloc.h"
#include "words.h"

/* Freeing after a grace period, against readers on other CPUs. */

/* A batch is 500 objects, and the one before it is freed when it is full: a reader holds what it
 * has found for longer than that. */
enum { SLOTS = 16, TURNS = 12000, WORDS = 6, HELD_TURNS = 5000 };

struct published {
	uint64_t words[WORDS];
	struct rcu_head rcu;
};

static struct published *slots[SLOTS];
static unsigned int torn, writers, turns;

static struct published *make(uint64_t seed)
{
	struct published *object = kmalloc(sizeof(*object), GFP_KERNEL);

	if (object)
		pattern_fill(object->words, sizeof(object->words), seed);
	return object;
}

/* Takes what is there out, and has it freed once nobody can read it any more. */
static void replace_often(void)
{
	for (unsigned int i = 0; i < TURNS; i++) {
		size_t slot = test_random_below(NULL, SLOTS);
		struct published *old =
			__atomic_exchange_n(&slots[slot], make(slot), __ATOMIC_ACQ_REL);

		kvfree_rcu(old, rcu);
		__atomic_fetch_add(&turns, 1, __ATOMIC_RELAXED);
		if (i % 16 == 0)
			platform_relax();
	}
	__atomic_fetch_sub(&writers, 1, __ATOMIC_SEQ_CST);
}

static unsigned int load(const unsigned int *counter)
{
	return __atomic_load_n(counter, __ATOMIC_SEQ_CST);
}

/* A reader has what it found until it relaxes, and reads it again and again up to then. */
static void read_often(void)
{
	while (load(&writers)) {
		size_t slot = test_random_below(NULL, SLOTS);
		const struct published *object = __atomic_load_n(&slots[slot], __ATOMIC_ACQUIRE);
		unsigned int start = load(&turns);
		bool whole = true;

		while (object && load(&writers) && load(&turns) - start < HELD_TURNS) {
			whole &= pattern_holds(object->words, sizeof(object->words), slot);
			tlb_poll(); /* writers may wait for it, under debug=pagealloc */
			platform_pause();
		}
		if (!whole)
			__atomic_fetch_add(&torn, 1, __ATOMIC_RELAXED);
		platform_relax();
	}
}

static void replace_or_read(void *context)
{
	(void)context;
	test_wait_for_all();
	if (platform_cpu() % 2 == 0)
		replace_often();
	else
		read_often();
}

enum { BATCH = 500 };

/* `nr` objects; what is pending then. */
static uint64_t pending_after(unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		struct published *object = make(i);

		if (object)
			kvfree_rcu(object, rcu);
	}
	return kvfree_rcu_pending();
}

TEST(kvfree_cpus, batch, "a full batch waits for its grace period, and goes with the next full one")
{
	test_rest_cpus();
	kvfree_rcu_barrier();
	expect_equal(pending_after(BATCH), BATCH);
	platform_relax();
	expect_equal(pending_after(BATCH - 1), 2 * BATCH - 1);
	expect_equal(pending_after(1), BATCH);
	kvfree_rcu_barrier();
	expect_equal(kvfree_rcu_pending(), 0);
}

enum { LOOK_MS = 20 };

static struct hold {
	unsigned int reader, asked, through, too_early;
} hold;

/* Does not relax, though it answers flushes, for a while after the barrier was asked for. */
static void stay_inside(void)
{
	uint64_t limit;

	while (!load(&hold.asked))
		tlb_poll();
	limit = platform_ticks() + LOOK_MS * platform_ticks_per_second() / 1000;
	while (platform_ticks() < limit && !load(&hold.through)) {
		tlb_poll();
		platform_pause();
	}
	hold.too_early = load(&hold.through);
	platform_relax();
}

static void pass_barrier(void)
{
	struct published *object = make(0);

	if (object)
		kvfree_rcu(object, rcu);
	__atomic_store_n(&hold.asked, 1, __ATOMIC_SEQ_CST);
	kvfree_rcu_barrier();
	__atomic_store_n(&hold.through, 1, __ATOMIC_SEQ_CST);
}

static void hold_or_pass(void *unused)
{
	(void)unused;
	test_wait_for_all();
	if (platform_cpu() == hold.reader)
		stay_inside();
	else
		pass_barrier();
}

TEST(kvfree_cpus, each_reader, "the barrier waits for a CPU that does not relax, whichever it is")
{
	if (test_nr_cpus() < 2)
		test_skip("one CPU");
	for (unsigned int reader = 0; reader < 2; reader++) {
		hold = (struct hold){.reader = reader};
		require_equal(test_run_on_cpus(2, hold_or_pass, NULL), 2);
		expect(!hold.too_early);
		expect(hold.through);
	}
}

TEST(kvfree_cpus, readers, "what a reader has found stays whole until it relaxes")
{
	unsigned int nr_cpus = test_nr_cpus() < 8 ? test_nr_cpus() : 8;

	torn = turns = 0;
	writers = (nr_cpus + 1) / 2;
	for (unsigned int i = 0; i < SLOTS; i++)
		slots[i] = make(i);
	test_run_on_cpus(nr_cpus, replace_or_read, NULL);
	expect_equal(torn, 0);
	for (unsigned int i = 0; i < SLOTS; i++) {
		kfree(slots[i]);
		slots[i] = NULL;
	}
	kvfree_rcu_barrier();
	expect_equal(kvfree_rcu_pending(), 0);
}
