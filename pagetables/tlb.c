/* SPDX-License-Identifier: BSD-2-Clause */
#include "tlb.h"
#include "lib/assert.h"
#include "lib/format.h"
#include "lib/lock.h"
#include "tlb_local.h"

/*
 * Requests stand in a ring, by generation. A CPU that has fallen behind by more than the ring holds
 * flushes everything. Who asks writes the slot, then publishes the generation, both under the lock;
 * waiting is done without it.
 */
enum { RING_SLOTS = 16, LATE_SECONDS_MAX = 20, TURNS_BETWEEN_LOOKS = 1024 };

struct request {
	uintptr_t start, end; /* end 0: everything */
};

static struct request ring[RING_SLOTS];
static uint64_t generation __attribute__((aligned(64)));
static struct spinlock ring_lock = SPINLOCK("TLB requests", LOCK_RANK_TLB);
static bool (*late_handler)(unsigned int cpu, unsigned int seconds);

/* A cache line each, written by its own CPU. */
static struct participant {
	uint64_t seen; /* generation up to which this CPU has flushed */
	uint64_t own;  /* the last one that it asked for itself */
	bool inside;
	uint64_t ranges, alls, shootdowns, answered;
} __attribute__((aligned(64))) participants[PLATFORM_CPUS_MAX];

static bool takes_part(unsigned int cpu)
{
	return __atomic_load_n(&participants[cpu].inside, __ATOMIC_ACQUIRE);
}

static uint64_t publish(uintptr_t start, uintptr_t end)
{
	uint64_t mine;

	spin_lock(&ring_lock);
	mine = generation + 1;
	__atomic_store_n(&ring[mine % RING_SLOTS].start, start, __ATOMIC_RELEASE);
	__atomic_store_n(&ring[mine % RING_SLOTS].end, end, __ATOMIC_RELEASE);
	__atomic_store_n(&generation, mine, __ATOMIC_SEQ_CST);
	spin_unlock(&ring_lock);
	return mine;
}

/* Does what was asked from `seen` on, up to `latest`. */
static void catch_up(uint64_t seen, uint64_t latest)
{
	struct request requests[RING_SLOTS];
	uint64_t nr = latest - seen;
	bool all = nr > RING_SLOTS / 2;

	for (uint64_t i = 0; !all && i < nr; i++) {
		struct request *slot = &ring[(seen + 1 + i) % RING_SLOTS];

		requests[i].start = __atomic_load_n(&slot->start, __ATOMIC_ACQUIRE);
		requests[i].end = __atomic_load_n(&slot->end, __ATOMIC_ACQUIRE);
		all = !requests[i].end;
	}
	/*
	 * Slots can have been written anew while we read them, by requests that are newer still.
	 * Who has read such a slot also sees the generation before it.
	 */
	/* by chance: it takes that many requests in this moment */
	if (__atomic_load_n(&generation, __ATOMIC_ACQUIRE) - seen > RING_SLOTS / 2)
		all = true;
	if (all)
		tlb_flush_all_local();
	for (uint64_t i = 0; !all && i < nr; i++)
		tlb_flush_range_local(requests[i].start, requests[i].end);
}

/* CPU `cpu` is to come here with its next call; the request is published. */
static void send_on_detour(unsigned int cpu)
{
	if (takes_part(cpu))
		__atomic_fetch_or(&fault_depths[cpu].detour, DETOUR_FLUSH, __ATOMIC_SEQ_CST);
}

/* Before the generation is read: what is published after that sends us here again. */
static void end_detour(unsigned int cpu)
{
	if (fault_detour(cpu) & DETOUR_FLUSH)
		__atomic_fetch_and(&fault_depths[cpu].detour, ~(uint32_t)DETOUR_FLUSH,
				   __ATOMIC_SEQ_CST);
}

void tlb_poll(void)
{
	unsigned int cpu = platform_cpu();
	struct participant *self = &participants[cpu];
	uint64_t latest, others;

	end_detour(cpu);
	latest = __atomic_load_n(&generation, __ATOMIC_ACQUIRE);
	if (self->seen == latest || !takes_part(cpu))
		return;
	others = latest - self->seen - (self->own > self->seen);
	catch_up(self->seen, latest);
	__atomic_store_n(&self->answered, self->answered + others, __ATOMIC_RELAXED);
	__atomic_store_n(&self->seen, latest, __ATOMIC_RELEASE);
}

static bool is_waited_for(unsigned int cpu, uint64_t wanted)
{
	return takes_part(cpu) &&
	       __atomic_load_n(&participants[cpu].seen, __ATOMIC_ACQUIRE) < wanted;
}

/* A second has gone by in vain. */
static bool give_up_on(unsigned int cpu, unsigned int seconds)
{
	if (late_handler && late_handler(cpu, seconds))
		return true;
	ASSERT(seconds < LATE_SECONDS_MAX, "CPU %u has not flushed for %u s", cpu, seconds);
	return false;
}

