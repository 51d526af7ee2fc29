/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "../suites/words.h"
#include "lib/assert.h"
#include "map.h"
#include "slab.h"

/* Steps and rounds of one CPU. */

enum { CHECK_EVERY = 1024, CALLS_MAX = 240, RELAX_EVERY = 64 };

struct driver_state *drivers[PLATFORM_CPUS_MAX];
uint64_t round_counts[CALLS_MAX][NR_OUTCOMES];

static const struct call_table *const tables[] = {
	&vmalloc_table, &free_table,  &map_table,  &range_table,   &device_table,  &percpu_table,
	&frame_table,	&put_table,   &slab_table, &kmalloc_table, &protect_table, &space_table,
	&handler_table, &share_table, &ask_table,  &setting_table};
enum { NR_TABLES = sizeof(tables) / sizeof(tables[0]) };

/* After a round that failed, too. */
static void forget_space(struct driver_state *state)
{
	uintptr_t start = space_user_start(&state->space);

	unmap_range(&state->space, start, VIEWS_BYTES);
	expect_equal(space_destroy(&state->space), 0);
}

static void forget_drivers(void *unused)
{
	(void)unused;
	for (unsigned int cpu = 0; cpu < PLATFORM_CPUS_MAX; cpu++) {
		if (drivers[cpu] && drivers[cpu]->has_space)
			forget_space(drivers[cpu]);
		if (drivers[cpu] && drivers[cpu]->owned)
			free_contig_range(virt_to_phys(drivers[cpu]->owned) >> PAGE_SHIFT,
					  owned_pages());
		kfree(drivers[cpu]);
		drivers[cpu] = NULL;
	}
}

/* Not in the vmalloc region, where wrong addresses are drawn. */
static struct driver_state *new_driver(bool together)
{
	struct driver_state *state = kzalloc(sizeof(*state), GFP_KERNEL);
	struct page *owned = alloc_contig_pages(owned_pages(), GFP_KERNEL, NUMA_NO_NODE, NULL);

	require(state && owned);
	state->together = together;
	state->owned = page_address(owned);
	return state;
}

void drivers_prepare(unsigned int nr)
{
	static struct test_end end = {.function = forget_drivers};

	ASSERT(nr_calls() <= CALLS_MAX, "%zu calls", nr_calls());
	memset(round_counts, 0, sizeof(round_counts));
	test_at_end(&end);
	handler_prepare();
	for (unsigned int cpu = 0; cpu < nr; cpu++)
		drivers[cpu] = new_driver(nr > 1);
}

size_t nr_calls(void)
{
	size_t nr = 0;

	for (size_t i = 0; i < NR_TABLES; i++)
		nr += tables[i]->nr;
	return nr;
}

const struct call *call_number(size_t number)
{
	size_t i = 0;

	while (number >= tables[i]->nr)
		number -= tables[i++]->nr;
	return &tables[i]->calls[number];
}

/* What the record says, in a form that is kept (kept.c): what it draws, and the function's name. */
static void print_record(const struct record *record)
{
	char text[2 * STEP_BYTES + 1];
	size_t used = 0;

	for (unsigned int i = STEP_CHOICE; i < STEP_BYTES; i++)
		used += (size_t)scnprintf(text + used, sizeof(text) - used, "%02x",
					  record->bytes[i]);
	log_line("# record {\"%s\", \"%s\"},", text, call_number(driver.running)->name);
}

/* Not from the number of the function, which another table changes. */
static void seed_dice(const struct record *record)
{
	uint64_t words[STEP_BYTES / 8] = {0};

	memcpy(words, record->bytes + STEP_CHOICE, STEP_BYTES - STEP_CHOICE);
	random_seed(&driver.dice, words[0] * 0x9e3779b97f4a7c15 ^ words[1]);
}

/* The call that record asks for. */
void round_step(uint64_t number, const struct record *record)
{
	const struct call *call;

	driver.step = number;
	driver.record = *record;
	driver.drawn = 0;
	seed_dice(record);
	driver.running = pick(1 << 16) % nr_calls();
	call = call_number(driver.running);
	if (driver_prints)
		print_record(record);
	if (!(call->outcomes & (driver.together ? ALONE : TOGETHER))) {
		second_begin();
		call->step();
		second_check();
	}
	if (number % CHECK_EVERY == CHECK_EVERY - 1)
		model_check_all();
	if (number % RELAX_EVERY == 0)
		test_relax();
}

static size_t frames_for_one(void)
{
	size_t frames = nr_free_pages() / (driver.together ? 24 : 6);

	return frames > 4000 ? 4000 : frames;
}

static void fill_pool(void)
{
	struct page *run = alloc_contig_pages(POOL_RUN, GFP_KERNEL, NUMA_NO_NODE, NULL);

	holds(run);
	for (unsigned int i = 0; i < POOL_RUN; i++)
		driver.pool[i] = run + i;
	holds(alloc_pages_bulk_array(GFP_KERNEL, POOL, driver.pool) == POOL);
	for (unsigned int i = 0; i < POOL; i++)
		pattern_fill(page_address(driver.pool[i]), PAGE_SIZE, page_to_pfn(driver.pool[i]));
}

void round_begin(uint64_t round)
{
	bool together = driver.together;
	uint64_t *owned = driver.owned;

	memset(&driver, 0, sizeof(driver));
	driver.together = together;
	driver.owned = owned;
	driver.round = round;
	driver.guard = vmap_area_guard();
	driver.vmalloc_pages = vmalloc_nr_pages();
	driver.frames_max = frames_for_one();
	fill_pool();
	same(space_create(&driver.space), 0);
	driver.has_space = true;
}

/* Caches last: their objects are held too. */
void round_end(void)
{
	driver.step = ROUND_STEPS;
	model_check_all();
	for (int caches = 0; caches < 2; caches++)
		for (unsigned int i = 0; i < NR_SLOTS; i++)
			if (driver.slots[i].kind != FREE_SLOT &&
			    (driver.slots[i].kind == CACHE) == caches)
				release(&driver.slots[i]);
	free_pages_bulk(POOL, driver.pool);
	driver.has_space = false;
	same(space_destroy(&driver.space), 0);
}

void round_check_nothing_left(const struct mm_usage *before)
{
	struct mm_usage after;

	mm_quiesce();
	mm_get_usage(&after);
	same(after.free_frames, before->free_frames);
	same(after.tables, before->tables);
	same(after.slab_objects, before->slab_objects);
	same(after.areas, before->areas);
	holds(!mm_check());
}

void round_play(uint64_t round, uint64_t steps, void (*record)(uint64_t step, struct record *to))
{
	struct mm_usage before;
	struct record next;

	mm_quiesce();
	mm_get_usage(&before);
	settings_reset();
	mm_quiesce();
	round_begin(round);
	for (uint64_t i = 0; i < steps; i++) {
		record(i, &next);
		round_step(i, &next);
	}
	round_end();
	settings_reset();
	round_check_nothing_left(&before);
}
