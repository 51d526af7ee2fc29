/* SPDX-License-Identifier: BSD-2-Clause */
#include "tlb_local.h"
#include "lib/string.h"
#include "walk.h"

const char *const tlb_method_names[NR_TLB_METHODS] = {"INVLPG", "CR3", "CR4.PGE", "INVPCID"};

enum { CR4_PGE = 1 << 7, INVPCID_ALL_AND_GLOBAL = 2 };
enum { ROUNDS = 8, REPEATS = 16, REFILLS_MAX = 32, LIMIT_MIN = 1, LIMIT_MAX = 512 };

static uint64_t method_ticks[NR_TLB_METHODS];
static enum tlb_method method_for_all = TLB_PGE;
static unsigned int range_limit = 32; /* until it is measured */

static struct count {
	uint64_t flushes[NR_TLB_METHODS];
} __attribute__((aligned(64))) counts[PLATFORM_CPUS_MAX];

/* Global pages go as well; without CR4.PGE no page is global, and loading CR3 does it. */
static void execute(enum tlb_method method, uintptr_t address)
{
	uint64_t *counter = &counts[platform_cpu()].flushes[method], cr4;

	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED); /* nobody else writes it */
	switch (method) {
	case TLB_INVLPG:
		platform_invlpg(address);
		break;
	case TLB_PGE:
		cr4 = platform_read_cr4();
		platform_write_cr4(cr4 ^ CR4_PGE);
		platform_write_cr4(cr4);
		break;
	case TLB_INVPCID:
		platform_invpcid(INVPCID_ALL_AND_GLOBAL, 0, 0);
		break;
	default:
		platform_write_cr3(platform_read_cr3());
	}
}

static enum tlb_method usable_for_all(void)
{
	return platform_read_cr4() & CR4_PGE ? method_for_all : TLB_CR3;
}

void tlb_flush_all_local(void)
{
	execute(usable_for_all(), 0);
}

void tlb_flush_range_local(uintptr_t start, uintptr_t end)
{
	if ((end - start) >> PAGE_SHIFT > range_limit) {
		tlb_flush_all_local();
		return;
	}
	for (; start < end; start += PAGE_SIZE)
		execute(TLB_INVLPG, start);
}

/* Places to read from, so that the TLB misses that a full flush causes are in its price. */
struct refills {
	unsigned int nr;
	const volatile char *places[REFILLS_MAX];
};

static bool note_place(void *context, const struct leaf *leaf)
{
	struct refills *refills = context;

	refills->places[refills->nr++] = (const volatile char *)leaf->start;
	return refills->nr < REFILLS_MAX;
}

static void touch(const struct refills *refills)
{
	for (unsigned int i = 0; i < refills->nr; i++)
		(void)*refills->places[i];
}

static uint64_t measure_once(enum tlb_method method, const struct refills *refills)
{
	uint64_t start, flushed_and_read, read;
	uintptr_t address = (uintptr_t)refills->places[0]; /* the direct map has at least one */

	start = platform_ticks();
	for (unsigned int i = REPEATS; i--;) {
		execute(method, address);
		touch(refills);
	}
	flushed_and_read = platform_ticks() - start;
	start = platform_ticks();
	for (unsigned int i = REPEATS; i--;)
		touch(refills);
	read = platform_ticks() - start;
	/* by chance: it is measured */
	return flushed_and_read > read ? (flushed_and_read - read) / REPEATS : 0;
}

/* The least of some rounds: what disturbs only adds. */
static void measure(enum tlb_method method, const struct refills *refills)
{
	uint64_t least = UINT64_MAX;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t ticks = measure_once(method, refills);

		least = ticks < least ? ticks : least;
	}
	method_ticks[method] = least ? least : 1; /* by chance: as above */
}

static void choose(void)
{
	uint64_t pages;

	method_for_all = TLB_PGE;
	/* by chance: which one takes less time */
	if (method_ticks[TLB_INVPCID] && method_ticks[TLB_INVPCID] < method_ticks[TLB_PGE])
		method_for_all = TLB_INVPCID;
	pages = method_ticks[usable_for_all()] / method_ticks[TLB_INVLPG];
	/* by chance: it is measured */
	range_limit = pages < LIMIT_MIN	  ? LIMIT_MIN
		      : pages > LIMIT_MAX ? LIMIT_MAX
					  : (unsigned int)pages;
}

void tlb_init(void)
{
	struct refills refills = {0};

	memset(method_ticks, 0, sizeof(method_ticks));
	walk_leaves(&kernel_space, layout.page_offset, layout.page_offset_end, note_place,
		    &refills);
	measure(TLB_INVLPG, &refills);
	measure(TLB_CR3, &refills);
	if (platform_read_cr4() & CR4_PGE)
		measure(TLB_PGE, &refills);
	if (platform_cpu_features()->invpcid)
		measure(TLB_INVPCID, &refills);
	choose();
}

unsigned int tlb_range_limit(void)
{
	return range_limit;
}

uint64_t tlb_method_ticks(enum tlb_method method)
{
	return method_ticks[method];
}

void tlb_local_count(unsigned int cpu, uint64_t flushes[NR_TLB_METHODS])
{
	for (unsigned int i = 0; i < NR_TLB_METHODS; i++)
		flushes[i] += __atomic_load_n(&counts[cpu].flushes[i], __ATOMIC_RELAXED);
}
