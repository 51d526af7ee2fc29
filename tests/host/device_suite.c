/* SPDX-License-Identifier: BSD-2-Clause */
#include "../suites/scratch.h"
#include "ioremap.h"
#include "test.h"
#include "vmalloc.h"

/* What can be asked about devices only where they are memory, which may be written. */

TEST(host_device, vread, "vread reads no device")
{
	char buffer[16], *p = ioremap_cache(scratch_device(), PAGE_SIZE);

	require(p);
	memset(p, 0x5a, sizeof(buffer));
	memset(buffer, 1, sizeof(buffer));
	expect_equal(vread(buffer, p, sizeof(buffer)), sizeof(buffer));
	for (size_t i = 0; i < sizeof(buffer); i++)
		expect_equal(buffer[i], 0);
	memset(p, 0, sizeof(buffer));
	iounmap(p);
}
