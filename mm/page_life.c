/* SPDX-License-Identifier: BSD-2-Clause */
#include "fail.h"
#include "frames.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "memblock.h"

/* The page allocator as a whole: start, end, counts, and the walk over everything. */

static uint8_t cpu_nodes[PLATFORM_CPUS_MAX];
static uint64_t total_frames;

unsigned int nr_online_nodes(void)
{
	return nr_nodes;
}

int cpu_to_node(unsigned int cpu)
{
	return cpu_nodes[cpu] < nr_nodes ? cpu_nodes[cpu] : 0;
}

int numa_node_id(void)
{
	return cpu_to_node(this_cpu());
}

void set_cpu_node(unsigned int cpu, int nid)
{
	cpu_nodes[cpu] = (uint8_t)nid;
	if (pcps[cpu])
		pcp_set_preferred(cpu);
}

uint64_t totalram_pages(void)
{
	return total_frames;
}

uint64_t nr_free_pages(void)
{
	uint64_t frames = frames_deferred();

	for_each_populated_zone(zone)
	{
		frames += zone_free(zone) + pcps_frames((unsigned int)(zone - zones));
	}
	return frames;
}

unsigned long drain_all_pages(void)
{
	uint64_t frames = 0;

	frames_drain_deferred();
	for (unsigned int cpu = 0; cpu < platform_nr_cpus() && pcps[cpu]; cpu++) {
		if (!local_lock(&pcps[cpu]->lock, this_cpu()))
			continue;
		for (unsigned int i = 0; i < NR_ZONES; i++)
			if (pcps[cpu]->stacks[i])
				frames += run_stack_drain(pcps[cpu]->stacks[i]);
		local_unlock(&pcps[cpu]->lock);
	}
	return frames;
}

void page_alloc_get_stats(struct page_alloc_stats *stats)
{
	*stats = (struct page_alloc_stats){
		.fallbacks = __atomic_load_n(&frames_fallbacks, __ATOMIC_RELAXED),
		.poison_broken = frames_poison_broken(),
		.refused = __atomic_load_n(&frames_refused, __ATOMIC_RELAXED),
		.failed = __atomic_load_n(&frames_failed, __ATOMIC_RELAXED),
		.warned = __atomic_load_n(&frames_warned, __ATOMIC_RELAXED),
	};
	for (unsigned int cpu = 0; cpu < platform_nr_cpus() && pcps[cpu]; cpu++) {
		bool locked = local_lock(&pcps[cpu]->lock, this_cpu());

		stats->refills += pcps[cpu]->refills;
		stats->drains += pcps[cpu]->drains;
		stats->cleared += __atomic_load_n(&pcps[cpu]->cleared, __ATOMIC_RELAXED);
		if (locked)
			local_unlock(&pcps[cpu]->lock);
	}
}

/* A part of a range, to the lists of its zones; it may be empty. */
static void give_range(phys_addr_t start, phys_addr_t end)
{
	uint64_t pfn = start >> PAGE_SHIFT, last = end >> PAGE_SHIFT;

	while (pfn < last) {
		uint64_t stop = pfn < DMA_END_PFN     ? DMA_END_PFN
				: pfn < DMA32_END_PFN ? DMA32_END_PFN
						      : last;
		struct zone *zone = &zones[pfn_zone_index(pfn)];

		stop = stop < last ? stop : last;
		spin_lock(&zone->lock);
		zone_give_run(zone, pfn, stop - pfn);
		spin_unlock(&zone->lock);
		pfn = stop;
	}
}

/* What memblock handed out is allocated; the rest goes to the lists. */
static void take_over(void)
{
	size_t nr_used, nr_ranges;
	const struct phys_range *used = memblock_used(&nr_used);
	const struct memory_range *ranges = memblock_ranges(&nr_ranges);

	for (size_t i = 0; i < nr_used; i++)
		frames_mark(used[i].start >> PAGE_SHIFT,
			    (used[i].end - used[i].start) >> PAGE_SHIFT, FRAME_PLAIN);
	for (size_t i = 0; i < nr_ranges; i++) {
		phys_addr_t start = ranges[i].start;

		for (size_t u = 0; u < nr_used && start < ranges[i].end; u++) {
			if (used[u].end <= start || used[u].start >= ranges[i].end)
				continue;
			give_range(start, used[u].start);
			start = used[u].end;
		}
		if (start < ranges[i].end)
			give_range(start, ranges[i].end);
	}
}

int page_alloc_init(const struct page_alloc_options *options)
{
	zones_init();
	total_frames = memblock_bytes() >> PAGE_SHIFT;
	if (pcps_init())
		return -ENOMEM;
	memblock_close();
	page_array_init();
	take_over();
	frames_fallbacks = frames_refused = frames_failed = frames_warned = 0;
	mm_slow_end(SLOW_NOT_STARTED);
	page_alloc_set_debug(options);
	return 0;
}

/* The first frame from `pfn` on whose bits `mask` are (or are not) `state`. */
static uint64_t seek(uint64_t pfn, uint64_t end, frame_word_t mask, frame_word_t state, bool equal)
{
	while (pfn < end && ((frame_words[pfn] & mask) == state) != equal)
		pfn++;
	return pfn;
}

static void visit_masked(frame_word_t mask, frame_word_t state,
			 void (*visit)(uint64_t pfn, uint64_t nr))
{
	size_t nr;
	const struct memory_range *ranges = memblock_ranges(&nr);

	for (size_t i = 0; i < nr; i++) {
		uint64_t pfn = ranges[i].start >> PAGE_SHIFT, end = ranges[i].end >> PAGE_SHIFT;

		while ((pfn = seek(pfn, end, mask, state, true)) < end) {
			uint64_t stop = seek(pfn, end, mask, state, false);

			visit(pfn, stop - pfn);
			pfn = stop;
		}
	}
}

