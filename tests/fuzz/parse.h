/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * One parser after the other, fed with bytes that nobody vouches for. Each reads all of its input
 * in some way, never fails for it, and aborts where a promise of the parser's header is broken. The
 * same functions stand behind libFuzzer and behind the replay of the corpus.
 */
void parse_options(const uint8_t *bytes, size_t size);
void parse_acpi(const uint8_t *bytes, size_t size);
void parse_memory_map(const uint8_t *bytes, size_t size);

/* What must hold, whatever the input. */
#define MUST(condition) ((condition) ? (void)0 : parse_broken(#condition, __FILE__, __LINE__))
_Noreturn void parse_broken(const char *condition, const char *file, int line);
