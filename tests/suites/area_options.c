/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"
#include "vmap_area.h"

/* What a run was asked for can be read back. */

static struct vmap_area_options options(void)
{
	struct vmap_area_options now;

	vmap_area_get_options(&now);
	return now;
}

TEST(area_options, cache, "whether ranges are cached is told as it was set")
{
	bool was = !options().no_cache;

	vmap_area_set_cache(!was);
	expect_equal(options().no_cache, was);
	vmap_area_set_cache(was);
	expect_equal(options().no_cache, !was);
}
