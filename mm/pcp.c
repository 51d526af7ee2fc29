/* SPDX-License-Identifier: BSD-2-Clause */
#include "pcp.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "memblock.h"

/* Frames of a refill when fewer are asked for (an order), and bounds of a stack's size. */
enum { REFILL_ORDER = 6, MOST_FRAMES = 2048, LEAST_MOST_FRAMES = 64, MOST_FRACTION = 64 };

struct pcp *pcps[PLATFORM_CPUS_MAX];

static unsigned int order_for(size_t wanted)
{
	unsigned int order = wanted <= 1 ? 0 : 64 - (unsigned int)__builtin_clzl(wanted - 1);

	return order > MAX_PAGE_ORDER ? MAX_PAGE_ORDER : order;
}

/* The order to take: generous while the zone is rich, what was asked for or less when it is not. */
static int refill_order(const struct run_stack *stack, unsigned int order, gfp_t gfp,
			enum zone_type highest)
{
	const struct zone *zone = stack->zone;
	int best;

	if (order < REFILL_ORDER && zone_free(zone) > 2 * zone->watermark[WMARK_HIGH] + stack->most)
		order = REFILL_ORDER;
	best = zone_best_order(zone, order);
	while (best >= 0 && !zone_watermark_ok(zone, (uint64_t)1 << best, gfp, highest))
		best--;
	return best;
}

/* A block from the lists: all of it where there is room, else no more than what is `wanted` now. */
static void keep_block(struct run_stack *stack, uint64_t pfn, size_t nr, size_t wanted)
{
	if (!run_stack_has_room(stack, nr)) {
		size_t kept = wanted < nr ? wanted : nr;

		zone_give_run(stack->zone, pfn + kept, nr - kept);
		nr = kept;
	}
	run_stack_put(stack, pfn, nr);
}

bool run_stack_refill(struct run_stack *stack, size_t wanted, gfp_t gfp, enum zone_type highest)
{
	struct zone *zone = stack->zone;
	uint64_t pfn;
	int order;

	spin_lock(&zone->lock);
	order = refill_order(stack, order_for(wanted), gfp, highest);
	if (order >= 0) {
		bool taken = zone_take_block(zone, (unsigned int)order, &pfn);

		ASSERT(taken, "no block of order %d in zone %s", order, zone_names[zone->type]);
		keep_block(stack, pfn, (size_t)1 << order, wanted);
	}
	zone_unlock(zone);
	return order >= 0;
}

bool run_stack_raise(struct run_stack *stack, size_t wanted)
{
	struct frame_run *top = stack->top, *run = top, was = *top;

	while (run > stack->runs && run->nr < wanted)
		run--;
	if (run == stack->runs)
		return false;
	*top = *run;
	*run = was;
	return true;
}

static uint32_t nr_runs(const struct run_stack *stack)
{
	return (uint32_t)(stack->top - stack->runs);
}

/* Runs 1 to `nr` go back to the lists; the ones above them move down. */
static uint64_t give_back(struct run_stack *stack, uint32_t nr)
{
	struct zone *zone = stack->zone;
	uint64_t frames = 0;

	if (!zone_lock(zone))
		return 0;
	for (uint32_t i = 1; i <= nr; i++) {
		zone_give_run(zone, stack->runs[i].pfn, stack->runs[i].nr);
		frames += stack->runs[i].nr;
	}
	zone_unlock(zone);
	stack->top -= nr;
	stack->frames -= (uint32_t)frames;
	memmove(&stack->runs[1], &stack->runs[1 + nr], nr_runs(stack) * sizeof(stack->runs[0]));
	return frames;
}

/* A fifth: the call that has to do it is not to take long, and one call in ten is not to do it. */
bool run_stack_trim(struct run_stack *stack)
{
	uint32_t nr = 0, runs = nr_runs(stack);
	uint64_t left = stack->frames;

	while (nr < runs && (left > stack->most / 5 * 4 || runs - nr > RUN_STACK_DEPTH / 5 * 4))
		left -= stack->runs[++nr].nr;
	return give_back(stack, nr) != 0;
}

