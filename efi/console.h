/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>

/*
 * The log: platform_log() of the machine. Every line goes at once to a port for machines (serial.h)
 * and into a ring; from there to the firmware's console for people, whenever the gate is open.
 */

/* Before this, lines are only kept. Gate open. */
void console_init(bool under_hypervisor);

/* From here on lines say no address (quiet.h). */
void console_hide_addresses(void);

/* A formatted line that is no test result: "# " goes before it. */
void log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Shows on the screen what waits in the ring. Gate open. */
void console_flush(void);
/* Whether enough waits for the screen that the gate should open soon. */
bool console_is_filling(void);
