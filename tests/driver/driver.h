/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/format.h"
#include "lib/random.h"
#include "test.h"
#include "vmalloc.h"

/*
 * The random driver: mixed calls of every public function of mm/ against a plain model.
 *
 * A run is a row of rounds. A round begins and ends with nothing held and everything quiesced, so
 * that each can be had alone. A step is one call, and a record of STEP_BYTES bytes: which function,
 * and what it draws. In a random run the records come from the seed, the number of the round and
 * that of the step; a fuzzer and the cases that are kept bring their own. So any subset of a
 * round's steps is a run of its own, and a round that fails is shrunk by leaving steps out.
 *
 * Each CPU has a driver, a model of its own. Where several run at the same time they share nothing
 * but what they hand over to each other (calls_share.c), and what only holds for one CPU alone
 * (counts of the whole machine, failures to inject, settings) is neither done nor compared.
 */

enum outcome { DONE, NO_MEMORY, REFUSED, BUSY, NOTHING, NR_OUTCOMES };
#define MAY(outcome) (1u << (outcome))
/* Beside them: a call that is only made where one CPU runs alone; one of several CPUs. */
#define ALONE (1u << 8)
#define TOGETHER (1u << 9)

/* One function of the contract. */
struct call {
	const char *name;
	void (*step)(void);
	unsigned int outcomes; /* those that its contract has: MAY() */
};

/* The tables, each in a file of its own. */
struct call_table {
	const struct call *calls;
	size_t nr;
};
extern const struct call_table vmalloc_table, free_table, map_table, range_table, device_table,
	percpu_table, frame_table, put_table, slab_table, kmalloc_table, protect_table, space_table,
	handler_table, share_table, ask_table, setting_table;
#define CALL_TABLE(name, array)                                                                    \
	const struct call_table name = {array, sizeof(array) / sizeof((array)[0])}
#define CALLS_NAMED(function, outcomes)                                                            \
	{                                                                                          \
#function, step_##function, outcomes                                               \
	}

/* What is held, in slots. */
enum kind {
	FREE_SLOT,
	VMALLOC,  /* vmalloc's: frames of its own */
	VMAPPED,  /* frames of the pool */
	RAM,	  /* vm_map_ram()'s, of the pool */
	DEVICE,	  /* no memory behind it */
	RESERVED, /* address space alone, or a sparse area; parts are mapped */
	DMA,
	CONGRUENT, /* one of pcpu_get_vm_areas()'s, all of which have the same cookie */
	PERCPU,
	FRAMES, /* a block or run of frames, seen through the direct map */
	OBJECT, /* of a cache */
	KMALLOC,
	CACHE,
	NR_KINDS
};

enum { NR_SLOTS = 224, NO_ORDER = 99, POOL = 80, POOL_RUN = 16, PARTS = 24, PROTECTED = 64 };
enum { GONE_MAX = 32 };

struct held {
	enum kind kind;
	uintptr_t start; /* first byte */
	size_t bytes, nr_pages;
	uint64_t seed; /* of the pattern in it */
	unsigned long flags;
	unsigned int guard;	   /* pages in front, and behind unless VM_NO_GUARD */
	bool read_only;		   /* all of it, from the start */
	uint64_t ro, exec, absent; /* of the first PROTECTED pages: a bit for each that became so */
	unsigned int order;	   /* FRAMES: NO_ORDER or that of a block */
	unsigned int more;	   /* FRAMES: references beyond the first */
	uint64_t parts;		   /* RESERVED: a bit for each page that is mapped */
	unsigned int first;	   /* VMAPPED, RAM: the frame of the pool behind page 0 */
	uint8_t behind[PARTS];	   /* RESERVED: the frame of the pool behind each part */
	phys_addr_t phys;
	void *cookie; /* what the call to free it wants */
};

/* Of the lower half of the second space, from its start on: what steps map there. */
#define VIEWS_BYTES ((size_t)1 << 34)

enum { STEP_BYTES = 16, STEP_CHOICE = 2 };
struct record {
	uint8_t bytes[STEP_BYTES]; /* STEP_CHOICE that choose the function, then what it draws */
};

