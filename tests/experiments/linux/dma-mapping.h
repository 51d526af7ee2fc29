/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <dma_alloc.h>
#include <linux/mm.h>

/* Whoever asks has no device: NULL. */

#define DMA_BIT_MASK(bits) ((bits) == 64 ? ~0ull : (1ull << (bits)) - 1)
#define dma_set_mask(device, mask) ((void)(device), (void)(mask), 0)
#define dma_set_coherent_mask(device, mask) dma_set_mask(device, mask)
#define dma_set_mask_and_coherent(device, mask) dma_set_mask(device, mask)
#define dma_mapping_error(device, address) ((void)(device), (void)(address), 0)
