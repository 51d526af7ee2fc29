/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver.h"
#include "../suites/words.h"
#include "fail.h"
#include "lib/random.h"

/* Steps, rounds, runs; what they print, and what they count. */

enum {
	ROUND_STEPS = 4096,
	CHECK_EVERY = 1024,
	HOST_STEPS = 40000,
	FIRMWARE_STEPS = 100000,
	MILLION = 1000000,
	EACH_AT_LEAST = 1000,
	CALLS_MAX = 160,
};

struct driver driver;

static struct random dice;
static uint64_t run_seed;
static uint64_t counts[CALLS_MAX][NR_OUTCOMES];
static size_t running; /* the number of the call */
static bool hushed;

static const char *const outcome_names[NR_OUTCOMES] = {"done", "no memory", "refused", "busy",
						       "nothing"};

static const struct call_table *const tables[] = {&vmalloc_table, &free_table,	&map_table,
						  &special_table, &frame_table, &slab_table,
						  &kmalloc_table, &ask_table};
enum { NR_TABLES = sizeof(tables) / sizeof(tables[0]) };

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

uint64_t pick(uint64_t bound)
{
	return random_below(&dice, bound);
}

uint64_t pick_seed(void)
{
	return random_next(&dice);
}

enum outcome pick_outcome(unsigned int outcomes)
{
	if (one_in(3))
		return DONE;
	for (;;) {
		enum outcome outcome = (enum outcome)pick(NR_OUTCOMES);

		if (outcomes & MAY(outcome))
			return outcome;
	}
}

void saying(const char *format, ...)
{
	char text[200];
	va_list arguments;

	if (!driver.print)
		return;
	va_start(arguments, format);
	vscnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_line("# %5llu  %s", (unsigned long long)driver.step, text);
}

void came(enum outcome outcome)
{
	if (driver.print && outcome != DONE)
		log_line("#        %s", outcome_names[outcome]);
	holds(call_number(running)->outcomes & MAY(outcome));
	counts[running][outcome]++;
}

static void swallow(const char *line)
{
	driver.lines++;
	scnprintf(driver.last_line, sizeof(driver.last_line), "%s", line);
}

void hush(void)
{
	driver.lines = 0;
	hushed = true;
	log_divert(swallow);
}

unsigned int unhush(void)
{
	hushed = false;
	log_divert(NULL);
	return driver.lines;
}

static _Noreturn void give_up(void)
{
	log_line("# round %llu fails at step %llu, in %s (seed 0x%llx)",
		 (unsigned long long)driver.round, (unsigned long long)driver.step,
		 call_number(running)->name, (unsigned long long)run_seed);
	test_give_up();
}

void driver_holds(bool condition, const char *text, const char *file, int line)
{
	if (condition)
		return;
	unhush();
	fail_disarm();
	test_expect(false, text, file, line);
	give_up();
}

void driver_same(uint64_t actual, uint64_t expected, const char *text, const char *other,
		 const char *file, int line)
{
	if (actual == expected)
		return;
	unhush();
	fail_disarm();
	test_expect_equal(actual, expected, text, other, file, line);
	give_up();
}

void starve(void)
{
	fail_arm(one_in(4) ? 2 : 1, FAIL_ALL_POINTS);
}

void starve_at(uint64_t nth)
{
	fail_arm(nth, FAIL_ALL_POINTS);
}

bool starved(void)
{
	return fail_disarm();
}

/* Everything that step `number` of this round draws comes from here. */
static void take_step(uint64_t number)
{
	driver.step = number;
	random_seed(&dice, run_seed ^ (driver.round << 32 | number) * 0x9e3779b97f4a7c15);
	running = pick(nr_calls());
	call_number(running)->step();
	if (number % CHECK_EVERY == CHECK_EVERY - 1)
		model_check_all();
	if (number % 64 == 0)
		test_relax();
}

