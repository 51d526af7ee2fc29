/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "firmware.h"
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include "console.h"
#include "gate.h"
#include "platform.h"

struct played played;

static uint8_t page_used[ARENA_PAGES]; /* the number of the allocation + 1 */
static EFI_BOOT_SERVICES boot;
static EFI_SYSTEM_TABLE system_table = {.BootServices = &boot};
static EFI_LOADED_IMAGE loaded;
static EFI_FILE_IO_INTERFACE volume;
static EFI_FILE root, config;
static uint64_t config_at;

_Noreturn void played_broken(const char *what)
{
	printf("# %s\n", what);
	fflush(stdout);
	_exit(1);
}

/* Whether this call fails; the status that it returns then. */
static bool refused(const char *service, EFI_STATUS *status)
{
	if (++played.calls != played.fail_at)
		return false;
	played.failed = service;
	played.failed_giving_back = played.giving_back;
	*status = played.fail_with;
	return true;
}

static size_t page_of(uint64_t address)
{
	return (address - ARENA_START) >> 12;
}

static bool is_free(uint64_t address, size_t pages)
{
	if (address < ARENA_START || address % 4096 || !pages || pages > ARENA_PAGES ||
	    address > ARENA_END - pages * 4096)
		return false;
	for (size_t i = 0; i < pages; i++)
		if (page_used[page_of(address) + i])
			return false;
	return true;
}

/* Anywhere: from the top, as firmware does. */
static uint64_t find_free(size_t pages)
{
	for (uint64_t at = ARENA_END; at > ARENA_START; at -= 4096)
		if (is_free(at - pages * 4096, pages))
			return at - pages * 4096;
	return 0;
}

