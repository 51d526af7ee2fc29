/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <efi.h>

/* EFI_MP_SERVICES_PROTOCOL (UEFI PI 1.8, vol. 2, 13.4), which gnu-efi 3.0.15 does not declare. */

#define EFI_MP_SERVICES_PROTOCOL_GUID                                                              \
	{                                                                                          \
		0x3fdda605, 0xa76e, 0x4f46,                                                        \
		{                                                                                  \
			0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08                             \
		}                                                                                  \
	}

typedef struct EFI_MP_SERVICES_PROTOCOL EFI_MP_SERVICES_PROTOCOL;
typedef VOID(EFIAPI *EFI_AP_PROCEDURE)(VOID *argument);

enum { PROCESSOR_AS_BSP_BIT = 1, PROCESSOR_ENABLED_BIT = 2, PROCESSOR_HEALTH_STATUS_BIT = 4 };

typedef struct {
	UINT32 Package, Core, Thread;
} EFI_CPU_PHYSICAL_LOCATION;

typedef struct {
	UINT64 ProcessorId; /* the APIC id */
	UINT32 StatusFlag;
	EFI_CPU_PHYSICAL_LOCATION Location;
	UINT32 Extended[6]; /* revisions from 1.7 on, when asked for */
} EFI_PROCESSOR_INFORMATION;

struct EFI_MP_SERVICES_PROTOCOL {
	EFI_STATUS(EFIAPI *GetNumberOfProcessors)
	(EFI_MP_SERVICES_PROTOCOL *this, UINTN *nr, UINTN *nr_enabled);
	EFI_STATUS(EFIAPI *GetProcessorInfo)
	(EFI_MP_SERVICES_PROTOCOL *this, UINTN number, EFI_PROCESSOR_INFORMATION *info);
	EFI_STATUS(EFIAPI *StartupAllAPs)
	(EFI_MP_SERVICES_PROTOCOL *this, EFI_AP_PROCEDURE procedure, BOOLEAN one_by_one,
	 EFI_EVENT event, UINTN microseconds, VOID *argument, UINTN **failed);
	EFI_STATUS(EFIAPI *StartupThisAP)
	(EFI_MP_SERVICES_PROTOCOL *this, EFI_AP_PROCEDURE procedure, UINTN number, EFI_EVENT event,
	 UINTN microseconds, VOID *argument, BOOLEAN *finished);
	EFI_STATUS(EFIAPI *SwitchBSP)
	(EFI_MP_SERVICES_PROTOCOL *this, UINTN number, BOOLEAN enable_old);
	EFI_STATUS(EFIAPI *EnableDisableAP)
	(EFI_MP_SERVICES_PROTOCOL *this, UINTN number, BOOLEAN enable, UINT32 *health);
	EFI_STATUS(EFIAPI *WhoAmI)(EFI_MP_SERVICES_PROTOCOL *this, UINTN *number);
};
