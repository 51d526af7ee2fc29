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
#define IMPLIES(condition, consequence) (!(condition) || (consequence))

void __CPROVER_assume(_Bool condition);
void __CPROVER_assert(_Bool condition, const char *text);
