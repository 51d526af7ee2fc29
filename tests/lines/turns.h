/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>

/*
 * CPUs that run one at a time, each for some accesses and then the next one, by a fixed stream of
 * random numbers: the same program gives the same run each time, so what is counted repeats to the
 * last digit. Whoever waits (platform_pause()) passes its turn on.
 */

/* Counts down to the end of this CPU's turn; called before each access. */
void turns_access(void);
/* Whether no other CPU does anything at this moment: it is this one's turn, or it is alone. */
bool turns_alone(void);
