/* SPDX-License-Identifier: BSD-2-Clause */
#include "firmware_map.h"
#include "levels.h"

enum { HEADROOM_DESCRIPTORS = 64, TRIES = 4 };

static uint8_t *buffer;
static size_t buffer_pages, map_bytes, descriptor_bytes;

static EFI_STATUS read_into_buffer(void)
{
	UINTN bytes = buffer_pages << PAGE_SHIFT, key, size = 0;
	UINT32 version;
	EFI_STATUS status = efi_call(firmware.boot, GetMemoryMap, &bytes,
				     (EFI_MEMORY_DESCRIPTOR *)buffer, &key, &size, &version);

	map_bytes = bytes;
	descriptor_bytes = size;
	if ((!EFI_ERROR(status) || status == EFI_BUFFER_TOO_SMALL) &&
	    size < sizeof(EFI_MEMORY_DESCRIPTOR))
		return EFI_INCOMPATIBLE_VERSION;
	return status;
}

/* The buffer's own allocation changes the map, which may have grown by then: tried a few times. */
EFI_STATUS firmware_map_read(void)
{
	EFI_STATUS status = read_into_buffer();

	for (int i = 0; i < TRIES && status == EFI_BUFFER_TOO_SMALL; i++) {
		firmware_map_free();
		map_bytes += HEADROOM_DESCRIPTORS * descriptor_bytes;
		buffer_pages = (map_bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
		buffer = firmware_pages(buffer_pages);
		if (!buffer) {
			buffer_pages = 0;
			return EFI_OUT_OF_RESOURCES;
		}
		status = read_into_buffer();
	}
	return status;
}

size_t firmware_map_nr(void)
{
	return buffer && descriptor_bytes ? map_bytes / descriptor_bytes : 0;
}

struct map_entry firmware_map_entry(size_t i)
{
	/* Descriptors are as large as the firmware says, not as ours are (UEFI 7.2.3). */
	const EFI_MEMORY_DESCRIPTOR *descriptor =
		(const EFI_MEMORY_DESCRIPTOR *)(buffer + i * descriptor_bytes);
	uint64_t start = descriptor->PhysicalStart, pages = descriptor->NumberOfPages;
	struct map_entry entry = {start, start, descriptor->Attribute, descriptor->Type};

	if (!(start & (PAGE_SIZE - 1)) && pages <= (~start >> PAGE_SHIFT))
		entry.end = start + (pages << PAGE_SHIFT);
	return entry;
}

void firmware_map_free(void)
{
	if (buffer)
		firmware_free_pages(buffer, buffer_pages);
	buffer = NULL;
	buffer_pages = 0;
}
