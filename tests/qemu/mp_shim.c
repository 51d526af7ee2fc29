/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Starts \vmlab.efi of its own file system under MP services that do wrong, and puts things right
 * when that has returned. The load options say how, and behind "--" come the application's:
 *
 *	absent=1	there are none
 *	disabled=N	processor N is disabled
 *	failed=N	processor N counts as failed
 *	silent=N	processor N does not come when it is called
 *	SERVICE=CODE	that service answers with the error of that number (UEFI, appendix D)
 *	from=K		... from its call number K on
 *
 * Says "shim: ..." on the debug port when a step fails. Only for QEMU.
 */
#include <stdbool.h>
#include "image_file.h"
#include "mp_services.h"

enum service { COUNT, INFO, START_ALL, START_ONE, ENABLE, WHO, NR_SERVICES };
static const char *const service_names[NR_SERVICES] = {"GetNumberOfProcessors", "GetProcessorInfo",
						       "StartupAllAPs",		"StartupThisAP",
						       "EnableDisableAP",	"WhoAmI"};

static EFI_BOOT_SERVICES *services;
static EFI_MP_SERVICES_PROTOCOL *real, fake;
static EFI_HANDLE handle;
static EFI_GUID guid = EFI_MP_SERVICES_PROTOCOL_GUID;
static UINTN refusals[NR_SERVICES], calls[NR_SERVICES], from = 1;
static UINTN disabled, failed, silent, absent; /* 0: none; that is the first processor */
static EFI_AP_PROCEDURE procedure;

static EFI_STATUS say(const char *step, EFI_STATUS status)
{
	const char *text[] = {"shim: ", step, " failed\n"};

	for (UINTN i = 0; i < 3; i++)
		for (const char *c = text[i]; *c; c++)
			__asm__ volatile("outb %0, %1" : : "a"(*c), "Nd"((UINT16)0xe9));
	return status;
}

static bool refuses(enum service service, EFI_STATUS *status)
{
	*status = EFIERR(refusals[service]);
	return ++calls[service] >= from && refusals[service];
}

static EFI_STATUS EFIAPI count(EFI_MP_SERVICES_PROTOCOL *this, UINTN *nr, UINTN *enabled)
{
	EFI_STATUS status;

	(void)this;
	return refuses(COUNT, &status) ? status : real->GetNumberOfProcessors(real, nr, enabled);
}

static EFI_STATUS EFIAPI describe(EFI_MP_SERVICES_PROTOCOL *this, UINTN number,
				  EFI_PROCESSOR_INFORMATION *info)
{
	EFI_STATUS status;

	(void)this;
	if (refuses(INFO, &status))
		return status;
	status = real->GetProcessorInfo(real, number, info);
	if (failed && number == failed)
		info->StatusFlag &= ~(UINT32)PROCESSOR_HEALTH_STATUS_BIT;
	return status;
}

static VOID EFIAPI come(VOID *argument)
{
	UINTN number = 0;

	real->WhoAmI(real, &number);
	if (number != silent)
		procedure(argument);
}

static EFI_STATUS EFIAPI start_all(EFI_MP_SERVICES_PROTOCOL *this, EFI_AP_PROCEDURE asked,
				   BOOLEAN one_by_one, EFI_EVENT event, UINTN microseconds,
				   VOID *argument, UINTN **not_back)
{
	EFI_STATUS status;

	(void)this;
	if (refuses(START_ALL, &status))
		return status;
	procedure = asked;
	return real->StartupAllAPs(real, silent ? come : asked, one_by_one, event, microseconds,
				   argument, not_back);
}

static EFI_STATUS EFIAPI start_one(EFI_MP_SERVICES_PROTOCOL *this, EFI_AP_PROCEDURE asked,
				   UINTN number, EFI_EVENT event, UINTN microseconds,
				   VOID *argument, BOOLEAN *finished)
{
	EFI_STATUS status;

	(void)this;
	return refuses(START_ONE, &status) ? status
					   : real->StartupThisAP(real, asked, number, event,
								 microseconds, argument, finished);
}

static EFI_STATUS EFIAPI enable(EFI_MP_SERVICES_PROTOCOL *this, UINTN number, BOOLEAN on,
				UINT32 *health)
{
	EFI_STATUS status;

	(void)this;
	return refuses(ENABLE, &status) ? status : real->EnableDisableAP(real, number, on, health);
}

