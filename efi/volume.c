/* SPDX-License-Identifier: BSD-2-Clause */
#include "volume.h"
#include "levels.h"
#include "lib/string.h"

enum {
	NAME_MAX = 64,
	INFO_BYTES = sizeof(EFI_FILE_INFO) + 512,
	BLANKS_BYTES = 4096,
	ENTRIES_MAX = 1 << 16, /* of a folder: FAT's own limit */
};

static EFI_GUID file_system_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
static EFI_GUID file_info_guid = EFI_FILE_INFO_ID;

static EFI_FILE_HANDLE open_root(EFI_HANDLE device)
{
	EFI_FILE_IO_INTERFACE *volume = firmware_protocol(device, &file_system_guid);
	EFI_FILE_HANDLE root = NULL;

	if (!volume || EFI_ERROR(efi_call(volume, OpenVolume, volume, &root)))
		return NULL;
	return root;
}

EFI_FILE_HANDLE volume_boot(void)
{
	if (!firmware.loaded || !firmware.loaded->DeviceHandle)
		return NULL;
	return open_root(firmware.loaded->DeviceHandle);
}

static void connect_all(void)
{
	EFI_HANDLE *handles = NULL;
	UINTN nr = 0;

	if (EFI_ERROR(efi_call(firmware.boot, LocateHandleBuffer, AllHandles, NULL, NULL, &nr,
			       &handles)))
		return;
	/* Most handles have nothing to connect, and answer with an error. */
	for (UINTN i = 0; i < nr; i++)
		efi_call(firmware.boot, ConnectController, handles[i], NULL, NULL, TRUE);
	efi_call(firmware.boot, FreePool, handles);
}

static bool is_ours(EFI_FILE_HANDLE root)
{
	EFI_FILE_HANDLE config;

	if (EFI_ERROR(file_open(root, "vmlab.cfg", false, &config)))
		return false;
	file_close(config);
	return true;
}

EFI_FILE_HANDLE volume_search(void)
{
	EFI_FILE_HANDLE found = NULL;
	EFI_HANDLE *handles = NULL;
	UINTN nr = 0;

	connect_all();
	if (EFI_ERROR(efi_call(firmware.boot, LocateHandleBuffer, ByProtocol, &file_system_guid,
			       NULL, &nr, &handles)))
		return NULL;
	for (UINTN i = 0; i < nr && !found; i++) {
		EFI_FILE_HANDLE root = NULL;

		if (!firmware.loaded || handles[i] != firmware.loaded->DeviceHandle)
			root = open_root(handles[i]);
		if (root && is_ours(root))
			found = root;
		else
			file_close(root);
	}
	efi_call(firmware.boot, FreePool, handles);
	return found;
}

static EFI_STATUS open_as(EFI_FILE_HANDLE folder, const char *name, UINT64 mode, UINT64 attributes,
			  EFI_FILE_HANDLE *file)
{
	CHAR16 wide[NAME_MAX];
	size_t length = 0;

	for (; name[length]; length++) {
		if (length == NAME_MAX - 1)
			return EFI_INVALID_PARAMETER;
		wide[length] = (CHAR16)name[length];
	}
	wide[length] = 0;
	return efi_call(folder, Open, folder, file, wide, mode, attributes);
}

EFI_STATUS file_open(EFI_FILE_HANDLE folder, const char *name, bool write, EFI_FILE_HANDLE *file)
{
	return open_as(folder, name, EFI_FILE_MODE_READ | (write ? EFI_FILE_MODE_WRITE : 0), 0,
		       file);
}

EFI_STATUS folder_make(EFI_FILE_HANDLE folder, const char *name, EFI_FILE_HANDLE *made)
{
	return open_as(folder, name,
		       EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE | EFI_FILE_MODE_CREATE,
		       EFI_FILE_DIRECTORY, made);
}

