/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "space.h"

/*
 * Live tables as ranges, one line each: neighbours with equal leaf size, permissions and memory
 *type whose frames are consecutive are one range. Line format, stable (tools read it):
 *
 *	dump: START-END PHYS LEAFSIZE PROT TYPE REGION
 *
 * START and END hexadecimal without 0x (END exclusive), PHYS of START, LEAFSIZE 4K 2M 1G, PROT as
 * r-- rw- r-x (with u for user), TYPE WB WT WC UC- UC, REGION a name (space_region_name()). Then
 * totals: the space's own tables by level (kernel_space's include the shared ones), and bytes.
 * `line` gets lines without "# ".
 */
void dump_space(struct space *space, void (*line)(void *context, const char *text), void *context);