static EFI_STATUS EFIAPI who(EFI_MP_SERVICES_PROTOCOL *this, UINTN *number)
{
	EFI_STATUS status;

	(void)this;
	return refuses(WHO, &status) ? status : real->WhoAmI(real, number);
}

/* The value of `word` when it is NAME=VALUE. */
static bool read_word(const CHAR16 *word, const char *name, UINTN *value)
{
	UINTN number = 0;

	while (*name && *word == (CHAR16)*name)
		name++, word++;
	if (*name || *word++ != L'=')
		return false;
	for (; *word >= L'0' && *word <= L'9'; word++)
		number = number * 10 + (UINTN)(*word - L'0');
	*value = number;
	return true;
}

static void read_words(const CHAR16 *word)
{
	read_word(word, "absent", &absent);
	read_word(word, "disabled", &disabled);
	read_word(word, "failed", &failed);
	read_word(word, "silent", &silent);
	read_word(word, "from", &from);
	for (UINTN i = 0; i < NR_SERVICES; i++)
		read_word(word, service_names[i], &refusals[i]);
}

/* Reads what stands before "--", and returns what stands behind it; `length` in characters. */
static CHAR16 *read_options(CHAR16 *options, UINTN length)
{
	for (UINTN at = 0; at + 2 < length && options[at]; at++) {
		if (at && options[at - 1] != L' ')
			continue;
		if (options[at] == L'-' && options[at + 1] == L'-' && options[at + 2] == L' ')
			return options + at + 3;
		read_words(options + at);
	}
	return NULL;
}

static EFI_STATUS spoil_services(void)
{
	UINTN size = sizeof(handle);
	EFI_STATUS status = services->LocateHandle(ByProtocol, &guid, NULL, &size, &handle);

	if (!EFI_ERROR(status))
		status = services->HandleProtocol(handle, &guid, (void **)&real);
	if (!EFI_ERROR(status) && disabled)
		status = real->EnableDisableAP(real, disabled, FALSE, NULL);
	if (EFI_ERROR(status))
		return status;
	if (absent)
		return services->UninstallProtocolInterface(handle, &guid, real);
	fake = (EFI_MP_SERVICES_PROTOCOL){count,	   describe, start_all, start_one,
					  real->SwitchBSP, enable,   who};
	return services->ReinstallProtocolInterface(handle, &guid, real, &fake);
}

static void mend_services(void)
{
	EFI_STATUS status;

	handle = absent ? NULL : handle; /* one without a protocol is none any more */
	if (absent)
		status = services->InstallProtocolInterface(&handle, &guid, EFI_NATIVE_INTERFACE,
							    real);
	else
		status = services->ReinstallProtocolInterface(handle, &guid, &fake, real);
	if (!EFI_ERROR(status) && disabled)
		status = real->EnableDisableAP(real, disabled, TRUE, NULL);
	if (EFI_ERROR(status))
		say("mending the services", status);
}

EFI_STATUS efi_main(EFI_HANDLE self, EFI_SYSTEM_TABLE *system);

EFI_STATUS efi_main(EFI_HANDLE self, EFI_SYSTEM_TABLE *system)
{
	EFI_GUID loaded_guid = LOADED_IMAGE_PROTOCOL;
	EFI_LOADED_IMAGE *own, *loaded;
	EFI_HANDLE child = NULL;
	EFI_STATUS status;
	CHAR16 *options;
	UINTN size, length;
	void *data;

	services = system->BootServices;
	status = services->HandleProtocol(self, &loaded_guid, (void **)&own);
	if (EFI_ERROR(status))
		return say("finding itself", status);
	length = own->LoadOptionsSize / sizeof(*options);
	options = read_options(own->LoadOptions, length);
	if (!options)
		return say("finding -- in the options", EFI_INVALID_PARAMETER);
	status = image_file_read(services, own->DeviceHandle, &data, &size);
	if (EFI_ERROR(status))
		return say("reading \\vmlab.efi", status);
	status = services->LoadImage(FALSE, self, own->FilePath, data, size, &child);
	if (EFI_ERROR(status))
		return say("loading", status);
	services->HandleProtocol(child, &loaded_guid, (void **)&loaded);
	loaded->DeviceHandle = own->DeviceHandle;
	loaded->LoadOptions = options;
	loaded->LoadOptionsSize =
		(UINT32)((length - (UINTN)(options - (CHAR16 *)own->LoadOptions)) *
			 sizeof(*options));
	status = spoil_services();
	if (EFI_ERROR(status))
		return say("spoiling the services", status);
	status = services->StartImage(child, NULL, NULL);
	mend_services();
	return status;
}
