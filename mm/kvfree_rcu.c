/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault.h"
#include "lib/assert.h"
#include "lib/format.h"
#include "lib/string.h"
#include "page_alloc.h"
#include "slabs.h"
#include "tlb.h"

/*
 * Freeing after a grace period: the time in which every CPU has passed platform_relax() once, so
 * that none can still hold a pointer that it found before.
 *
 * Each CPU collects what is to be freed in an open batch. A batch that is full is closed: it notes
 * how often every CPU had relaxed by then, and once each has done so again (or is outside the
 * gate), its objects are freed. While the closed one still waits, the open one goes on growing.
 * Objects that bring a rcu_head along are linked, without a lock, since that may happen in an
 * exception handler; the others have a slot in a page of pointers.
 */

enum { POINTERS = 511, BATCH_FULL = 500, WAIT_SECONDS_MAX = 60 };

struct pointer_page {
	struct pointer_page *next;
	const void *pointers[POINTERS];
};

struct batch {
	struct rcu_head *heads;
	struct pointer_page *pages; /* all but the first are full */
	uint32_t nr, nr_in_page;
};

static struct rcu_cpu {
	struct spinlock lock; /* local_lock(); for all but open.heads and nr_heads */
	struct batch open, closed;
	uint32_t nr_heads;		     /* in open.heads */
	uint64_t relaxed[PLATFORM_CPUS_MAX]; /* when `closed` was closed */
} __cacheline_aligned rcu_cpus[PLATFORM_CPUS_MAX];

void kvfree_rcu_init(void)
{
	memset(rcu_cpus, 0, sizeof(rcu_cpus));
	for (unsigned int cpu = 0; cpu < PLATFORM_CPUS_MAX; cpu++)
		rcu_cpus[cpu].lock = (struct spinlock)LOCAL_LOCK("deferred frees of a CPU");
}

static void note_relaxed(uint64_t *relaxed)
{
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
		relaxed[cpu] = platform_relaxed(cpu);
}

/* The first CPU that might still know what was there when `relaxed` was noted; -1: none. */
static int cpu_in_the_way(const uint64_t *relaxed)
{
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
		if (platform_cpu_inside(cpu) && platform_relaxed(cpu) == relaxed[cpu])
			return (int)cpu;
	return -1;
}

static void free_batch(struct batch *batch)
{
	struct pointer_page *page = batch->pages;
	uint32_t nr = batch->nr_in_page;

	for (struct rcu_head *head = batch->heads; head;) {
		struct rcu_head *next = head->next;

		kvfree(head->object);
		head = next;
	}
	for (; page; nr = POINTERS) {
		struct pointer_page *next = page->next;

		while (nr > 0)
			kvfree(page->pointers[--nr]);
		free_page((unsigned long)(uintptr_t)page);
		page = next;
	}
}

/* Takes all of the open batch. The lock is held. */
static struct batch take_open(struct rcu_cpu *rcu)
{
	struct batch batch = rcu->open;

	batch.heads = __atomic_exchange_n(&rcu->open.heads, NULL, __ATOMIC_ACQUIRE);
	batch.nr += __atomic_exchange_n(&rcu->nr_heads, 0, __ATOMIC_RELAXED);
	rcu->open.pages = NULL;
	rcu->open.nr = rcu->open.nr_in_page = 0;
	return batch;
}

/* Frees the closed batch if its grace period is over, and closes the open one if it is full. */
static void advance(struct rcu_cpu *rcu)
{
	struct batch done = {.nr = 0};

	local_lock_wait(&rcu->lock, this_cpu());
	if (rcu->closed.nr != 0 && cpu_in_the_way(rcu->relaxed) < 0) {
		done = rcu->closed;
		rcu->closed = (struct batch){.nr = 0};
	}
	if (rcu->closed.nr == 0 &&
	    rcu->open.nr + __atomic_load_n(&rcu->nr_heads, __ATOMIC_RELAXED) >= BATCH_FULL) {
		rcu->closed = take_open(rcu);
		note_relaxed(rcu->relaxed);
	}
	local_unlock(&rcu->lock);
	free_batch(&done);
}

