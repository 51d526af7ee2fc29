/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * CPUs that do not answer. One that another CPU waits for in vain, be it for a flush or for the end
 * of its work, is called back: an NMI, whose handler says where it was and ends what runs there.
 * One that does not answer that either is lost: nobody waits for it any more, and the firmware
 * resets it when the gate opens next. The run goes on, unless a lock was lost with it.
 */

/* While the tables are built: maps the local APIC, as an early area. 0, or -ENOMEM. Gate open. */
int crew_watch_map(void);
/* Inside, mm started: from here on CPUs can be called back. `limit`: seconds that a test may take;
 * 0: not said. */
void crew_watch_begin(uint64_t limit);

/* How many ticks the first CPU waits for the others to be through with their work. */
uint64_t crew_patience(void);
/* Names `cpu` and calls it back. Any CPU. */
void crew_recall(unsigned int cpu, const char *why);
/* Nobody waits for `cpu` any more. Any CPU; ends the run where it held a lock. */
void crew_lose(unsigned int cpu);

/* The run is being ended: the others leave from wherever they are, without looking back. */
void crew_scatter(void);
/* On any CPU, in every turn of a wait: does so. */
void crew_scatter_self(void);
