/* SPDX-License-Identifier: BSD-2-Clause */

/* Under names of its own, over a table of its own: that of the run is not the same everywhere. */
#define symbols our_symbols
#define nr_symbols our_nr_symbols
#define symbol_names our_symbol_names
#define symbols_to_image our_symbols_to_image
#define symbol_format our_symbol_format
#include "symbols.c"
#undef symbols

#include <stddef.h>
#include "test.h"

/* Two functions of 0x20 bytes, from 0x10 on; addresses count from where `symbols_to_image` lies. */
const struct symbol our_symbols[] = {
	{.offset = 0x10, .name = 0}, {.offset = 0x30, .name = 4}, {.offset = 0x50, .name = 8}};
const uint32_t nr_symbols = 3;
const char symbol_names[] = "one\0two\0end";
const int32_t symbols_to_image = 0;

static void expect_symbol(intptr_t offset, const char *expected)
{
	uintptr_t address = (uintptr_t)&symbols_to_image + (uintptr_t)offset;
	char words[40], number[40];

	our_symbol_format(address, words, sizeof(words));
	scnprintf(number, sizeof(number), "0x%lx", address);
	expect_string(words, expected ? expected : number);
}

TEST(symbols, format,
     "an address is told by the function that it lies in, and how far; else as it is")
{
	expect_symbol(0x10, "one+0x0/0x20");
	expect_symbol(0x2f, "one+0x1f/0x20");
	expect_symbol(0x30, "two+0x0/0x20");
	expect_symbol(0x4f, "two+0x1f/0x20");
	expect_symbol(0x50, NULL);
	expect_symbol(0x5000, NULL);
	expect_symbol(0xf, NULL);
	expect_symbol(0, NULL);
	expect_symbol(-1, NULL);
}
