/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault.h"
#include "fault_probe.h"
#include "fault_report.h"
#include "levels.h"
#include "lib/assert.h"
#include "lib/format.h"
#include "lib/lock.h"
#include "platform.h"

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH };

/* A fault that somebody has asked for. */
struct expectation {
	enum access access;
	uintptr_t address;
};

/* Of one CPU. */
static struct state {
	struct expectation expected;
	struct fault_catch *catch;
	bool away;
	uint64_t caught_since; /* ticks */
	struct fault_stats stats;
	char summary[FAULT_SUMMARY_MAX];
} __attribute__((aligned(64))) states[PLATFORM_CPUS_MAX];

/* Until those above have started there is no short cut. */
struct fault_depth fault_depths[PLATFORM_CPUS_MAX] = {
	[0 ... PLATFORM_CPUS_MAX - 1] = {.detour = UINT32_MAX}};

static uint64_t time_limit;
static bool (*is_recalled)(void);

static struct state *this_state(void)
{
	return &states[platform_cpu()];
}

static struct fault_depth *this_depth(void)
{
	return &fault_depths[platform_cpu()];
}

/* Whether a handler runs on `frame` because of the instruction that was placed for it. */
static bool is_from_probe(const struct expectation *expected, const struct trap_frame *frame)
{
	switch (expected->access) {
	case ACCESS_READ:
		return frame->rip == (uintptr_t)fault_probe_read_at;
	case ACCESS_WRITE:
		return frame->rip == (uintptr_t)fault_probe_write_at;
	default:
		return frame->rip == expected->address ||
		       frame->rip == (uintptr_t)fault_probe_fetch_at;
	}
}

static bool is_as_expected(const struct expectation *expected, const struct trap_frame *frame,
			   uint64_t address)
{
	static const uint64_t kinds[] = {
		[ACCESS_READ] = 0, [ACCESS_WRITE] = PF_WRITE, [ACCESS_FETCH] = PF_FETCH};
	unsigned int levels = platform_cpu_features()->levels;

	if (!address_is_canonical(expected->address, levels))
		return frame->vector == VECTOR_GP && !frame->error; /* unreached: no other there */
	/* unreached: at the probe a process meets page faults of that address alone */
	return frame->vector == VECTOR_PF && address == expected->address &&
	       (frame->error & (PF_WRITE | PF_FETCH | PF_RESERVED)) == kinds[expected->access];
}

/* Has the probe return: as with a RET, from where its call has left the stack. */
static void leave_probe(struct trap_frame *frame, const struct expectation *expected, bool taken)
{
	if (expected->access == ACCESS_FETCH) {
		if (frame->rip != (uintptr_t)fault_probe_fetch_at)
			frame->rsp += 8;
		frame->rsp += 8;
	}
	frame->rip = (uintptr_t)(taken ? fault_probe_taken : fault_probe_missed);
}

/* Leaves for the catch of this CPU, which returns `value`. */
static void land(struct state *state, struct trap_frame *frame, int value)
{
	const struct fault_catch *context = state->catch;

	state->catch = context->outer;
	frame->rbx = context->rbx;
	frame->rbp = context->rbp;
	frame->r12 = context->r12;
	frame->r13 = context->r13;
	frame->r14 = context->r14;
	frame->r15 = context->r15;
	frame->rsp = context->rsp;
	frame->rip = context->rip;
	frame->rax = (uint64_t)value;
	frame->rflags &= ~(uint64_t)(FLAG_TRAP | FLAG_DIRECTION | FLAG_ALIGNMENT);
}

/* Why the run cannot go on after this fault; NULL: it can. */
static const char *what_forbids(const struct state *state, const struct trap_frame *frame)
{
	if (frame->vector == VECTOR_DF || frame->vector == VECTOR_MC)
		return "it leaves nothing to go on with";
	if (locks_held())
		return "this CPU holds a lock";
	return state->catch && !state->away ? NULL : "nobody catches it";
}

static void go_on_or_end(struct state *state, struct trap_frame *frame, const char *why_not)
{
	char reason[FAULT_SUMMARY_MAX + 64];

	if (!why_not) {
		land(state, frame, (int)frame->vector + 1);
		return;
	}
	scnprintf(reason, sizeof(reason), "%s; %s", state->summary, why_not);
	platform_abort(reason);
}