static EFI_STATUS EFIAPI allocate_pages(EFI_ALLOCATE_TYPE type, EFI_MEMORY_TYPE memory, UINTN pages,
					EFI_PHYSICAL_ADDRESS *address)
{
	static unsigned int number;
	uint64_t at;
	EFI_STATUS status;

	if (refused("AllocatePages", &status))
		return status;
	if (memory != EfiLoaderData || !pages)
		played_broken("AllocatePages is asked for no pages, or for another type");
	at = type == AllocateAddress ? *address : pages <= ARENA_PAGES ? find_free(pages) : 0;
	if (!is_free(at, pages))
		return type == AllocateAddress ? EFI_NOT_FOUND : EFI_OUT_OF_RESOURCES;
	memset(page_used + page_of(at), (int)(number++ % 255 + 1), pages);
	played.pages_out += pages;
	*address = at;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI free_pages(EFI_PHYSICAL_ADDRESS address, UINTN pages)
{
	EFI_STATUS status;

	if (refused("FreePages", &status)) {
		played.failed_pages = pages;
		return status;
	}
	for (UINTN i = 0; i < pages; i++) {
		uint64_t at = address + i * 4096;

		if (at < ARENA_START || at >= ARENA_END || !page_used[page_of(at)])
			played_broken("FreePages of what is free");
		page_used[page_of(at)] = 0;
	}
	if (played.fills)
		memset((void *)(uintptr_t)address, 0xaf, pages * 4096);
	played.pages_out -= pages;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI get_memory_map(UINTN *bytes, EFI_MEMORY_DESCRIPTOR *map, UINTN *key,
					UINTN *descriptor_bytes, UINT32 *version)
{
	size_t needed = played.map_nr * played.descriptor_bytes, room = *bytes;
	EFI_STATUS status;

	if (refused("GetMemoryMap", &status))
		return status;
	*bytes = needed;
	*key = 1;
	*version = 1;
	*descriptor_bytes = played.descriptor_bytes;
	if (room < needed || !map)
		return EFI_BUFFER_TOO_SMALL;
	for (size_t i = 0; i < played.map_nr; i++) {
		EFI_MEMORY_DESCRIPTOR entry = {.Type = played.map[i].type,
					       .PhysicalStart = played.map[i].start,
					       .NumberOfPages = played.map[i].pages,
					       .Attribute = played.map[i].attribute};
		char *at = (char *)map + i * played.descriptor_bytes;

		memset(at, 0xcc, played.descriptor_bytes);
		memcpy(at, &entry, sizeof(entry));
	}
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI set_watchdog(UINTN timeout, UINT64 code, UINTN size, CHAR16 *data)
{
	EFI_STATUS status;

	(void)timeout;
	(void)code;
	(void)size;
	(void)data;
	return refused("SetWatchdogTimer", &status) ? status : EFI_SUCCESS;
}

static EFI_STATUS EFIAPI handle_protocol(EFI_HANDLE handle, EFI_GUID *guid, void **interface)
{
	static const EFI_GUID image_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
	static const EFI_GUID volume_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
	EFI_STATUS status;

	if (refused("HandleProtocol", &status))
		return status;
	if (handle == played_image() && !memcmp(guid, &image_guid, sizeof(image_guid)))
		*interface = &loaded;
	else if (handle == &volume && !memcmp(guid, &volume_guid, sizeof(volume_guid)))
		*interface = &volume;
	else
		return EFI_UNSUPPORTED;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI open_volume(EFI_FILE_IO_INTERFACE *self, EFI_FILE_HANDLE *opened)
{
	EFI_STATUS status;

	(void)self;
	if (refused("OpenVolume", &status))
		return status;
	played.files_open++;
	*opened = &root;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI file_open_(EFI_FILE_HANDLE self, EFI_FILE_HANDLE *opened, CHAR16 *name,
				    UINT64 mode, UINT64 attributes)
{
	EFI_STATUS status;

	(void)self;
	(void)name;
	(void)mode;
	(void)attributes;
	if (refused("Open", &status))
		return status;
	if (!played.config)
		return EFI_NOT_FOUND;
	played.files_open++;
	config_at = 0;
	*opened = &config;
	return EFI_SUCCESS;
}

/* Closes whatever it says. */
static EFI_STATUS EFIAPI file_close_(EFI_FILE_HANDLE self)
{
	EFI_STATUS status;

	(void)self;
	played.files_open--;
	return refused("Close", &status) ? status : EFI_SUCCESS;
}

static EFI_STATUS EFIAPI file_read(EFI_FILE_HANDLE self, UINTN *bytes, void *buffer)
{
	size_t left = played.config_bytes - config_at;
	EFI_STATUS status;

	(void)self;
	if (refused("Read", &status))
		return status;
	if (*bytes > left)
		*bytes = left;
	memcpy(buffer, (const char *)played.config + config_at, *bytes);
	config_at += *bytes;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI file_info(EFI_FILE_HANDLE self, EFI_GUID *guid, UINTN *bytes, void *buffer)
{
	EFI_FILE_INFO *info = buffer;
	EFI_STATUS status;

	(void)self;
	(void)guid;
	if (refused("GetInfo", &status))
		return status;
	if (*bytes < sizeof(*info))
		return EFI_BUFFER_TOO_SMALL;
	*info = (EFI_FILE_INFO){.Size = sizeof(*info), .FileSize = played.config_bytes};
	return EFI_SUCCESS;
}

EFI_HANDLE played_image(void)
{
	return &loaded;
}

EFI_SYSTEM_TABLE *played_system(void)
{
	return &system_table;
}

/* What the firmware stands on is asked for by MOV from CR3, which a process may not. */
static void on_segv(int number, siginfo_t *info, void *context)
{
	static const int registers[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
					REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
					REG_R12, REG_R13, REG_R14, REG_R15};
	greg_t *gregs = ((ucontext_t *)context)->uc_mcontext.gregs;
	const uint8_t *code = (const uint8_t *)gregs[REG_RIP];

	unsigned int high = code[0] == 0x41; /* REX.B */

	(void)number;
	(void)info;
	code += high;
	if (code[0] != 0x0f || code[1] != 0x20 || (code[2] & 0xf8) != 0xd8)
		played_broken("a fault");
	gregs[registers[8 * high + (code[2] & 7)]] = 0;
	gregs[REG_RIP] += 3 + high;
}

void played_start(void)
{
	struct sigaction action = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO};

	if (mmap((void *)ARENA_START, ARENA_END - ARENA_START, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
		 0) == MAP_FAILED)
		played_broken("no arena");
	sigaction(SIGSEGV, &action, NULL);
	boot.AllocatePages = allocate_pages;
	boot.FreePages = free_pages;
	boot.GetMemoryMap = get_memory_map;
	boot.SetWatchdogTimer = set_watchdog;
	boot.HandleProtocol = handle_protocol;
	volume.OpenVolume = open_volume;
	loaded.DeviceHandle = &volume;
	root.Open = file_open_;
	root.Close = config.Close = file_close_;
	config.Read = file_read;
	config.GetInfo = file_info;
}

/* The rest of the house, as far as it is asked for. */
void log_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(played.last_line, sizeof(played.last_line), format, arguments);
	va_end(arguments);
	played.lines++;
}

void platform_log(const char *line)
{
	log_note("%s", line);
}

_Noreturn void platform_abort(const char *reason)
{
	played_broken(reason);
}

bool gate_is_closed(void)
{
	return false;
}
