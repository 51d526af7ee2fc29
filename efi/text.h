/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/*
 * Text that people and firmware write: UTF-8 or UTF-16 of either byte order, with or without a
 * byte-order mark. Plain C without state.
 */

/*
 * Makes UTF-8 of `size` bytes, up to the first NUL character, into `out` of `out_size` bytes, NUL
 * at the end; what does not fit is left out, what is not well-formed UTF-16 becomes U+FFFD. UTF-8
 * is passed on as it is. Three bytes of room for each two are always enough. Returns the length.
 */
size_t text_decode(const void *bytes, size_t size, char *out, size_t out_size);

/* Whether all of it can be read: no control characters but white space. */
bool text_is_readable(const char *text, size_t length);
