/* SPDX-License-Identifier: BSD-2-Clause */
#include "measure.h"
#include "lib/format.h"
#include "lib/random.h"
#include "page_alloc.h"
#include "purge.h"
#include "test.h"
#include "vmalloc.h"

/*
 * How long single calls take: a hundred thousand at random over a crowd of areas that comes and
 * goes, each one timed, sorted, and the slow ones asked what they did.
 */

enum {
	CALLS = 100000,
	SLOTS = 4096,
	SLOWEST = 8,
	OCTAVES = 40,
};

/* What may make a call slow. */
enum event { EVENT_PURGE, EVENT_TABLE, EVENT_SPLIT, EVENT_REFILL, EVENT_DRAIN, NR_EVENTS };
static const char *const event_names[NR_EVENTS] = {"purge", "table page", "split", "refill",
						   "drain"};

struct moment {
	uint64_t counts[NR_EVENTS];
};

struct call {
	uint32_t cost;
	uint16_t pages;
	uint16_t events; /* one bit each */
};

struct calls {
	struct call *all; /* CALLS of them */
	unsigned int nr;
};

static void read_moment(struct moment *moment)
{
	struct page_alloc_stats frames;
	struct cost cost;

	page_alloc_get_stats(&frames);
	measure_read(&cost);
	moment->counts[EVENT_PURGE] = purge_state.flushes;
	moment->counts[EVENT_TABLE] = (uint64_t)cost.tables;
	moment->counts[EVENT_SPLIT] = vmap_area_nr_searches();
	moment->counts[EVENT_REFILL] = frames.refills;
	moment->counts[EVENT_DRAIN] = frames.drains;
}

static void note_call(struct calls *calls, uint64_t cost, uint64_t pages, struct moment *last)
{
	struct call *call = &calls->all[calls->nr++];
	struct moment now;

	read_moment(&now);
	*call = (struct call){.cost = cost < UINT32_MAX ? (uint32_t)cost : UINT32_MAX,
			      .pages = (uint16_t)pages};
	for (unsigned int i = 0; i < NR_EVENTS; i++)
		if (now.counts[i] != last->counts[i])
			call->events |= (uint16_t)(1 << i);
	*last = now;
}

/* Mostly small, now and then large. */
static uint64_t draw_pages(struct random *random)
{
	uint64_t kind = random_below(random, 100);

	if (kind < 60)
		return 1;
	return 1 + random_below(random, kind < 90 ? 8 : kind < 99 ? 64 : 512);
}

static void *time_vmalloc(struct calls *calls, uint64_t pages, struct moment *last)
{
	uint64_t start = measure_now(), cost;
	void *p = vmalloc(pages << PAGE_SHIFT);

	cost = measure_now() - start - measure_overhead();
	note_call(calls, cost, pages, last);
	require(p != NULL);
	return p;
}

static void time_vfree(struct calls *calls, void *p, uint64_t pages, struct moment *last)
{
	uint64_t start = measure_now(), cost;

	vfree(p);
	cost = measure_now() - start - measure_overhead();
	note_call(calls, cost, pages, last);
}

static void make_calls(struct calls *allocations, struct calls *frees, void **areas,
		       uint16_t *pages)
{
	struct random random;
	struct moment last;

	random_seed(&random, test_random());
	read_moment(&last);
	while (allocations->nr + frees->nr < CALLS) {
		uint64_t slot = random_below(&random, SLOTS);

		if (areas[slot]) {
			time_vfree(frees, areas[slot], pages[slot], &last);
			areas[slot] = NULL;
		} else {
			pages[slot] = (uint16_t)draw_pages(&random);
			areas[slot] = time_vmalloc(allocations, pages[slot], &last);
		}
	}
}

/* Shell's sort, by cost. */
static void sort_calls(struct calls *calls)
{
	for (unsigned int gap = calls->nr / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11)
		for (unsigned int i = gap; i < calls->nr; i++) {
			struct call moved = calls->all[i];
			unsigned int j = i;

			for (; j >= gap && calls->all[j - gap].cost > moved.cost; j -= gap)
				calls->all[j] = calls->all[j - gap];
			calls->all[j] = moved;
		}
}

/* The cost that `per_mille` of the calls do not exceed. */
static uint32_t percentile(const struct calls *calls, unsigned int per_mille)
{
	return calls->all[(uint64_t)(calls->nr - 1) * per_mille / 1000].cost;
}

static void print_histogram(const struct calls *calls, const char *name)
{
	unsigned int counts[OCTAVES] = {0}, most = 1;

	for (unsigned int i = 0; i < calls->nr; i++)
		counts[63 - __builtin_clzl(calls->all[i].cost | 1ul)]++;
	for (unsigned int i = 0; i < OCTAVES; i++)
		most = counts[i] > most ? counts[i] : most;
	for (unsigned int i = 0; i < OCTAVES; i++)
		if (counts[i])
			log_line("latency-octave call=%s from=%llu calls=%u %.*s", name, 1ull << i,
				 counts[i], (int)(counts[i] * 40ul / most),
				 "########################################");
}

static void format_events(char text[80], unsigned int events)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < NR_EVENTS; i++)
		if (events >> i & 1)
			used += (size_t)scnprintf(text + used, 80 - used, "%s%s", used ? ", " : "",
						  event_names[i]);
	if (!events)
		scnprintf(text, 80, "nothing of that kind");
}

static void print_slowest(const struct calls *calls, const char *name)
{
	char events[80];

	for (unsigned int i = 1; i <= SLOWEST && i <= calls->nr; i++) {
		const struct call *call = &calls->all[calls->nr - i];

		format_events(events, call->events);
		log_line("latency-slow call=%s cost=%u pages=%u did=%s", name, call->cost,
			 call->pages, events);
	}
}

static void print_calls(struct calls *calls, const char *name)
{
	sort_calls(calls);
	log_line("latency call=%s unit=%s calls=%u p50=%u p90=%u p99=%u p99.9=%u max=%u", name,
		 measure_unit(), calls->nr, percentile(calls, 500), percentile(calls, 900),
		 percentile(calls, 990), percentile(calls, 999), percentile(calls, 1000));
	print_histogram(calls, name);
	print_slowest(calls, name);
}

TEST_FLAGS(latency, calls, "what single calls of vmalloc and vfree take, the slowest too",
	   TEST_BENCH)
{
	struct calls allocations = {vmalloc_array(CALLS, sizeof(struct call)), 0};
	struct calls frees = {vmalloc_array(CALLS, sizeof(struct call)), 0};
	uint16_t *pages = vcalloc(SLOTS, sizeof(*pages));
	void **areas = vcalloc(SLOTS, sizeof(*areas));

	require(allocations.all && frees.all && pages && areas);
	measure_init();
	make_calls(&allocations, &frees, areas, pages);
	print_calls(&allocations, "vmalloc");
	print_calls(&frees, "vfree");
	measure_exit();
	for (unsigned int i = 0; i < SLOTS; i++)
		vfree(areas[i]);
	expect(allocations.nr + frees.nr >= CALLS);
	vfree(areas);
	vfree(pages);
	vfree(frees.all);
	vfree(allocations.all);
}
