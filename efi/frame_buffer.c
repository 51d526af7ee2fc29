/* SPDX-License-Identifier: BSD-2-Clause */
#include "frame_buffer.h"
#include "firmware.h"

static phys_addr_t base;
static size_t bytes;

void frame_buffer_init(void)
{
	static const EFI_GUID guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
	const EFI_GRAPHICS_OUTPUT_PROTOCOL *screen = firmware_protocol(NULL, &guid);

	base = 0;
	bytes = 0;
	if (!screen || !screen->Mode || !screen->Mode->Info ||
	    screen->Mode->Info->PixelFormat == PixelBltOnly)
		return;
	base = screen->Mode->FrameBufferBase;
	bytes = screen->Mode->FrameBufferSize;
}

phys_addr_t frame_buffer(size_t *size)
{
	*size = bytes;
	return base;
}
