/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "runner.h"

/*
 * What the gate opens for while tests run: lines for the screen, results for the stick. All are for
 * the inside, with no lock held, but outside_work().
 */

/* Opens the gate for it, now. */
void outside_visit(void);
/* The same where it is time: at most ten times a second, or when many lines wait. */
void outside_visit_when_due(void);
/* The test that comes next is noted on the stick before it runs. */
void outside_before_test(const char *name);
/* What the person at the keyboard wants; a wish to skip is told once. */
enum runner_wish outside_wish(void);
/* What is done then, on the firmware's side. Gate open. */
void outside_work(void);
