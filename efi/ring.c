/* SPDX-License-Identifier: BSD-2-Clause */
#include "ring.h"

size_t ring_pending(const struct ring *ring)
{
	return ring->head - ring->tail;
}

static char next_byte(struct ring *ring)
{
	return ring->bytes[ring->tail++ % RING_BYTES];
}

static void put_byte(struct ring *ring, char byte)
{
	ring->bytes[ring->head++ % RING_BYTES] = byte;
}

static void drop_oldest(struct ring *ring)
{
	while (next_byte(ring) != '\n')
		;
	ring->lost++;
}

void ring_put(struct ring *ring, const char *line, size_t length)
{
	while (RING_BYTES - ring_pending(ring) < length + 1)
		drop_oldest(ring);
	for (size_t i = 0; i < length; i++)
		put_byte(ring, line[i] == '\n' ? ' ' : line[i]);
	put_byte(ring, '\n');
}

int ring_get(struct ring *ring, char *line, size_t size)
{
	int length = 0;
	char byte;

	if (!ring_pending(ring))
		return -1;
	while ((byte = next_byte(ring)) != '\n')
		if ((size_t)length + 1 < size)
			line[length++] = byte;
	line[length] = '\0';
	return length;
}
