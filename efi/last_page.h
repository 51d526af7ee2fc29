/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "finish.h"
#include "options.h"

/*
 * The last page of a run, for a person in front of the screen: how it went, at a glance; which
 * tests failed, and why; where the results are; what to do next. Gate open, once the closing line
 * is in the log.
 */
void last_page(enum outcome outcome, const struct options *options);
