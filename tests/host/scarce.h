/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "host_log.h"
#include "page_alloc.h"

/* In a copy of the process, where nobody gives them back: every frame that there is. */
static inline void take_all_frames(void)
{
	host_log_hush(true);
	for (int order = MAX_PAGE_ORDER; order >= 0; order--)
		while (alloc_pages(GFP_ATOMIC | __GFP_NOWARN, (unsigned int)order))
			;
	while (alloc_page(GFP_KERNEL | __GFP_NOWARN))
		;
	host_log_hush(false);
}
