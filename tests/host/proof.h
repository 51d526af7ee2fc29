/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "runner.h"

/*
 * What is proved after the run, as firmware would want it: no frame keeps anything of ours, and the
 * page tables end as they began.
 */
enum { PROOF_REPORTS = 4 };

/* The tables are built, mm has not started; the gate is open. */
void proof_before(void);
/* mm has ended; the gate is still closed. */
void proof_inside(void);
/* The gate is open, mm_clear_rest() is done: reports to `result`. */
void proof_after(struct runner_result *result);
