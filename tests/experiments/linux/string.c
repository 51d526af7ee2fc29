/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/string.h>

/* On the host libc has some of these, with the same meaning. */

ssize_t strscpy(char *to, const char *from, size_t size)
{
	size_t length = strnlen(from, size);

	if (!size)
		return -E2BIG;
	if (length == size)
		length--;
	memcpy(to, from, length);
	to[length] = '\0';
	return from[length] ? -E2BIG : (ssize_t)length;
}

void *memchr_inv(const void *from, int byte, size_t size)
{
	const u8 *bytes = from;

	for (size_t i = 0; i < size; i++)
		if (bytes[i] != (u8)byte)
			return (void *)(uintptr_t)(bytes + i);
	return NULL;
}

void memset32(u32 *to, u32 value, size_t nr)
{
	while (nr--)
		*to++ = value;
}

void memset64(u64 *to, u64 value, size_t nr)
{
	while (nr--)
		*to++ = value;
}

#if !__STDC_HOSTED__

char *strncpy(char *to, const char *from, size_t size)
{
	size_t length = strnlen(from, size);

	memcpy(to, from, length);
	memset(to + length, 0, size - length);
	return to;
}

size_t strnlen(const char *text, size_t size)
{
	size_t length = 0;

	while (length < size && text[length])
		length++;
	return length;
}

/* The NUL counts as one of the text's. */
char *strchr(const char *text, int c)
{
	while (*text != (char)c && *text)
		text++;
	return *text == (char)c ? (char *)(uintptr_t)text : NULL;
}

char *strrchr(const char *text, int c)
{
	for (size_t i = strlen(text) + 1; i--;)
		if (text[i] == (char)c)
			return (char *)(uintptr_t)(text + i);
	return NULL;
}

char *strstr(const char *text, const char *part)
{
	size_t length = strlen(part);

	for (; strncmp(text, part, length); text++)
		if (!*text)
			return NULL;
	return (char *)(uintptr_t)text;
}

void *memchr(const void *from, int byte, size_t size)
{
	const u8 *bytes = from;

	for (size_t i = 0; i < size; i++)
		if (bytes[i] == (u8)byte)
			return (void *)(uintptr_t)(bytes + i);
	return NULL;
}

#endif