static EFI_STATUS fill_with_blanks(EFI_FILE_HANDLE file, size_t size)
{
	static char blanks[BLANKS_BYTES];
	EFI_STATUS status = EFI_SUCCESS;

	memset(blanks, ' ', sizeof(blanks));
	blanks[sizeof(blanks) - 1] = '\n';
	for (size_t done = 0; done < size && !EFI_ERROR(status); done += sizeof(blanks)) {
		UINTN length = size - done < sizeof(blanks) ? size - done : sizeof(blanks), asked;

		asked = length;
		status = efi_call(file, Write, file, &length, blanks);
		if (!EFI_ERROR(status) && length < asked)
			status = EFI_VOLUME_FULL;
	}
	return EFI_ERROR(status) ? status : file_flush(file);
}

EFI_STATUS file_make(EFI_FILE_HANDLE folder, const char *name, size_t size, EFI_FILE_HANDLE *file)
{
	EFI_STATUS status =
		open_as(folder, name,
			EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE | EFI_FILE_MODE_CREATE, 0, file);

	if (EFI_ERROR(status))
		return status;
	status = fill_with_blanks(*file, size);
	if (EFI_ERROR(status))
		file_delete(*file);
	return status;
}

void file_close(EFI_FILE_HANDLE file)
{
	if (file)
		efi_call(file, Close, file);
}

EFI_STATUS file_delete(EFI_FILE_HANDLE file)
{
	return efi_call(file, Delete, file);
}

static EFI_FILE_INFO *read_info(EFI_FILE_HANDLE file, void *buffer)
{
	UINTN size = INFO_BYTES;

	if (EFI_ERROR(efi_call(file, GetInfo, file, &file_info_guid, &size, buffer)))
		return NULL;
	return buffer;
}

uint64_t file_size(EFI_FILE_HANDLE file)
{
	_Alignas(EFI_FILE_INFO) uint8_t buffer[INFO_BYTES];
	const EFI_FILE_INFO *info = read_info(file, buffer);

	return info ? info->FileSize : 0;
}

EFI_STATUS file_write(EFI_FILE_HANDLE file, uint64_t at, const void *bytes, size_t length)
{
	EFI_STATUS status = efi_call(file, SetPosition, file, at);
	UINTN written = length;

	if (!EFI_ERROR(status))
		status = efi_call(file, Write, file, &written, (void *)bytes);
	if (!EFI_ERROR(status) && written < length)
		status = EFI_VOLUME_FULL;
	return status;
}

EFI_STATUS file_flush(EFI_FILE_HANDLE file)
{
	return efi_call(file, Flush, file);
}

EFI_STATUS file_trim(EFI_FILE_HANDLE file, uint64_t size)
{
	_Alignas(EFI_FILE_INFO) uint8_t buffer[INFO_BYTES];
	EFI_FILE_INFO *info = read_info(file, buffer);

	if (info && info->FileSize > size) {
		info->FileSize = size;
		efi_call(file, SetInfo, file, &file_info_guid, info->Size, info);
	}
	return file_flush(file);
}

char *file_contents(EFI_FILE_HANDLE file, size_t max, size_t *size, size_t *nr_pages)
{
	uint64_t bytes = file_size(file);
	UINTN read = bytes;
	char *contents;

	*nr_pages = (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
	contents = bytes && bytes <= max ? firmware_pages(*nr_pages) : NULL;
	if (contents && EFI_ERROR(efi_call(file, Read, file, &read, contents))) {
		firmware_free_pages(contents, *nr_pages);
		contents = NULL;
	}
	*size = read;
	return contents;
}

void folder_each(EFI_FILE_HANDLE folder, void (*entry)(void *context, const char *name),
		 void *context)
{
	_Alignas(EFI_FILE_INFO) uint8_t buffer[INFO_BYTES];
	const EFI_FILE_INFO *info = (const EFI_FILE_INFO *)buffer;
	char name[NAME_MAX];

	efi_call(folder, SetPosition, folder, 0);
	for (unsigned int i = 0; i < ENTRIES_MAX; i++) {
		UINTN size = sizeof(buffer);

		if (EFI_ERROR(efi_call(folder, Read, folder, &size, buffer)) || !size)
			return;
		firmware_text(info->FileName, NAME_MAX - 1, name, sizeof(name));
		if (strcmp(name, ".") && strcmp(name, ".."))
			entry(context, name);
	}
}
