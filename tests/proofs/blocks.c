/* SPDX-License-Identifier: BSD-2-Clause */
#include "buddy.c"
#include "proof.h"

/*
 * Into which blocks a run of frames is cut, for every frame number and length: each begins aligned
 * to its size, lies in the run, and is the largest of that kind. Bound: frame numbers of 32 bits,
 * as everywhere.
 */
int main(void)
{
	uint64_t pfn = ANY(uint32_t), nr = ANY(uint32_t), size;
	unsigned int order;

	ASSUME(nr > 0);
	order = largest_order(pfn, nr);
	size = (uint64_t)1 << order;
	PROVE(order <= MAX_PAGE_ORDER);
	PROVE(size <= nr);
	PROVE(!(pfn & (size - 1)));
	PROVE(order == MAX_PAGE_ORDER || 2 * size > nr || (pfn & (2 * size - 1)));
	return 0;
}
