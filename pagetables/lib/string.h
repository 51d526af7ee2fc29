/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>

/*
 * The memory and string functions that compilers call by themselves or that everybody needs, with
 * the meaning of the C standard. On the host, libc's serve; ours are tested there under other
 * names.
 */
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);
