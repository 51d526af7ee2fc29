/* SPDX-License-Identifier: BSD-2-Clause */
#include "symbols.h"
#include "fault.h"
#include "lib/format.h"

/* The last symbol at or below `offset`; NULL: none. */
static const struct symbol *find(uint64_t offset)
{
	uint32_t low = 0, high = nr_symbols;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (symbols[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &symbols[low - 1] : NULL;
}

void symbol_format(uintptr_t address, char *buffer, size_t size)
{
	uintptr_t base = (uintptr_t)&symbols_to_image + (uintptr_t)(intptr_t)symbols_to_image;
	const struct symbol *symbol = address >= base ? find(address - base) : NULL;

	/* The last symbol is the end of the code. */
	if (!symbol || symbol == &symbols[nr_symbols - 1])
		scnprintf(buffer, size, "0x%lx", address);
	else
		scnprintf(buffer, size, "%s+0x%lx/0x%x", &symbol_names[symbol->name],
			  address - base - symbol->offset, symbol[1].offset - symbol->offset);
}
