/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include "mm.h"

/*
 * What a test left behind. The counts move on with each test, so that a leak is charged to one test
 * alone.
 */

/* Before the first test: quiesces and counts. */
void leaks_start(void);
/* After a test: quiesces, walks every structure, compares the counts; each difference is a failure
 * of the test. False: a structure does not check, so nothing more can be run. */
bool leaks_check(void);
