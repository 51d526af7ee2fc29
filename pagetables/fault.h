/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "platform.h"

/*
 * Exceptions: taken, decoded, survived. fault_entry.S brings every vector here on the machine; on
 * the host the SIGSEGV handler of the simulated MMU does. Runs with interrupts off; takes no lock,
 * only tries (see lib/lock.h).
 */

/* As pushed by fault_entry.S, lowest address first (Intel SDM vol. 3A, 6.14). */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

enum {
	VECTOR_DE = 0,
	VECTOR_DB = 1,
	VECTOR_NMI = 2,
	VECTOR_BP = 3,
	VECTOR_UD = 6,
	VECTOR_DF = 8,
	VECTOR_GP = 13,
	VECTOR_PF = 14,
	VECTOR_MC = 18
};

/* Page-fault error code (Intel SDM vol. 3A, 4.7). */
enum { PF_PRESENT = 1, PF_WRITE = 2, PF_USER = 4, PF_RESERVED = 8, PF_FETCH = 16 };

/*
 * Handles one exception. Returns: `frame` says where to go on (an expected fault was taken, or the
 * fault_catch() of this CPU takes over). Does not return when nobody can go on, after a report:
 * platform_abort(). That is: nobody catches, this CPU holds a lock, the fault came in a handler, or
 * it is a double fault or a machine check. `address` is CR2 for a page fault.
 *
 * An NMI is counted and reported, and the run goes on, unless the catch is over its time limit or
 * this CPU is called back.
 */
void fault_handle(struct trap_frame *frame, uint64_t address);

/*
 * Whether this CPU is in an exception handler; and beside it what else keeps it from the short cuts
 * of those above (percpu.h), so that both are asked for by one load. Written so rarely that CPUs
 * share cache lines. One of the reasons is tlb.h's, the others are theirs.
 */
enum { DETOUR_FLUSH = 1 << 30 }; /* another CPU waits until this one has flushed */
struct fault_depth {
	union {
		struct {
			uint32_t nr;	 /* of handlers, one in the other; by that CPU alone */
			uint32_t detour; /* reasons, a bit each; changed atomically */
		};
		uint64_t any;
	};
};
extern struct fault_depth fault_depths[PLATFORM_CPUS_MAX] __attribute__((visibility("hidden")));

static inline bool fault_in_handler(void)
{
	return __atomic_load_n(&fault_depths[platform_cpu()].nr, __ATOMIC_RELAXED) > 0;
}

/* The reasons alone, of CPU `cpu`. */
static inline uint32_t fault_detour(unsigned int cpu)
{
	return __atomic_load_n(&fault_depths[cpu].detour, __ATOMIC_RELAXED);
}

/* CPU `cpu` is this one. */
static inline bool fault_or_detour(unsigned int cpu)
{
	return __atomic_load_n(&fault_depths[cpu].any, __ATOMIC_RELAXED) != 0;
}

/*
 * One load, store (of a byte, 0) or call that is meant to fault. The instruction that does it is
 * known by address; the fault counts as the expected one only when vector, address (CR2), RIP and
 * kind of access all agree (at an address that is not canonical: a general protection exception,
 * which names none). Returns true when exactly that fault was taken; false when none was, or
 * another one was (which is then reported as an unexpected fault).
 */
bool fault_expect_read(uintptr_t address);
bool fault_expect_write(uintptr_t address);
bool fault_expect_fetch(uintptr_t address);

/*
 * Catches what is not expected: returns 0 at first; when an exception comes before the matching
 * fault_catch_end(), it has been reported and fault_catch() returns a second time, with the vector
 * + 1. Used by the runner around every test. Nests: either end makes the outer one of this CPU
 * the innermost again. As with setjmp(), locals that change in between must be volatile.
 */
struct fault_catch {
	uint64_t rbx, rbp, r12, r13, r14, r15, rsp, rip;
	struct fault_catch *outer;
};
int fault_catch(struct fault_catch *catch) __attribute__((returns_twice));
void fault_catch_end(void);
/* While this CPU is `away` from the stack of its catch, in another world, nothing is caught there:
 * what is not expected ends the run. */
void fault_catch_away(bool away);
/* From here on an NMI ends what has been caught for that many ticks; 0: none does. All CPUs. */
void fault_set_time_limit(uint64_t ticks);
/*
 * Asked in the handler of every NMI: whether this CPU is called back, another one having waited for
 * it in vain; then what has been caught ends. Need not return. NULL, as at first: nobody is.
 */
void fault_set_recall(bool (*function)(void));
/* Leaves for the innermost fault_catch(), which returns `value`; for tests that give up. */
_Noreturn void fault_catch_leave(int value);

/* What the last unexpected fault was: a few words for the test's result line. */
const char *fault_last_summary(void);

struct fault_stats {
	uint64_t expected, unexpected, nmi;
};
void fault_get_stats(struct fault_stats *stats);

/*
 * Says what an address is ("17 bytes past the end of ..."), into `buffer`; returns false when it
 * does not know. Registered by mm (areas, frames), efi (firmware memory, image) and asked in turn.
 * May only try locks.
 */
typedef bool (*fault_describer_t)(uintptr_t address, char *buffer, size_t size);
void fault_add_describer(fault_describer_t describer);
/* Asks them all; always writes something. */
void fault_describe(uintptr_t address, char *buffer, size_t size);

/* The call chain as log lines: `rip`, then what the frame pointers lead to as far as that is
 * mapped. */
void fault_backtrace(uintptr_t rip, uintptr_t frame_pointer);

/* Addresses to names: the image's table of symbols. "name+0x12/0x40" or "0x..." into `buffer`. */
void symbol_format(uintptr_t address, char *buffer, size_t size);
