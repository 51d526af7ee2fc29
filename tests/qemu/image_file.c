/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_file.h"

static EFI_STATUS open_image(EFI_BOOT_SERVICES *services, EFI_HANDLE device,
			     EFI_FILE_PROTOCOL **file)
{
	EFI_GUID guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
	EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *file_system;
	EFI_FILE_PROTOCOL *root;
	EFI_STATUS status = services->HandleProtocol(device, &guid, (void **)&file_system);

	if (!EFI_ERROR(status))
		status = file_system->OpenVolume(file_system, &root);
	if (!EFI_ERROR(status))
		status = root->Open(root, file, (CHAR16 *)L"\\vmlab.efi", EFI_FILE_MODE_READ, 0);
	return status;
}

EFI_STATUS image_file_read(EFI_BOOT_SERVICES *services, EFI_HANDLE device, void **data, UINTN *size)
{
	EFI_GUID guid = EFI_FILE_INFO_ID;
	UINT8 room[sizeof(EFI_FILE_INFO) + 256];
	UINTN room_size = sizeof(room);
	EFI_FILE_PROTOCOL *file;
	EFI_STATUS status = open_image(services, device, &file);

	if (!EFI_ERROR(status))
		status = file->GetInfo(file, &guid, &room_size, room);
	if (EFI_ERROR(status))
		return status;
	*size = ((EFI_FILE_INFO *)room)->FileSize;
	status = services->AllocatePool(EfiLoaderData, *size, data);
	if (EFI_ERROR(status))
		return status;
	return file->Read(file, size, *data);
}
