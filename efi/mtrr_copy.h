/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdint.h>

/*
 * All MTRRs of a processor, to be the same on another one (Intel SDM vol. 3A, 12.11): one page must
 * not be of two types. Firmware that leaves the others as a reset left them has not set theirs; and
 * under QEMU's TCG they are off after every INIT, under OVMF too.
 */

enum { MTRR_FIXED = 11, MTRR_VARIABLE_MAX = 32 };

struct mtrr_copy {
	uint64_t type, fixed[MTRR_FIXED], variable[2 * MTRR_VARIABLE_MAX];
};

/* Of this processor. What it does not have is 0. */
void mtrr_copy_read(struct mtrr_copy *copy);
/* Gives this processor those. Interrupts off; no page of ours is being changed. */
void mtrr_copy_write(const struct mtrr_copy *copy);