struct driver_state {
	struct held slots[NR_SLOTS];
	unsigned int sorted[NR_SLOTS], nr_sorted; /* slots with addresses, in their order */
	unsigned int nr_of[NR_KINDS];
	size_t frames, frames_max; /* held altogether, roughly; what may be */
	uint64_t vmalloc_pages;	   /* what vmalloc_nr_pages() has to say */
	uint64_t internal;	   /* and what mm may have for lists of its own */
	uint64_t deferred;	   /* and those given to vfree_atomic(), while it may count them */
	unsigned int guard;	   /* pages, of areas that are made now */
	struct page *pool[POOL];   /* the first POOL_RUN follow each other */
	struct page *list[POOL];   /* for a step to use */
	struct space space;	   /* a second one */
	bool has_space;
	struct space other_space; /* a third one, for a step */
	uint64_t round, step;
	uint64_t *owned;      /* a bit for each frame that a slot owns, while all are looked at */
	struct record record; /* of this step, and how many of its bytes were drawn */
	unsigned int drawn;
	uint64_t touched[(NR_SLOTS + 63) / 64]; /* a bit for each slot that the step dealt with */
	struct gone {
		uintptr_t start, end;
	} gone[GONE_MAX]; /* what it took out of the model */
	unsigned int nr_gone;
	uint64_t deferred_before;
	struct random dice; /* for what it draws beyond these */
	size_t running;	    /* the number of the call */
	bool together, hushed;
	unsigned int lines; /* that mm logged on this CPU during this step */
	char last_line[160];
};
extern struct driver_state *drivers[PLATFORM_CPUS_MAX];
#define driver (*drivers[platform_cpu()])
extern bool driver_prints; /* every call */

/* Random numbers of the running step. */
uint64_t pick(uint64_t bound);
uint64_t pick_seed(void);
static inline bool one_in(uint64_t n)
{
	return pick(n) == 0;
}
/* The outcome that the step aims at: DONE mostly. `outcomes`: what it may be. */
enum outcome pick_outcome(unsigned int outcomes);

/* Says what is called, before it is; and what came of it. The counts are of this call. */
void saying(const char *format, ...) __attribute__((format(printf, 1, 2)));
void came(enum outcome outcome);
/* Between the two, lines of mm are counted and swallowed. Returns how many there were. */
void hush(void);
unsigned int unhush(void);
/* Has to hold, or the round ends as failed. */
#define holds(condition) driver_holds((condition), #condition, __FILE__, __LINE__)
#define same(actual, expected)                                                                     \
	driver_same((uint64_t)(actual), (uint64_t)(expected), #actual, #expected, __FILE__,        \
		    __LINE__)
void driver_holds(bool condition, const char *text, const char *file, int line);
void driver_same(uint64_t actual, uint64_t expected, const char *text, const char *other,
		 const char *file, int line);

/* For a call that is to find no memory: its nth internal allocation fails. starved(): whether that
 * took place. */
void starve(uint64_t nth);
bool starved(void);
/* Around a call: hushed, and starved where that is the aim, SOMEWHERE among its first allocations
 * or at the nth. call_end(): how many lines there were. */
enum { SOMEWHERE = 0 };
void call_begin(enum outcome aim, uint64_t nth);
unsigned int call_end(void);

/* The model. A free slot, or NULL; one of `kind` at random, or NULL. */
struct held *slot_free(void);
/* A free slot and room for so many frames, by releasing what is held. */
struct held *slot_for(size_t frames);
struct held *slot_of_kind(enum kind kind);
unsigned int slot_number(const struct held *held);
/* Takes a range into the model: it must not overlap another one, and an area's guards neither. */
void model_add(struct held *slot, const struct held *what);
void model_remove(struct held *slot);
/* Another size for it, at the same or another place. */
void model_move(struct held *slot, uintptr_t start, size_t bytes, size_t nr_pages);
/* What lies at an address: NULL or the slot. */
struct held *model_find(uintptr_t address);
/* An address of the vmalloc region that is no start of anything held. */
uintptr_t model_wrong_address(void);
/* Whether no area starts there any more; of several CPUs another may have one there again. */
bool model_is_gone(const void *start);
bool is_area(enum kind kind);
uintptr_t held_end(const struct held *slot);

