/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/*
 * Included before everything else where lines and branches are counted: one branch of the object
 * for one of the source. No function is copied into its callers, each copy with branches of its
 * own, and a condition is not counted once more for what the compiler is told to expect of it.
 */
#define always_inline unused
#define __builtin_expect(condition, value) (condition)
