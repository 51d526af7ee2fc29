/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdint.h>
#include "gfp.h"
#include "platform.h"

typedef phys_addr_t dma_addr_t;
struct device; /* nobody has any: NULL */

/*
 * Frames that follow each other, cleared, mapped as a VM_DMA_COHERENT area; where they are goes to
 * `*dma`. NULL, with `*dma` untouched, when there are none; size 0 is refused. With GFP_DMA and
 * GFP_DMA32 below 16 MiB and 4 GiB.
 */
void *dma_alloc_coherent(struct device *dev, size_t size, dma_addr_t *dma, gfp_t gfp);
/* Exactly what was given: start, size and place; anything else is refused. */
void dma_free_coherent(struct device *dev, size_t size, void *addr, dma_addr_t dma);
