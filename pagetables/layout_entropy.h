/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "layout.h"

/*
 * How hard a base is to guess: its min-entropy, minus log2 of the probability of its likeliest
 * place, in thousandths of a bit. Integers only.
 */

/*
 * For layout_draw(): region `which` of `nr` = 3, when its address is rounded up to a multiple of
 * `align` (a multiple of the step; the window's start is aligned to it). Exact.
 */
unsigned int layout_draw_millibits(const struct region regions[3], unsigned int which,
				   const struct window *window, uint64_t align);

/*
 * For `linux`: with `slack` bytes to share out among three regions and places a GiB apart. Off by
 * less than a thousandth of a bit from some hundred places on.
 */
void layout_linux_millibits(uint64_t slack, unsigned int millibits[3]);

/* log2(value) in units of 2^-32, value > 0. */
uint64_t log2_fixed(unsigned __int128 value);
