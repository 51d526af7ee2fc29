/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values of the options of experiments and of the parameters of modules: pieces of text of `length`
 * characters, not NUL-terminated. */

/* Decimal or 0x hexadecimal; K, M, G, T behind it multiply by 1024. False, with `number` untouched,
 * when it is malformed or too large. */
bool option_parse_u64(const char *text, size_t length, uint64_t *number);
/* on, y, 1 or off, n, 0. */
bool option_parse_bool(const char *text, size_t length, bool *value);
/* Says so, and ends the experiment as failed. */
_Noreturn void option_malformed(const char *option, const char *text, size_t length);
