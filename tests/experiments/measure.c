/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmlab.h"

/* measure(): samples are kept one by one, and sorted at the end. */

enum { OVERHEAD_TRIES = 32, RELAX_EVERY = 256 };

static struct {
	const char *what;
	uint64_t *samples;
	uint64_t wanted, taken, overhead, start;
} current;
static struct distribution last;

const struct distribution *measured(void)
{
	return &last;
}

/* What two looks at the time stamp cost with nothing between them: the least of some. */
static uint64_t measure_overhead(void)
{
	uint64_t least = ~(uint64_t)0;

	for (unsigned int i = 0; i < OVERHEAD_TRIES; i++) {
		uint64_t start = platform_ticks(), ticks = platform_ticks() - start;

		if (ticks < least)
			least = ticks;
	}
	return least;
}

bool measure_begin(const char *what, uint64_t samples)
{
	current.what = what;
	current.wanted = samples;
	current.taken = 0;
	last = (struct distribution){0};
	if (!samples)
		return false;
	current.samples = play_memory(samples * sizeof(*current.samples));
	current.overhead = measure_overhead();
	current.start = platform_ticks();
	return true;
}

/* Heap sort: in place, and never slow. */
static void sift_down(uint64_t *values, uint64_t root, uint64_t nr)
{
	uint64_t child;

	while ((child = 2 * root + 1) < nr) {
		uint64_t value = values[root];

		if (child + 1 < nr && values[child + 1] > values[child])
			child++;
		if (value >= values[child])
			return;
		values[root] = values[child];
		values[child] = value;
		root = child;
	}
}

static void sort(uint64_t *values, uint64_t nr)
{
	for (uint64_t i = nr / 2; i-- > 0;)
		sift_down(values, i, nr);
	for (uint64_t end = nr; end-- > 1;) {
		uint64_t largest = values[0];

		values[0] = values[end];
		values[end] = largest;
		sift_down(values, 0, end);
	}
}

static void finish(void)
{
	const uint64_t *samples = current.samples;
	uint64_t nr = current.taken, sum = 0;
	char more[160];

	sort(current.samples, nr);
	for (uint64_t i = 0; i < nr; i++)
		sum += samples[i];
	last = (struct distribution){.samples = nr,
				     .min = samples[0],
				     .median = samples[nr / 2],
				     .p90 = samples[nr * 9 / 10],
				     .p99 = samples[nr * 99 / 100],
				     .max = samples[nr - 1],
				     .mean = sum / nr};
	scnprintf(more, sizeof(more),
		  "min %llu, 90%% %llu, 99%% %llu, max %llu, mean %llu, of %llu",
		  (unsigned long long)last.min, (unsigned long long)last.p90,
		  (unsigned long long)last.p99, (unsigned long long)last.max,
		  (unsigned long long)last.mean, (unsigned long long)nr);
	test_report_more(current.what, (int64_t)last.median, "ticks", more);
}

bool measure_next(void)
{
	uint64_t ticks = platform_ticks() - current.start;

	current.samples[current.taken++] = ticks > current.overhead ? ticks - current.overhead : 0;
	if (current.taken == current.wanted) {
		finish();
		return false;
	}
	if (current.taken % RELAX_EVERY == 0)
		test_relax();
	current.start = platform_ticks();
	return true;
}
