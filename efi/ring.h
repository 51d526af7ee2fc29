/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * Lines of text on their way from inside the gate to the screen. When there is no room for a line
 * the oldest ones make room for it, and are counted. No lock: the caller's business.
 */

enum { RING_BYTES = 1 << 16 };

struct ring {
	char bytes[RING_BYTES];
	uint32_t head, tail; /* free running; head: next to be written, tail: next to be read */
	uint64_t lost;	     /* lines that nobody has read */
};

/* Appends a line of `length` bytes, less than RING_BYTES. */
void ring_put(struct ring *ring, const char *line, size_t length);
/* Takes the oldest line, cut to `size` - 1 bytes, into `line`. Returns its length; -1: there is
 * none. */
int ring_get(struct ring *ring, char *line, size_t size);
/* Bytes that wait. */
size_t ring_pending(const struct ring *ring);
