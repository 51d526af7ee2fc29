/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* The one CPU there is. With more, this is their number: from GS, say. */
static inline unsigned int platform_cpu(void)
{
	return 0;
}
