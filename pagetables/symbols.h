/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdint.h>

/*
 * The image's functions by address. symbols.awk makes the table from the list of a first link; it
 * stands behind the code (.rodata.symbols), so that the second link moves no function. Without a
 * first link, and on the host, it is empty.
 */
struct symbol {
	uint32_t offset; /* from ImageBase */
	uint32_t name;	 /* in symbol_names */
};

#pragma GCC visibility push(hidden)
extern const struct symbol symbols[]; /* ascending */
extern const uint32_t nr_symbols;
extern const char symbol_names[];
extern const int32_t symbols_to_image; /* ImageBase, seen from here; 0: there is none */
#pragma GCC visibility pop