/*
 * A fault in the handler: what it read or wrote for its report is as broken as the rest. So the
 * second one looks at nothing but its registers, and a third one at nothing.
 */
static _Noreturn void take_nested(struct state *state, const struct trap_frame *frame,
				  uint64_t address)
{
	char reason[FAULT_SUMMARY_MAX];

	if (this_depth()->nr > 2)
		platform_abort("faults in the fault handler");
	fault_report_registers(frame);
	scnprintf(reason, sizeof(reason),
		  "vector %lu in the fault handler, address 0x%lx, rip 0x%lx; before it: %s",
		  frame->vector, address, frame->rip, state->summary);
	platform_abort(reason);
}

static void take_unexpected(struct state *state, struct trap_frame *frame, uint64_t address)
{
	struct expectation expected = state->expected;

	state->stats.unexpected++;
	if (this_depth()->nr > 1)
		take_nested(state, frame, address);
	fault_report(frame, address, state->summary);
	if (is_from_probe(&expected, frame))
		leave_probe(frame, &expected, false);
	else
		go_on_or_end(state, frame, what_forbids(state, frame));
}

static bool is_over_time(const struct state *state)
{
	return state->catch && time_limit && platform_ticks() - state->caught_since > time_limit;
}

static void take_nmi(struct state *state, struct trap_frame *frame)
{
	bool recalled;

	state->stats.nmi++;
	if (this_depth()->nr == 1)
		fault_report(frame, 0, state->summary);
	recalled = is_recalled && is_recalled();
	if (this_depth()->nr == 1 && (recalled || is_over_time(state)))
		go_on_or_end(state, frame, what_forbids(state, frame));
}

void fault_handle(struct trap_frame *frame, uint64_t address)
{
	struct state *state = this_state();
	struct expectation *expected = &state->expected;

	this_depth()->nr++;
	if (frame->vector == VECTOR_NMI) {
		take_nmi(state, frame);
	} else if (this_depth()->nr == 1 && is_from_probe(expected, frame) &&
		   is_as_expected(expected, frame, address)) {
		state->stats.expected++;
		leave_probe(frame, expected, true);
	} else {
		take_unexpected(state, frame, address);
	}
	this_depth()->nr--;
}

static bool expect_fault(uintptr_t address, enum access access, bool (*probe)(uintptr_t address))
{
	struct state *state = this_state();
	bool taken;

	state->expected = (struct expectation){.access = access, .address = address};
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	taken = probe(address);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return taken;
}

bool fault_expect_read(uintptr_t address)
{
	return expect_fault(address, ACCESS_READ, fault_probe_read);
}

bool fault_expect_write(uintptr_t address)
{
	return expect_fault(address, ACCESS_WRITE, fault_probe_write);
}

bool fault_expect_fetch(uintptr_t address)
{
	return expect_fault(address, ACCESS_FETCH, fault_probe_fetch);
}

int fault_catch_arm(struct fault_catch *context)
{
	struct state *state = this_state();

	context->outer = state->catch;
	state->catch = context;
	state->caught_since = platform_ticks();
	return 0;
}

void fault_catch_end(void)
{
	struct state *state = this_state();

	ASSERT(state->catch, "CPU %u", platform_cpu());
	state->catch = state->catch->outer;
}

void fault_catch_away(bool away)
{
	this_state()->away = away;
}

void fault_set_time_limit(uint64_t ticks)
{
	time_limit = ticks;
}

void fault_set_recall(bool (*function)(void))
{
	is_recalled = function;
}

void fault_catch_leave(int value)
{
	struct state *state = this_state();
	const struct fault_catch *context = state->catch;

	ASSERT(context, "value %d, and nobody catches", value);
	state->catch = context->outer;
	fault_catch_resume(context, value);
}

const char *fault_last_summary(void)
{
	return this_state()->summary;
}

void fault_get_stats(struct fault_stats *stats)
{
	*stats = (struct fault_stats){0};
	for (unsigned int cpu = 0; cpu < PLATFORM_CPUS_MAX; cpu++) {
		stats->expected += states[cpu].stats.expected;
		stats->unexpected += states[cpu].stats.unexpected;
		stats->nmi += states[cpu].stats.nmi;
	}
}
