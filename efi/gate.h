/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * The gate between the firmware's world and ours.
 *
 * Each side has a stack of its own, and crossing is a switch between two coroutines: gate_run()
 * closes the gate and goes on inside; what runs inside crosses back to let the firmware do
 * something (gate_relax()), because it has come to its end, or because it cannot go on
 * (gate_abort()). So the firmware is always called on its own stack, with all of its registers in
 * place.
 *
 *	closing: IF off; own GDT, TSS, IDT; PGE off, WP, NXE, MCE on; PAT; CR3 and stack (with
 *	         another number of levels: gate_levels.h); PGE, SMEP, SMAP, UMIP on
 *	opening: the mirror
 *
 * What the firmware had is saved anew at each closing. Both worlds see the image at one address, so
 * this code and its data are there on both sides.
 *
 * Every CPU has a gate of its own, and goes through it by itself. Only the first one's can be
 * opened in between, since only there may the firmware be called. The others go inside while the
 * first one is, or has left by gate_relax() or gate_outside().
 */

struct gate_request {
	void (*run)(void *argument); /* inside, on the stack below */
	void *argument;
	uintptr_t stack_top;	  /* as our tables map it; a multiple of 16 */
	uint64_t *stack_top_now;  /* the same place as the firmware's tables map it */
	uint64_t root;		  /* for CR3; below 4 GiB */
	uint64_t bridge;	  /* a root as gate_levels.h wants it; 0: no change of levels */
	uintptr_t page_offset;	  /* what page_offset_base is inside */
	void (*while_open)(void); /* called on the firmware's side at every gate_relax() */
};

/* NULL, or why this processor in its present state cannot go through. Gate open. */
const char *gate_refuses(void);

/* Goes inside and comes back when `run` has returned (true) or gate_abort() was called (false). */
bool gate_run(const struct gate_request *request);

/* Of this CPU: the firmware cannot be called, in the midst of a crossing neither. */
bool gate_is_closed(void);
/* Of any: our tables are in CR3. */
bool gate_is_closed_of(unsigned int cpu);
/*
 * Before an NMI is sent to `cpu`: true when that CPU is inside, and then it stays there until the
 * NMI has come, which kills a CPU in the firmware's world. Its handler calls gate_signal_came().
 */
bool gate_hold_for_signal(unsigned int cpu);
void gate_signal_came(void);
/* `cpu` is lost: counts as outside. */
void gate_forget(unsigned int cpu);
/* Inside, no lock held, on the first CPU: opens the gate, has `while_open` called, closes it. */
void gate_relax(void);
/* The same with `call` instead, which must not use anything of the inside's stack. */
void gate_outside(void (*call)(void));
/* While it is closed, anywhere, exception handlers too, and those of the crossing itself: opens the
 * gate for good. */
_Noreturn void gate_abort(void);
/* How often the gate of this CPU has been closed. */
uint64_t gate_crossings(void);