void frames_visit(frame_word_t state, void (*visit)(uint64_t pfn, uint64_t nr))
{
	visit_masked(FRAME_PLAIN, state, visit);
}

static void clear_run(uint64_t pfn, uint64_t nr)
{
	if (mm_slow_reasons & SLOW_UNMAP)
		frames_debug_alloc(pfn, nr);
	memset(pfn_to_kaddr(pfn), 0, nr << PAGE_SHIFT);
}

/* Runs of frames, kept where they can be read when the page array is gone. */
struct runs {
	struct phys_range *ranges;
	size_t nr, max;
	uint64_t left_out; /* frames */
};

/* So many runs there may be before room is kept, one for each range. */
static size_t nr_exact(const struct runs *runs)
{
	size_t nr_ranges;

	memblock_ranges(&nr_ranges);
	/* unreached: more ranges than runs */
	return nr_ranges < runs->max ? runs->max - nr_ranges : 0;
}

/* Whether all from the end of the last run to `pfn` is ours, so that it may take that in. */
static bool reaches(const struct runs *runs, uint64_t pfn)
{
	uint64_t end = runs->ranges[runs->nr - 1].end >> PAGE_SHIFT;

	return frames_are_ours(end, pfn - end);
}

/* The last one of a range takes in what follows, when there is no room for more. */
static void note_run(struct runs *runs, uint64_t pfn, uint64_t nr)
{
	phys_addr_t start = pfn << PAGE_SHIFT, end = (pfn + nr) << PAGE_SHIFT;

	if (runs->nr > nr_exact(runs) && reaches(runs, pfn))
		runs->ranges[runs->nr - 1].end = end;
	else if (runs->nr < runs->max) /* unreached: more ranges than runs */
		runs->ranges[runs->nr++] = (struct phys_range){.start = start, .end = end};
	else /* unreached: as above */
		runs->left_out += nr;
}

/* What is in use at the end: a few long runs, most of it from before there was a page allocator;
 * and all that ever was. */
enum { MAX_RUNS = 1024 };
static struct phys_range rest_ranges[MAX_RUNS], handed_out_ranges[MAX_RUNS];
static struct runs rest = {.ranges = rest_ranges, .max = MAX_RUNS};
static struct runs handed_out = {.ranges = handed_out_ranges, .max = MAX_RUNS};

static void note_rest(uint64_t pfn, uint64_t nr)
{
	note_run(&rest, pfn, nr);
}

static void note_handed_out(uint64_t pfn, uint64_t nr)
{
	note_run(&handed_out, pfn, nr);
}

void page_alloc_exit(void)
{
	drain_all_pages();
	frames_visit(FRAME_EVER, clear_run);
	frames_visit(FRAME_PLAIN, note_rest);
	visit_masked(FRAME_EVER, FRAME_EVER, note_handed_out);
	mm_slow_begin(SLOW_NOT_STARTED);
	mm_slow_end(SLOW_FAIL | SLOW_POISON | SLOW_UNMAP);
	for (unsigned int cpu = 0; cpu < PLATFORM_CPUS_MAX; cpu++)
		pcps[cpu] = NULL;
}

static void clear_range(const struct phys_range *range)
{
	memset(phys_to_virt(range->start), 0, range->end - range->start);
}

void page_alloc_clear_rest(void)
{
	for (size_t i = 0; i < rest.nr; i++)
		clear_range(&rest.ranges[i]);
	for (size_t i = nr_exact(&handed_out); i < handed_out.nr; i++)
		clear_range(&handed_out.ranges[i]);
	if (rest.left_out != 0) /* unreached: more ranges than runs */
		log_line("page_alloc: %llu frames in use at the end are not cleared",
			 (unsigned long long)rest.left_out);
}

const struct phys_range *page_alloc_handed_out(size_t *nr, uint64_t *left_out)
{
	*nr = handed_out.nr;
	*left_out = handed_out.left_out;
	return handed_out.ranges;
}

/* Free blocks are stepped over: zone_check() looks into them. */
static uint64_t count_allocated_in(uint64_t pfn, uint64_t end)
{
	uint64_t allocated = 0;

	while (pfn < end) {
		const struct page *page = pfn_to_page(pfn);

		if (frame_word(pfn) & FRAME_ALLOCATED)
			allocated++;
		else if (page_kind(page) == PAGE_BUDDY)
			pfn += ((uint64_t)1 << page->order) - 1;
		pfn++;
	}
	return allocated;
}

static uint64_t count_allocated(void)
{
	size_t nr;
	const struct memory_range *ranges = memblock_ranges(&nr);
	uint64_t allocated = 0;

	for (size_t i = 0; i < nr; i++)
		allocated += count_allocated_in(ranges[i].start >> PAGE_SHIFT,
						ranges[i].end >> PAGE_SHIFT);
	return allocated;
}

const char *page_alloc_check(void)
{
	const char *problem = NULL;

	if (mm_slow_reasons & SLOW_NOT_STARTED)
		return NULL;
	for_each_populated_zone(zone)
	{
		if (problem || !zone_lock(zone))
			continue;
		problem = zone_check(zone);
		zone_unlock(zone);
	}
	for (unsigned int cpu = 0; cpu < platform_nr_cpus() && !problem; cpu++)
		problem = pcp_check(pcps[cpu]);
	if (!problem && count_allocated() + nr_free_pages() != total_frames)
		problem = "page_alloc: frames are neither free nor allocated, or both";
	return problem;
}
