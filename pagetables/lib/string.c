/* SPDX-License-Identifier: BSD-2-Clause */
#include "string.h"
#include <stdint.h>

/*
 * The string instructions do the work: on every CPU of the last decade they are as fast as a loop,
 * and no compiler takes them for a memcpy() to call. The empty asm in the loops is there for the
 * same reason: gcc would replace the body of strlen() by a call of strlen().
 *
 * A suite compiles this file a second time under other names (STRING_NAME).
 */
#ifndef STRING_NAME
#define STRING_NAME(name) name
#endif

#define KEEP_LOOP() __asm__ volatile("")

void *STRING_NAME(memcpy)(void *to, const void *from, size_t size)
{
	void *start = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
	return start;
}

void *STRING_NAME(memmove)(void *to, const void *from, size_t size)
{
	char *last_to = (char *)to + size - 1;
	const char *last_from = (const char *)from + size - 1;

	if ((uintptr_t)to - (uintptr_t)from >= size)
		return STRING_NAME(memcpy)(to, from, size);
	__asm__ volatile("std; rep movsb; cld"
			 : "+D"(last_to), "+S"(last_from), "+c"(size)
			 :
			 : "memory", "cc");
	return to;
}

/* Eight bytes at a time: without "fast short REP" a page is 512 steps that way and 4,096 by bytes.
 */
void *STRING_NAME(memset)(void *to, int byte, size_t size)
{
	void *at = to;
	uint64_t pattern = (uint8_t)byte * UINT64_C(0x0101010101010101);
	size_t words = size / 8, rest = size % 8;

	__asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(pattern) : "memory");
	__asm__ volatile("rep stosb" : "+D"(at), "+c"(rest) : "a"(pattern) : "memory");
	return to;
}

int STRING_NAME(memcmp)(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;

	for (; size; size--, x++, y++) {
		KEEP_LOOP();
		if (*x != *y)
			return *x < *y ? -1 : 1;
	}
	return 0;
}

size_t STRING_NAME(strlen)(const char *s)
{
	size_t length = 0;

	for (; s[length]; length++)
		KEEP_LOOP();
	return length;
}

int STRING_NAME(strncmp)(const char *a, const char *b, size_t size)
{
	for (; size; size--, a++, b++) {
		KEEP_LOOP();
		if (*a != *b)
			return (uint8_t)*a < (uint8_t)*b ? -1 : 1;
		if (!*a)
			break;
	}
	return 0;
}

int STRING_NAME(strcmp)(const char *a, const char *b)
{
	return STRING_NAME(strncmp)(a, b, SIZE_MAX);
}
