/* SPDX-License-Identifier: BSD-2-Clause */
#include "measure.h"
#include "lib/string.h"
#include "mm.h"
#include "page_alloc.h"
#include "state.h"

enum {
	PROBE_TURNS = 100000,
	PROBE_INSTRUCTIONS = 2 * PROBE_TURNS,
	PROBE_SLACK = 64, /* instructions around the probe's loop */
	SHIFT_MAX = 10,
};

static unsigned int shift;
static bool exact;
static uint64_t overhead, tables_made;

/* Two instructions a turn, whatever the compiler; not inlined, so that it is the same each time. */
static __attribute__((noinline)) uint64_t probe(void)
{
	uint64_t turns = PROBE_TURNS, start = platform_ticks();

	__asm__ volatile("1:	dec %0\n"
			 "	jnz 1b"
			 : "+r"(turns)
			 :
			 : "cc");
	return platform_ticks() - start;
}

static bool counts_instructions(uint64_t ticks, unsigned int with_shift)
{
	uint64_t instructions = ticks >> with_shift;

	return instructions >= PROBE_INSTRUCTIONS &&
	       instructions < PROBE_INSTRUCTIONS + PROBE_SLACK;
}

/* No clock gives the same number three times that is also the number of instructions. */
static void find_shift(void)
{
	uint64_t ticks = probe();

	exact = probe() == ticks && probe() == ticks;
	for (shift = 0; exact && shift <= SHIFT_MAX; shift++)
		if (counts_instructions(ticks, shift))
			return;
	exact = false;
	shift = 0;
}

static phys_addr_t count_table(void *context, bool low)
{
	tables_made++;
	return page_table_source.alloc(context, low);
}

static void find_overhead(void)
{
	uint64_t start = measure_now();

	overhead = measure_now() - start;
}

void measure_init(void)
{
	static struct table_source source;

	find_shift();
	find_overhead();
	source = page_table_source;
	source.alloc = count_table;
	space_set_source(&source);
}

void measure_exit(void)
{
	space_set_source(&page_table_source);
}

const char *measure_unit(void)
{
	return exact ? "instructions" : "ticks";
}

bool measure_is_exact(void)
{
	return exact;
}

uint64_t measure_now(void)
{
	uint64_t outside = runner_options.ticks_outside ? runner_options.ticks_outside() : 0;

	return (platform_ticks() - outside) >> shift;
}

uint64_t measure_overhead(void)
{
	return overhead;
}

void measure_read(struct cost *now)
{
	struct page_alloc_stats frames;
	struct tlb_stats tlb;

	tlb_get_stats(&tlb);
	page_alloc_get_stats(&frames);
	for (unsigned int i = 0; i < NR_TLB_METHODS; i++)
		now->flushes[i] = (int64_t)tlb.flushes[i];
	now->tables = (int64_t)tables_made;
	now->cleared =
		(int64_t)(frames.cleared - tables_made); /* tables are asked for cleared too */
	now->ticks = (int64_t)measure_now();
}

static void subtract(struct cost *from, const struct cost *what)
{
	from->ticks -= what->ticks;
	from->tables -= what->tables;
	from->cleared -= what->cleared;
	for (unsigned int i = 0; i < NR_TLB_METHODS; i++)
		from->flushes[i] -= what->flushes[i];
}

uint64_t measure_clearing(void)
{
	void *page = (void *)__get_free_page(GFP_KERNEL);
	uint64_t cost = 0, start = measure_now();

	if (page) {
		memset(page, 0, PAGE_SIZE);
		cost = measure_now() - start - overhead;
	}
	free_page((unsigned long)page);
	return cost;
}

static bool measure_once(const struct load *load, const struct load_parameters *parameters,
			 struct cost *cost)
{
	struct cost before;
	bool good;

	mm_quiesce();
	platform_relax();
	measure_read(&before);
	good = load->run(parameters);
	measure_read(cost);
	subtract(cost, &before);
	return good;
}

bool measure_load(const struct load *load, const struct load_parameters *parameters,
		  struct cost *cost, uint64_t *microseconds)
{
	struct load_parameters twice = *parameters;
	struct cost once, longer;
	bool good;

	twice.loops *= 2;
	good = measure_once(load, parameters, &once);
	good &= measure_once(load, &twice, cost);
	longer = *cost;
	subtract(cost, &once);
	memcpy(cost->flushes, longer.flushes, sizeof(cost->flushes));
	*microseconds = (uint64_t)((once.ticks << shift) * 1000 /
				   (int64_t)(platform_ticks_per_second() / 1000));
	return good;
}