static void begin_round(void)
{
	bool print = driver.print;
	uint64_t round = driver.round;

	settings_reset();
	memset(&driver, 0, sizeof(driver));
	driver.print = print;
	driver.round = round;
	mm_quiesce();
	driver.vmalloc_pages = vmalloc_nr_pages();
	driver.frames_max = nr_free_pages() / 6;
	if (driver.frames_max > 4000)
		driver.frames_max = 4000;
	holds(alloc_pages_bulk_array(GFP_KERNEL, POOL, driver.pool) == POOL);
	for (unsigned int i = 0; i < POOL; i++) {
		struct page *page = driver.pool[i];

		pattern_fill(page_address(page), PAGE_SIZE, page_to_pfn(page));
	}
}

/* Caches last: their objects are held too. */
static void end_round(void)
{
	driver.step = ROUND_STEPS;
	model_check_all();
	for (int caches = 0; caches < 2; caches++)
		for (unsigned int i = 0; i < NR_SLOTS; i++)
			if (driver.slots[i].kind != FREE_SLOT &&
			    (driver.slots[i].kind == CACHE) == caches)
				release(&driver.slots[i]);
	free_pages_bulk(POOL, driver.pool);
	settings_reset();
	mm_quiesce();
}

/* `keep`: six steps a character, counted from '0'; NULL: all. */
static bool is_kept(const char *keep, size_t length, uint64_t step)
{
	return !keep || (step / 6 < length && (keep[step / 6] - '0') >> step % 6 & 1);
}

static uint64_t option_number(const char *name, uint64_t otherwise)
{
	size_t length;
	const char *text = test_option(name, &length);
	uint64_t value = 0;

	if (!text)
		return otherwise;
	for (size_t i = 0; i < length; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	return value;
}

static void play_round(uint64_t round, uint64_t steps, const char *keep, size_t length)
{
	struct mm_usage before, after;

	driver.round = round;
	if (option_number("rounds", 0))
		log_line("# round %llu begins", (unsigned long long)round);
	mm_quiesce();
	mm_get_usage(&before);
	begin_round();
	for (uint64_t i = 0; i < steps; i++)
		if (is_kept(keep, length, i))
			take_step(i);
	end_round();
	mm_get_usage(&after);
	same(after.free_frames, before.free_frames);
	same(after.tables, before.tables);
	same(after.slab_objects, before.slab_objects);
	same(after.areas, before.areas);
	expect(!mm_check());
}

static void print_counts(void)
{
	for (size_t i = 0; i < nr_calls(); i++) {
		const struct call *call = call_number(i);
		char text[160];
		size_t used = 0;

		for (unsigned int o = 0; o < NR_OUTCOMES; o++)
			if (call->outcomes & MAY(o))
				used += (size_t)scnprintf(text + used, sizeof(text) - used,
							  ", %s %llu", outcome_names[o],
							  (unsigned long long)counts[i][o]);
		log_line("# %s: %s", call->name, text + 2);
	}
}

static void expect_each(uint64_t least)
{
	for (size_t i = 0; i < nr_calls(); i++)
		for (unsigned int o = 0; o < NR_OUTCOMES; o++)
			if (call_number(i)->outcomes & MAY(o) && !expect(counts[i][o] >= least))
				test_note("%s: %s only %llu times", call_number(i)->name,
					  outcome_names[o], (unsigned long long)counts[i][o]);
}

TEST(mm_random, mixed, "any row of calls does what a plain model says, and leaves nothing")
{
	uint64_t steps = option_number("steps", test_on_host() ? HOST_STEPS : FIRMWARE_STEPS);
	uint64_t round = option_number("round", 0), left = steps;
	size_t length = 0;
	const char *keep = test_option("keep", &length);

	require(nr_calls() <= CALLS_MAX);
	memset(counts, 0, sizeof(counts));
	run_seed = test_random();
	driver.print = option_number("print", 0);
	if (test_option("round", &(size_t){0})) {
		play_round(round, steps < ROUND_STEPS ? steps : ROUND_STEPS, keep, length);
		return;
	}
	for (; left > 0; left -= left < ROUND_STEPS ? left : ROUND_STEPS)
		play_round(round++, left < ROUND_STEPS ? left : ROUND_STEPS, NULL, 0);
	test_report("steps", (int64_t)steps, "calls");
	print_counts();
	expect_each(steps >= MILLION ? EACH_AT_LEAST : 0);
}
