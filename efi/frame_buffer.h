/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include "platform.h"

/*
 * Where the screen's frame buffer lies (UEFI 12.9), as it was at the start of the run; 0: there is
 * none, or the firmware alone can draw. `size` in bytes.
 */
void frame_buffer_init(void); /* gate open */
phys_addr_t frame_buffer(size_t *size);