/* The second opinion (second.c): notes what the step deals with; looks at all of it. */
void second_touch(const struct held *slot);
void second_gone(const struct held *slot);
void second_begin(void);
void second_check(void);

/* Contents: at the edges of each page, and in small ones throughout. */
enum { CONTENTS_EDGE = 64 };
void contents_fill(struct held *slot);
void contents_verify(const struct held *slot);
/* Only what lies in the first `limit` bytes. */
void contents_verify_below(const struct held *slot, size_t limit);
/* Of a pool's frame, wherever it is seen. */
void contents_verify_pool(uintptr_t at, const struct page *page);

/* Permissions (protection.c): whether some differ from those at the start; all as they were then;
 * what the model says of page `page`, tried out. */
bool is_protected(const struct held *slot);
bool is_absent(const struct held *slot, size_t page);
void protection_undo(struct held *slot);
void protection_check(const struct held *slot, size_t page);
/* Where in a page the code stands that is called. */
uintptr_t protection_code(const struct held *slot, size_t page);

/* Everything about one slot; about all (model_check.c). */
void model_check(const struct held *slot);
void model_check_all(void);
size_t owned_pages(void); /* that the bits of it take */
/* The counts that mm keeps. */
void check_totals(void);
/* The pages next to an area that was just made fault. */
void check_guards(const struct held *slot);

/* Frees a slot as its owner would, whatever it is (the end of a round). */
void release(struct held *slot);
void release_areas(struct held *slot);	/* calls_map.c */
void release_memory(struct held *slot); /* calls_slab.c */
void release_device(struct held *slot); /* calls_device.c */
void release_percpu(struct held *slot); /* calls_percpu.c */
void release_frames(struct held *slot); /* calls_put.c */
void release_shared(void);		/* calls_share.c */

/* An object, or an area where kvmalloc() took one, into the model (calls_slab.c). */
void take_in_object(enum kind kind, void *p, size_t bytes, bool zero, void *cookie);

/* Before the first call from a handler (calls_handler.c). */
void handler_prepare(void);

/* As if no step had changed them: guard, cache, quarantine (calls_setting.c). */
void settings_reset(void);

/* Drivers for CPUs 0 to `nr` - 1, until the test ends; all counts zero. */
void drivers_prepare(unsigned int nr);
/* Rounds (round.c). Of one CPU: */
const struct call *call_number(size_t number);
size_t nr_calls(void);
void round_begin(uint64_t round);
void round_step(uint64_t number, const struct record *record);
void round_end(void);
/* A round of this CPU alone, which must leave nothing. `record` gives the steps. */
void round_play(uint64_t round, uint64_t steps, void (*record)(uint64_t step, struct record *to));
/* Everything is as it was then, once all is quiet. Only where one CPU runs. */
void round_check_nothing_left(const struct mm_usage *before);
/* The same as a step is kept (kept.c): what it draws, by two hexadecimal digits a byte, and its
 * function by name. A row of them is a round; kept_case() makes the drivers for it, too. */
struct kept_step {
	const char *draws, *name;
};
void kept_play(const struct kept_step *steps, size_t nr);
void kept_case(const struct kept_step *steps, size_t nr);
/* One of them; or a whole record in `draws`, and "" in `name`. False: it is no step. */
bool kept_record(const struct kept_step *step, struct record *to);
/* The number that an option of the running test's own has. */
uint64_t driver_option(const char *name, uint64_t otherwise);
/* The record of a step of a random run (run.c); what was counted. */
void random_record(uint64_t seed, uint64_t round, uint64_t step, struct record *to);
void counts_print(void);
extern const char *const outcome_names[NR_OUTCOMES];
extern uint64_t round_counts[][NR_OUTCOMES];
enum { ROUND_STEPS = 4096 };
