/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * What an allocation may do, under the names of Linux's <linux/gfp_types.h>. A flag that is not in
 * this list is refused. Flags that ask for nothing that exists here (no highmem, no swap, no file
 * system) are accepted and mean nothing; the third group below.
 */

typedef unsigned int gfp_t;

/* Where the frames lie. */
#define __GFP_DMA ((gfp_t)1 << 0)      /* below 16 MiB */
#define __GFP_DMA32 ((gfp_t)1 << 1)    /* below 4 GiB */
#define __GFP_THISNODE ((gfp_t)1 << 2) /* no other node than the one asked for */

/* How hard to try, and what about it. */
#define __GFP_DIRECT_RECLAIM ((gfp_t)1 << 3) /* may purge, drain per-CPU lists and try again */
#define __GFP_HIGH ((gfp_t)1 << 4)	     /* may use half of the reserve */
#define __GFP_MEMALLOC ((gfp_t)1 << 5)	     /* may use all of the reserve */
#define __GFP_NOMEMALLOC ((gfp_t)1 << 6)     /* may not, whatever else is said */
#define __GFP_ZERO ((gfp_t)1 << 7)
#define __GFP_NOWARN ((gfp_t)1 << 8)
#define __GFP_NORETRY ((gfp_t)1 << 9) /* purges and drains once, never waits */
#define __GFP_RETRY_MAYFAIL ((gfp_t)1 << 10)
#define __GFP_NOFAIL ((gfp_t)1 << 11)
#define __GFP_COMP ((gfp_t)1 << 12) /* one reference for the whole block */

/* Accepted, nothing to do. */
#define __GFP_HIGHMEM ((gfp_t)1 << 13)
#define __GFP_MOVABLE ((gfp_t)1 << 14)
#define __GFP_RECLAIMABLE ((gfp_t)1 << 15)
#define __GFP_IO ((gfp_t)1 << 16)
#define __GFP_FS ((gfp_t)1 << 17)
#define __GFP_KSWAPD_RECLAIM ((gfp_t)1 << 18)
#define __GFP_WRITE ((gfp_t)1 << 19)
#define __GFP_HARDWALL ((gfp_t)1 << 20)
#define __GFP_ACCOUNT ((gfp_t)1 << 21)
#define __GFP_NOLOCKDEP ((gfp_t)1 << 22)

#define __GFP_BITS_SHIFT 23
#define __GFP_BITS_MASK (((gfp_t)1 << __GFP_BITS_SHIFT) - 1)

#define __GFP_RECLAIM (__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define GFP_ZONEMASK (__GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM | __GFP_MOVABLE)

#define GFP_ATOMIC (__GFP_HIGH | __GFP_KSWAPD_RECLAIM)
#define GFP_NOWAIT (__GFP_KSWAPD_RECLAIM | __GFP_NOWARN)
#define GFP_KERNEL (__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_KERNEL_ACCOUNT (GFP_KERNEL | __GFP_ACCOUNT)
#define GFP_NOIO (__GFP_RECLAIM)
#define GFP_NOFS (__GFP_RECLAIM | __GFP_IO)
#define GFP_USER (__GFP_RECLAIM | __GFP_IO | __GFP_FS | __GFP_HARDWALL)
#define GFP_HIGHUSER (GFP_USER | __GFP_HIGHMEM)
#define GFP_HIGHUSER_MOVABLE (GFP_HIGHUSER | __GFP_MOVABLE)
#define GFP_DMA __GFP_DMA
#define GFP_DMA32 __GFP_DMA32

static inline bool gfp_known(gfp_t gfp)
{
	return !(gfp & ~__GFP_BITS_MASK);
}

/* Whether the call may wait, purge or flush; such a call is refused in an exception handler. */
static inline bool gfpflags_allow_blocking(gfp_t gfp)
{
	return gfp & __GFP_DIRECT_RECLAIM;
}
