/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/format.h"
#include "test.h"
#include "vmalloc.h"

/*
 * The random driver: mixed calls of every public function of mm/ against a plain model.
 *
 * A run is a row of rounds. A round begins and ends with nothing held and everything quiesced, so
 * that each can be had alone. A step is one call; all that it draws comes from the seed, the number
 * of its round and its own number. So any subset of a round's steps is a run of its own, and a
 * round that fails is shrunk by leaving steps out (random.py).
 */

enum outcome { DONE, NO_MEMORY, REFUSED, BUSY, NOTHING, NR_OUTCOMES };
#define MAY(outcome) (1u << (outcome))

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
extern const struct call_table vmalloc_table, free_table, map_table, special_table, frame_table,
	slab_table, kmalloc_table, ask_table;
#define CALL_TABLE(name, array)                                                                    \
	const struct call_table name = {array, sizeof(array) / sizeof((array)[0])}

/* What is held, in slots. */
enum kind {
	FREE_SLOT,
	VMALLOC,  /* vmalloc's: frames of its own */
	VMAPPED,  /* frames of the pool */
	RAM,	  /* vm_map_ram()'s, of the pool */
	DEVICE,	  /* no memory behind it */
	RESERVED, /* address space alone, or a sparse area */
	DMA,
	PERCPU,
	FRAMES,	   /* a block or run of frames, seen through the direct map */
	OBJECT,	   /* of a cache */
	KMALLOC,
	CACHE,
	NR_KINDS
};

struct held {
	enum kind kind;
	uintptr_t start; /* first byte */
	size_t bytes, nr_pages;
	uint64_t seed; /* of the pattern in it */
	unsigned long flags;
	bool read_only;
	unsigned int order; /* FRAMES: NO_ORDER or that of a block */
	unsigned int more;  /* FRAMES: references beyond the first */
	uint64_t parts;	    /* RESERVED: a bit for each page that is mapped */
	unsigned int first; /* VMAPPED, RAM, RESERVED: the frame of the pool behind page 0 */
	phys_addr_t phys;
	void *cookie; /* what the call to free it wants */
};
enum { NR_SLOTS = 224, NO_ORDER = 99, POOL = 80, PARTS = 24 };

struct driver {
	struct held slots[NR_SLOTS];
	unsigned int sorted[NR_SLOTS], nr_sorted; /* slots with addresses, in their order */
	unsigned int nr_of[NR_KINDS];
	size_t frames, frames_max; /* held altogether, roughly; what may be */
	uint64_t vmalloc_pages;	   /* what vmalloc_nr_pages() has to say */
	uint64_t internal;	   /* and what mm may have for lists of its own */
	uint64_t deferred;	   /* and those given to vfree_atomic(), while it may count them */
	struct page *pool[POOL];
	uint64_t round, step;
	bool print;
	unsigned int lines; /* that mm logged during this step */
	char last_line[160];
};
extern struct driver driver;

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

/* For a call that is to find no memory: one of its first internal allocations fails. */
void starve(void);
void starve_at(uint64_t nth);
bool starved(void);

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
bool is_area(enum kind kind);

/* Contents: at the edges of each page, and in small ones throughout. */
void contents_fill(struct held *slot);
void contents_verify(const struct held *slot);
/* Only what lies in the first `limit` bytes. */
void contents_verify_below(const struct held *slot, size_t limit);
/* Everything about one slot; about all. */
void model_check(const struct held *slot);
void model_check_all(void);
/* The counts that mm keeps. */
void check_totals(void);

/* Frees a slot as its owner would, whatever it is (the end of a round). */
void release(struct held *slot);
void release_areas(struct held *slot);	 /* calls_map.c */
void release_memory(struct held *slot);	 /* calls_slab.c */
void release_special(struct held *slot); /* calls_special.c */

/* As if no step had changed them: guard, cache, quarantine (calls_ask.c). */
void settings_reset(void);

/* Runs a step, a round; in run.c. */
const struct call *call_number(size_t number);
size_t nr_calls(void);
