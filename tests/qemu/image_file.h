/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <efi.h>

/*
 * Reads \vmlab.efi from the file system of `device` into `*data`, pool memory of `*size` bytes, for
 * programs that start it by themselves. EFI_SUCCESS, or what the firmware answered.
 */
EFI_STATUS image_file_read(EFI_BOOT_SERVICES *services, EFI_HANDLE device, void **data,
			   UINTN *size);
