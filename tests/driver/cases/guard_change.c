/* SPDX-License-Identifier: BSD-2-Clause */
#include "../driver.h"

/*
 * Areas that were made under one guard width must not come back from the caches under another one:
 * fails where vmap_area_set_guard() leaves them in their classes. Shrunk from make soak SEED=5.
 */
static const struct kept_step steps[] = {
	/* __vmalloc(size 3118 = 6 * 520, align 0x1, [2f959b600000, 37959b600000), gfp 0x70008, prot
	 * 0x8000000000000163, flags 0x0, node -1, place 0) as 29 */
	{"5ae2e964301ddfad0c2d177e266a", "__vmalloc"},
	/* vmap_area_set_guard(9) */
	{"7fc8fed4ffe45df8d061a70c88e3", "vmap_area_set_guard"},
	/* vmalloc_node(size 27196 = 2 * 13598, align 0x1, [2f959b600000, 37959b600000), gfp
	 * 0x70008, prot 0x8000000000000163, flags 0x0, node -1, place 0) as 30 */
	{"006b362cdcfecfc16a3bbe6988c8", "vmalloc_node"},
	/* vfree(29) */
	{"043f5d3cc2d957eee0036f2eb196", "vfree"},
	/* vfree(30, or rather elsewhere) in a handler, refused */
	{"2e54872d66bde6563405c8f926a1", "vfree (handler)"},
	/* vzalloc_node(size 3600 = 1 * 3600, align 0x1, [2f959b600000, 37959b600000), gfp 0x70008,
	 * prot 0x8000000000000163, flags 0x0, node 0, place 0) as 25 */
	{"13002010e286191a5d0e0f7ea602", "vzalloc_node"},
};

TEST(mm_random, kept_guard_change, "an area has the guards of when it was made")
{
	kept_case(steps, sizeof(steps) / sizeof(steps[0]));
}
