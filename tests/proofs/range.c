/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables.h"
#include "proof.h"

/*
 * What map and unmap take for a range, for every address and size: whole pages that do not wrap
 * around, in one half of the canonical addresses, of 4 and of 5 levels. And that entries_until()
 * stays in its table and in the range. Bound: none, all 64 bits.
 */
int main(void)
{
	struct space space = {.levels = ANY(uint8_t) & 1 ? 5 : 4};
	uintptr_t virt = ANY(uintptr_t), last;
	unsigned int level = 1 + (ANY(uint8_t) & 3), nr;
	size_t size = ANY(size_t);

	if (!range_is_valid(&space, virt, size))
		return 0;
	last = virt + size - 1;
	PROVE(size > 0 && last >= virt);
	PROVE(!((virt | size) & 4095));
	PROVE(address_is_canonical(virt, space.levels) && address_is_canonical(last, space.levels));
	PROVE(virt >> 63 == last >> 63);
	PROVE(virt < virt + size);
	nr = entries_until(virt, virt + size, level);
	PROVE(nr <= 512 - ((virt >> (12 + 9 * (level - 1))) & 511));
	PROVE(nr * level_size(level) <= size);
	return 0;
}