static void wait_for(unsigned int cpu, uint64_t wanted)
{
	uint64_t second = platform_ticks_per_second(), next_look = platform_ticks() + second;
	unsigned int seconds = 0;

	for (unsigned int turn = 1; is_waited_for(cpu, wanted); turn++) {
		tlb_poll();
		platform_pause();
		if (turn % TURNS_BETWEEN_LOOKS || platform_ticks() < next_look)
			continue;
		next_look += second;
		if (give_up_on(cpu, ++seconds))
			tlb_cpu_lost(cpu);
	}
}

/* Whether any other CPU may have translations of ours. */
static bool others_take_part(unsigned int self)
{
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
		if (cpu != self && takes_part(cpu))
			return true;
	return false;
}

/*
 * Counts a request. A locked instruction, so that the tables' new entries can be seen before we
 * look who takes part: a CPU that enters says so first, and flushes then.
 */
static void count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST);
}

/* This CPU has flushed for its own request already: with nobody's before it, none is left. */
static void skip_own(struct participant *self, uint64_t mine)
{
	self->own = mine;
	if (self->seen + 1 == mine)
		__atomic_store_n(&self->seen, mine, __ATOMIC_RELEASE);
}

static void flush_others(uintptr_t start, uintptr_t end)
{
	unsigned int self = platform_cpu();
	uint64_t mine;

	if (!others_take_part(self))
		return;
	count(&participants[self].shootdowns);
	mine = publish(start, end);
	skip_own(&participants[self], mine);
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
		if (cpu != self)
			send_on_detour(cpu);
	for (unsigned int cpu = 0; cpu < platform_nr_cpus(); cpu++)
		if (cpu != self)
			wait_for(cpu, mine);
	tlb_poll();
}

void tlb_flush_range(uintptr_t start, uintptr_t end)
{
	count(&participants[platform_cpu()].ranges);
	tlb_flush_range_local(start, end);
	flush_others(start, end);
}

void tlb_flush_all(void)
{
	count(&participants[platform_cpu()].alls);
	tlb_flush_all_local();
	flush_others(0, 0);
}

void tlb_cpu_enter(void)
{
	struct participant *self = &participants[platform_cpu()];
	uint64_t latest;

	spin_set_wait_work(tlb_poll);
	__atomic_store_n(&self->inside, true, __ATOMIC_SEQ_CST);
	latest = __atomic_load_n(&generation, __ATOMIC_SEQ_CST);
	tlb_flush_all_local();
	__atomic_store_n(&self->seen, latest, __ATOMIC_RELEASE);
}

void tlb_cpu_leave(void)
{
	__atomic_store_n(&participants[platform_cpu()].inside, false, __ATOMIC_SEQ_CST);
}

void tlb_cpu_lost(unsigned int cpu)
{
	__atomic_store_n(&participants[cpu].inside, false, __ATOMIC_SEQ_CST);
}

void tlb_set_late_handler(bool (*handler)(unsigned int cpu, unsigned int seconds))
{
	late_handler = handler;
}

static uint64_t read_count(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void add_cpu(unsigned int cpu, struct tlb_stats *stats)
{
	const struct participant *participant = &participants[cpu];

	stats->ranges += read_count(&participant->ranges);
	stats->alls += read_count(&participant->alls);
	stats->shootdowns += read_count(&participant->shootdowns);
	stats->answered += read_count(&participant->answered);
	tlb_local_count(cpu, stats->flushes);
}

void tlb_get_cpu_stats(unsigned int cpu, struct tlb_stats *stats)
{
	*stats = (struct tlb_stats){0};
	add_cpu(cpu, stats);
}

void tlb_get_stats(struct tlb_stats *stats)
{
	*stats = (struct tlb_stats){0};
	for (unsigned int cpu = 0; cpu < PLATFORM_CPUS_MAX; cpu++)
		add_cpu(cpu, stats);
}

static void log_cpu(unsigned int cpu)
{
	struct tlb_stats stats;

	tlb_get_cpu_stats(cpu, &stats);
	log_line("TLB flushes of CPU %u: asked for %lu, answered %lu; %lu pages, %lu times "
		 "everything; waited for others %lu times",
		 cpu, stats.ranges + stats.alls, stats.answered, stats.flushes[TLB_INVLPG],
		 stats.flushes[TLB_CR3] + stats.flushes[TLB_PGE] + stats.flushes[TLB_INVPCID],
		 stats.shootdowns);
}

void tlb_log_stats(void)
{
	struct tlb_stats stats;

	tlb_get_stats(&stats);
	log_line("TLB flushes asked for: %lu of ranges, %lu of everything; %lu waited for other "
		 "CPUs",
		 stats.ranges, stats.alls, stats.shootdowns);
	for (unsigned int i = 0; i < NR_TLB_METHODS; i++)
		if (tlb_method_ticks(i))
			log_line("TLB flushes by %s: %lu, of %lu ticks as measured at the start",
				 tlb_method_names[i], stats.flushes[i], tlb_method_ticks(i));
		else
			log_line("TLB flushes by %s: untried, not to be had here",
				 tlb_method_names[i]);
	log_line("TLB flushes by INVLPG up to %u pages", tlb_range_limit());
	for (unsigned int cpu = 0; platform_nr_cpus() > 1 && cpu < platform_nr_cpus(); cpu++)
		log_cpu(cpu);
}
