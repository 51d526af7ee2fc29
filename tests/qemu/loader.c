/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Starts \vmlab.efi of its own file system above 4 GiB: takes all memory below, has the firmware
 * load the image, gives the memory back, starts the image with its own load options, and returns
 * what that returns. Says "loader: ..." on the debug port when a step fails. Only for QEMU.
 */
#include <efi.h>
#include "image_file.h"

enum { BLOCKS_MAX = 512, MAP_ROOM = 4096 };
#define BELOW ((EFI_PHYSICAL_ADDRESS)1 << 32)

struct block {
	EFI_PHYSICAL_ADDRESS start;
	UINTN pages;
};

static EFI_BOOT_SERVICES *services;
static struct block blocks[BLOCKS_MAX];
static UINTN nr_blocks;

static EFI_STATUS failed(const char *step, EFI_STATUS status)
{
	const char *text[] = {"loader: ", step, " failed\n"};

	for (UINTN i = 0; i < 3; i++)
		for (const char *c = text[i]; *c; c++)
			__asm__ volatile("outb %0, %1" : : "a"(*c), "Nd"((UINT16)0xe9));
	return status;
}

/* The largest parts of a conventional range that the firmware hands out, by halves. */
static void take(EFI_PHYSICAL_ADDRESS start, UINTN pages)
{
	EFI_PHYSICAL_ADDRESS address = start;

	if (pages == 0 || nr_blocks == BLOCKS_MAX)
		return;
	if (!EFI_ERROR(services->AllocatePages(AllocateAddress, EfiLoaderData, pages, &address))) {
		blocks[nr_blocks++] = (struct block){address, pages};
	} else if (pages > 1) {
		take(start, pages / 2);
		take(start + pages / 2 * EFI_PAGE_SIZE, pages - pages / 2);
	}
}

static EFI_STATUS take_all_below(void)
{
	static UINT8 map[MAP_ROOM * 16];
	UINTN size = sizeof(map), key, step;
	UINT32 version;
	EFI_STATUS status;

	status = services->GetMemoryMap(&size, (EFI_MEMORY_DESCRIPTOR *)map, &key, &step, &version);
	if (EFI_ERROR(status))
		return status;
	for (UINTN at = 0; at < size; at += step) {
		const EFI_MEMORY_DESCRIPTOR *range = (const EFI_MEMORY_DESCRIPTOR *)(map + at);

		if (range->Type == EfiConventionalMemory && range->PhysicalStart < BELOW)
			take(range->PhysicalStart, range->NumberOfPages);
	}
	return EFI_SUCCESS;
}

static void give_back(void)
{
	for (UINTN i = 0; i < nr_blocks; i++)
		services->FreePages(blocks[i].start, blocks[i].pages);
	nr_blocks = 0;
}

static EFI_STATUS load_high(EFI_HANDLE self, EFI_LOADED_IMAGE *own, void *data, UINTN size,
			    EFI_HANDLE *child)
{
	EFI_GUID guid = LOADED_IMAGE_PROTOCOL;
	EFI_LOADED_IMAGE *loaded;
	EFI_STATUS status = take_all_below();

	if (!EFI_ERROR(status))
		status = services->LoadImage(FALSE, self, own->FilePath, data, size, child);
	give_back();
	if (EFI_ERROR(status))
		return status;
	status = services->HandleProtocol(*child, &guid, (void **)&loaded);
	if (EFI_ERROR(status))
		return status;
	if ((EFI_PHYSICAL_ADDRESS)loaded->ImageBase < BELOW)
		return EFI_LOAD_ERROR;
	loaded->DeviceHandle = own->DeviceHandle;
	loaded->LoadOptions = own->LoadOptions;
	loaded->LoadOptionsSize = own->LoadOptionsSize;
	return EFI_SUCCESS;
}

EFI_STATUS efi_main(EFI_HANDLE self, EFI_SYSTEM_TABLE *system);

EFI_STATUS efi_main(EFI_HANDLE self, EFI_SYSTEM_TABLE *system)
{
	EFI_GUID guid = LOADED_IMAGE_PROTOCOL;
	EFI_LOADED_IMAGE *own;
	EFI_HANDLE child = NULL;
	EFI_STATUS status;
	UINTN size;
	void *data;

	services = system->BootServices;
	status = services->HandleProtocol(self, &guid, (void **)&own);
	if (EFI_ERROR(status))
		return failed("finding itself", status);
	status = image_file_read(services, own->DeviceHandle, &data, &size);
	if (EFI_ERROR(status))
		return failed("reading \\vmlab.efi", status);
	status = load_high(self, own, data, size, &child);
	if (EFI_ERROR(status))
		return failed("loading above 4 GiB", status);
	return services->StartImage(child, NULL, NULL);
}