void kvfree_call_rcu(struct rcu_head *head, void *object)
{
	struct rcu_cpu *rcu = &rcu_cpus[this_cpu()];

	head->object = object;
	head->next = __atomic_load_n(&rcu->open.heads, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&rcu->open.heads, &head->next, head, false,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	if (__atomic_add_fetch(&rcu->nr_heads, 1, __ATOMIC_RELAXED) % BATCH_FULL == 0 &&
	    locks_held() == 0 && !fault_in_handler())
		advance(rcu);
}

/* Waits until every CPU has relaxed. */
static void wait_for_grace(void)
{
	uint64_t limit = platform_ticks() + WAIT_SECONDS_MAX * platform_ticks_per_second();
	uint64_t relaxed[PLATFORM_CPUS_MAX];

	note_relaxed(relaxed);
	platform_relax();
	while (cpu_in_the_way(relaxed) >= 0) {
		ASSERT(platform_ticks() < limit, "CPU %d has not relaxed for %d seconds",
		       cpu_in_the_way(relaxed), WAIT_SECONDS_MAX);
		tlb_poll();
		platform_pause();
		platform_relax();
	}
}

/* A further page for pointers, where there is none with room: nobody else brings one to this CPU.
 * false: no memory. */
static bool add_page(struct rcu_cpu *rcu)
{
	struct page *frame = alloc_frame_block(GFP_NOWAIT, NUMA_NO_NODE, 0, (uintptr_t)add_page);
	struct pointer_page *page = frame ? page_address(frame) : NULL;

	if (!page)
		return false;
	local_lock_wait(&rcu->lock, this_cpu());
	page->next = rcu->open.pages;
	rcu->open.pages = page;
	rcu->open.nr_in_page = 0;
	local_unlock(&rcu->lock);
	return true;
}

static __slow void defer_slow(struct rcu_cpu *rcu, const void *p)
{
	if (fault_in_handler()) {
		log_line("slab: kvfree_rcu_mightsleep(%p) in an exception handler: refused", p);
		return;
	}
	advance(rcu);
	platform_quiescent();
	advance(rcu);
	if (add_page(rcu)) {
		kvfree_rcu_mightsleep(p);
	} else {
		wait_for_grace();
		kvfree(p);
	}
}

void kvfree_rcu_mightsleep(const void *p)
{
	unsigned int cpu = this_cpu();
	struct rcu_cpu *rcu = &rcu_cpus[cpu];
	bool noted = false;

	if (unlikely(!p))
		return;
	/* by chance: an NMI in the few lines that hold it finds it taken */
	if (likely(local_lock(&rcu->lock, cpu))) {
		struct pointer_page *page = rcu->open.pages;

		if (likely(page) && likely(rcu->open.nr_in_page < POINTERS)) {
			page->pointers[rcu->open.nr_in_page++] = p;
			rcu->open.nr++;
			noted = true;
		}
		local_unlock(&rcu->lock);
	}
	if (unlikely(!noted))
		defer_slow(rcu, p);
}

static bool is_empty(const struct batch *batch)
{
	return !batch->heads && !batch->pages;
}

/* Both batches of one CPU, whatever the closed one has waited for. */
static void free_both(struct rcu_cpu *rcu)
{
	struct batch closed, open;

	local_lock_wait(&rcu->lock, this_cpu());
	closed = rcu->closed;
	open = take_open(rcu);
	rcu->closed = (struct batch){.nr = 0};
	local_unlock(&rcu->lock);
	if (is_empty(&closed) && is_empty(&open))
		return;
	wait_for_grace();
	free_batch(&closed);
	free_batch(&open);
}

void kvfree_rcu_barrier(void)
{
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
		free_both(&rcu_cpus[cpu]);
}

uint64_t kvfree_rcu_pending(void)
{
	uint64_t pending = 0;

	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++) {
		struct rcu_cpu *rcu = &rcu_cpus[cpu];
		bool locked = local_lock(&rcu->lock, this_cpu());

		pending += rcu->open.nr + rcu->closed.nr +
			   __atomic_load_n(&rcu->nr_heads, __ATOMIC_RELAXED);
		if (locked) /* by chance: as above */
			local_unlock(&rcu->lock);
	}
	return pending;
}
