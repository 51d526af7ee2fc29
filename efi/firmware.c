/* SPDX-License-Identifier: BSD-2-Clause */
#include "firmware.h"
#include "gate.h"
#include "lib/assert.h"
#include "lib/string.h"

struct firmware firmware;

void firmware_assert_callable(const char *service)
{
	ASSERT(!gate_is_closed(), "%s called with the gate closed", service);
}

void firmware_init(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	static const EFI_GUID loaded_image = EFI_LOADED_IMAGE_PROTOCOL_GUID;

	firmware.image = image;
	firmware.system = system;
	firmware.boot = system->BootServices;
	firmware.loaded = firmware_protocol(image, &loaded_image);
	efi_call(firmware.boot, SetWatchdogTimer, 0, 0, 0, NULL);
}

void *firmware_protocol(EFI_HANDLE handle, const EFI_GUID *guid)
{
	void *found = NULL;
	EFI_STATUS status;

	if (handle)
		status = efi_call(firmware.boot, HandleProtocol, handle, (EFI_GUID *)guid, &found);
	else
		status = efi_call(firmware.boot, LocateProtocol, (EFI_GUID *)guid, NULL, &found);
	return EFI_ERROR(status) ? NULL : found;
}

const void *firmware_table(const EFI_GUID *guid)
{
	const EFI_CONFIGURATION_TABLE *tables = firmware.system->ConfigurationTable;

	for (UINTN i = 0; i < firmware.system->NumberOfTableEntries; i++)
		if (!memcmp(&tables[i].VendorGuid, guid, sizeof(*guid)))
			return tables[i].VendorTable;
	return NULL;
}

void *firmware_pages(size_t nr)
{
	EFI_PHYSICAL_ADDRESS address = 0;
	EFI_STATUS status = efi_call(firmware.boot, AllocatePages, AllocateAnyPages, EfiLoaderData,
				     nr, &address);

	return EFI_ERROR(status) ? NULL : (void *)(uintptr_t)address;
}

EFI_STATUS firmware_free_pages(void *pages, size_t nr)
{
	return efi_call(firmware.boot, FreePages, (uintptr_t)pages, nr);
}

void firmware_text(const CHAR16 *text, size_t max, char *out, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; text && i < max && text[i] && used + 1 < size; i++)
		out[used++] = text[i] >= ' ' && text[i] < 0x7f ? (char)text[i] : '?';
	out[used] = '\0';
}

const char *firmware_status_name(EFI_STATUS status)
{
	static const struct {
		EFI_STATUS status;
		const char *name;
	} names[] = {
		{EFI_SUCCESS, "success"},
		{EFI_LOAD_ERROR, "load error"},
		{EFI_INVALID_PARAMETER, "invalid parameter"},
		{EFI_UNSUPPORTED, "unsupported"},
		{EFI_BUFFER_TOO_SMALL, "buffer too small"},
		{EFI_NOT_READY, "not ready"},
		{EFI_DEVICE_ERROR, "device error"},
		{EFI_WRITE_PROTECTED, "write protected"},
		{EFI_OUT_OF_RESOURCES, "out of resources"},
		{EFI_VOLUME_CORRUPTED, "volume corrupted"},
		{EFI_VOLUME_FULL, "volume full"},
		{EFI_MEDIA_CHANGED, "medium changed"},
		{EFI_NO_MEDIA, "no medium"},
		{EFI_NOT_FOUND, "not found"},
		{EFI_ACCESS_DENIED, "access denied"},
		{EFI_TIMEOUT, "timeout"},
		{EFI_NOT_STARTED, "not started"},
		{EFI_ABORTED, "aborted"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].status == status)
			return names[i].name;
	return "another error";
}
