/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* The words of proofs: CBMC's, by names of our own. ANY(type): every value that it has. */
#define ASSUME(condition) __CPROVER_assume(condition)
#define PROVE(condition) __CPROVER_assert(condition, #condition)
#define ANY(type)                                                                                  \
	({                                                                                         \
		type any_value;                                                                    \
		any_value;                                                                         \
	})
/* Proved, then taken as given: a step that the solver would not find on its way. */
#define STEP(condition)                                                                            \
	do {                                                                                       \
		PROVE(condition);                                                                  \
		ASSUME(condition);                                                                 \
	} while (0)
#define IMPLIES(condition, consequence) (!(condition) || (consequence))

void __CPROVER_assume(_Bool condition);
void __CPROVER_assert(_Bool condition, const char *text);
