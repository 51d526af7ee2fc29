/* SPDX-License-Identifier: BSD-2-Clause */
#include "mp_services.h"
#include "console.h"
#include "cpu_caller.h"
#include "firmware.h"

enum {
	CALL_US_MAX = 10 * 1000000,
	DISPATCH_US_MAX = 3600u * 1000000, /* crew.c has bounds of its own, and shorter ones */
	BACK_TURNS_MAX = 2000,
	BACK_TURN_US = 1000,
	LEFT_OUT_MAX = 64,
};

static EFI_MP_SERVICES_PROTOCOL *services;
static EFI_EVENT event;	      /* of the dispatch that is under way; NULL: none is */
static void (*ordered)(void); /* by it */
static unsigned int disabled[LEFT_OUT_MAX], nr_disabled; /* by us: enabled again at the end */

static void EFIAPI arrive(void *unused)
{
	(void)unused;
	ordered();
}

static bool refused(const char *service, EFI_STATUS status)
{
	if (EFI_ERROR(status))
		log_note("the other processors: %s says %s", service, firmware_status_name(status));
	return EFI_ERROR(status);
}

static unsigned int count(void)
{
	UINTN nr = 0, enabled = 0;
	EFI_STATUS status = efi_call(services, GetNumberOfProcessors, services, &nr, &enabled);

	return refused("GetNumberOfProcessors", status) ? 0 : (unsigned int)nr;
}

/* NULL, or why the processor cannot take part. */
static const char *unfit(const EFI_PROCESSOR_INFORMATION *info)
{
	if (!(info->StatusFlag & PROCESSOR_ENABLED_BIT))
		return "the firmware has disabled it";
	if (!(info->StatusFlag & PROCESSOR_HEALTH_STATUS_BIT))
		return "the firmware says that it has failed";
	return NULL;
}

static bool describe(unsigned int number, struct cpu_found *found)
{
	EFI_PROCESSOR_INFORMATION info = {0};
	EFI_STATUS status = efi_call(services, GetProcessorInfo, services, number, &info);

	if (refused("GetProcessorInfo", status))
		return false;
	*found = (struct cpu_found){
		.place = {(uint32_t)info.ProcessorId, info.Location.Package, info.Location.Core,
			  info.Location.Thread},
		.is_first = info.StatusFlag & PROCESSOR_AS_BSP_BIT,
		.unfit = unfit(&info),
	};
	return true;
}

/* The firmware calls all that are enabled. */
static void spare(unsigned int number)
{
	(void)number;
}

static bool call(void (*procedure)(void))
{
	UINTN *failed = NULL;
	EFI_STATUS status;

	ordered = procedure;
	status = efi_call(services, StartupAllAPs, services, arrive, FALSE, NULL, CALL_US_MAX, NULL,
			  &failed);
	if (failed)
		efi_call(firmware.boot, FreePool, failed);
	return !refused("StartupAllAPs", status);
}

static bool dispatch(void (*procedure)(void))
{
	EFI_STATUS status = efi_call(firmware.boot, CreateEvent, 0, 0, NULL, NULL, &event);

	if (refused("CreateEvent", status)) {
		event = NULL;
		return false;
	}
	ordered = procedure;
	status = efi_call(services, StartupAllAPs, services, arrive, FALSE, event, DISPATCH_US_MAX,
			  NULL, NULL);
	if (!refused("StartupAllAPs", status))
		return true;
	efi_call(firmware.boot, CloseEvent, event);
	event = NULL;
	return false;
}

static bool enable(unsigned int number, BOOLEAN on)
{
	EFI_STATUS status = efi_call(services, EnableDisableAP, services, number, on, NULL);

	return !refused("EnableDisableAP", status);
}

/* Disabled until the end, for otherwise the next dispatch would have it come. The event of the one
 * that it was in never comes. */
static void leave_out(unsigned int number)
{
	if (nr_disabled < LEFT_OUT_MAX && enable(number, FALSE))
		disabled[nr_disabled++] = number;
	if (event)
		efi_call(firmware.boot, CloseEvent, event);
	event = NULL;
}

/* The firmware looks after its processors by a timer, every 100 ms. */
static bool all_back(void)
{
	EFI_STATUS status = EFI_NOT_READY;

	if (!event)
		return true;
	for (int turn = 0; turn < BACK_TURNS_MAX && status == EFI_NOT_READY; turn++) {
		status = efi_call(firmware.boot, CheckEvent, event);
		if (status == EFI_NOT_READY)
			efi_call(firmware.boot, Stall, BACK_TURN_US);
	}
	efi_call(firmware.boot, CloseEvent, event);
	event = NULL;
	return !EFI_ERROR(status);
}

static void end(void)
{
	while (nr_disabled)
		enable(disabled[--nr_disabled], TRUE);
}

const struct cpu_caller *mp_services_caller(void)
{
	static const EFI_GUID guid = EFI_MP_SERVICES_PROTOCOL_GUID;
	static const struct cpu_caller caller = {count,	   describe, spare,	dispatch,
						 all_back, call,     leave_out, end};

	services = firmware_protocol(NULL, &guid);
	return services ? &caller : NULL;
}
