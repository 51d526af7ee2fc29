/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "options.h"

/*
 * The firmware's console, for people: lines of the log as far as `verbosity` has them, a status
 *line below, and pages of our own. Works by carriage returns and colours alone, so over a serial
 *console too. Gate open.
 *
 *	quiet    failed tests with their notes, and the end
 *	normal   a line a test, the notes of failed ones; of the header what a person wants to know
 *	details  every line of the log
 */

enum screen_colour {
	SCREEN_PLAIN,
	SCREEN_GOOD,
	SCREEN_BAD,
	SCREEN_WARNING,
	SCREEN_BRIGHT,
	SCREEN_BAR
};

void screen_set_verbosity(enum verbosity verbosity);
enum verbosity screen_verbosity(void);
/* What follows are the closing lines: all are shown. */
void screen_end_of_tests(void);

/* A line of the log, as the log has it. */
void screen_line(const char *line, size_t length);
/* The line below all others, until the next call; NULL: none. Cut to the screen's width. */
void screen_status(const char *text);
/* Whether it is there: a line printed since has taken its place. */
bool screen_has_status(void);

/* The firmware's text mode; 80 x 25 where it does not say. */
unsigned int screen_columns(void);
unsigned int screen_rows(void);
/* Clears the screen. */
void screen_clear(void);
/* A line of a page: cut to the width. Over a status line, which is then gone. */
void screen_print(enum screen_colour colour, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