uint64_t run_stack_drain(struct run_stack *stack)
{
	return run_stack_is_empty(stack) ? 0 : give_back(stack, nr_runs(stack));
}

static void init_stack(struct run_stack *stack, struct zone *zone)
{
	uint64_t most = zone->managed / (MOST_FRACTION * platform_nr_cpus());
	bool exclusive = nr_nodes == 1;

	memset(stack, 0, sizeof(*stack));
	most = most > MOST_FRAMES ? MOST_FRAMES : most;
	stack->most = (uint32_t)(most < LEAST_MOST_FRAMES ? LEAST_MOST_FRAMES : most);
	stack->first = (uint32_t)zone->start_pfn;
	stack->span = exclusive ? (uint32_t)(zone->end_pfn - zone->start_pfn) : 0;
	stack->zone = zone;
	stack->runs[0].pfn = NO_FRAME;
	stack->top = stack->runs;
}

static struct pcp *make_pcp(void)
{
	size_t nr_stacks = 0, size;
	struct run_stack *stacks;
	struct pcp *pcp;
	phys_addr_t phys;

	for_each_populated_zone(zone)
	{
		nr_stacks++;
	}
	size = sizeof(struct pcp) + nr_stacks * sizeof(struct run_stack);
	phys = memblock_alloc((size + PAGE_SIZE - 1) & PAGE_MASK, PAGE_SIZE, 0);
	if (phys == 0)
		return NULL;
	pcp = phys_to_virt(phys);
	memset(pcp, 0, sizeof(*pcp));
	pcp->lock = (struct spinlock)LOCAL_LOCK("frames of a CPU");
	stacks = (struct run_stack *)(pcp + 1);
	for_each_populated_zone(zone)
	{
		init_stack(stacks, zone);
		pcp->stacks[zone - zones] = stacks++;
	}
	return pcp;
}

int pcps_init(void)
{
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++) {
		pcps[cpu] = make_pcp();
		if (!pcps[cpu])
			return -ENOMEM;
		pcp_set_preferred(cpu);
	}
	return 0;
}

void pcp_set_preferred(unsigned int cpu)
{
	struct pcp *pcp = pcps[cpu];

	pcp->node = cpu_to_node(cpu);
	pcp->preferred = NULL;
	for (unsigned int i = 0; i < NR_ZONES; i++)
		if (pcp->stacks[i] &&
		    (!pcp->preferred || i / MAX_NR_ZONES == (unsigned int)pcp->node))
			pcp->preferred = pcp->stacks[i];
}

uint64_t pcps_frames(unsigned int zone_index)
{
	uint64_t frames = 0;

	for (unsigned int cpu = 0; cpu < platform_nr_cpus() && pcps[cpu]; cpu++) {
		struct pcp *pcp = pcps[cpu];
		bool locked;

		locked = local_lock(&pcp->lock, this_cpu());
		frames += pcp->stacks[zone_index]->frames;
		if (locked)
			local_unlock(&pcp->lock);
	}
	return frames;
}

static const char *check_stack(const struct run_stack *stack)
{
	uint64_t frames = 0;

	for (const struct frame_run *run = stack->runs + 1; run <= stack->top; run++) {
		if (run->nr == 0 || !frames_are_ours(run->pfn, run->nr))
			return "pcp: a run is empty or not ours";
		if (frame_words_or(run->pfn, run->nr) & FRAME_ALLOCATED)
			return "pcp: a run holds a frame that is in use";
		if (&zones[pfn_zone_index(run->pfn)] != stack->zone ||
		    &zones[pfn_zone_index(run->pfn + run->nr - 1)] != stack->zone)
			return "pcp: a run lies in another zone";
		frames += run->nr;
	}
	return frames == stack->frames ? NULL
				       : "pcp: the count of frames is not what the runs hold";
}

const char *pcp_check(struct pcp *pcp)
{
	const char *problem = NULL;

	if (!local_lock(&pcp->lock, this_cpu()))
		return NULL;
	for (unsigned int i = 0; i < NR_ZONES && !problem; i++)
		if (pcp->stacks[i])
			problem = check_stack(pcp->stacks[i]);
	local_unlock(&pcp->lock);
	return problem;
}
