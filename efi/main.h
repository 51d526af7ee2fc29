/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/*
 * Ends the application after something that cannot go on, from wherever it is called, gate open: as
 * much as can be is given back, reported, and the run ends as crashed.
 */
_Noreturn void run_crashed(void);
