/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include "select.h"
#include "test.h"

/*
 * Which of the registered tests a run has, and in which order. The registered ones lie in one array
 * in the image, which is put in order in place. All of it goes by runner_options.
 */

enum { PLAN_NAME_MAX = SELECT_NAME_MAX + 1 };

/* "module.name" */
const char *plan_name(char name[PLAN_NAME_MAX], const struct test *test);

/* Puts the tests of round `round` (from 0) in order: by module and as written, or shuffled by the
 * seed, each round in another way. */
void plan_order(uint64_t round);
/* Whether every word of the selection names a test; each that does not is logged, with the name
 * that is nearest. */
bool plan_words_name_tests(void);
/* All that are registered. */
const struct test *plan_tests(void);
unsigned int plan_registered(void);
/* How many a round has, and how many of them stand behind `test` (NULL: all). */
unsigned int plan_selected(void);
unsigned int plan_selected_behind(const struct test *test);
/* The selected test behind `test` (NULL: the first of all); NULL: there is no more. */
struct test *plan_next(const struct test *test);
/* The test called runner_options.after; NULL: none is asked for, or, with a line, there is none. */
const struct test *plan_after(void);
