/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <efi.h>

/*
 * The firmware: its tables, and the one way to call it. Everything here needs the gate open.
 *
 * Strings that come from the firmware are UCS-2 and not trusted; firmware_text() makes plain text
 * of them.
 */

struct firmware {
	EFI_HANDLE image; /* our own handle */
	EFI_SYSTEM_TABLE *system;
	EFI_BOOT_SERVICES *boot;
	EFI_LOADED_IMAGE *loaded; /* what we are loaded as; NULL when the firmware does not say */
};
extern struct firmware firmware;

/* Fills `firmware`, and takes the boot watchdog (five minutes, UEFI 7.5) away. */
void firmware_init(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

/*
 * Calls a service: efi_call(firmware.boot, FreePages, address, pages). Every call of the firmware
 * goes through here; with the gate closed it is an assertion that fails, not a jump into nowhere.
 */
#define efi_call(object, service, ...)                                                             \
	(firmware_assert_callable(#service), (object)->service(__VA_ARGS__))
void firmware_assert_callable(const char *service);

/* The protocol `guid` on `handle`, or anywhere with NULL as handle; NULL: there is none. */
void *firmware_protocol(EFI_HANDLE handle, const EFI_GUID *guid);
/* The configuration table `guid` (UEFI 4.6); NULL: there is none. */
const void *firmware_table(const EFI_GUID *guid);
/* Pages of EfiLoaderData, anywhere; NULL when there are none. */
void *firmware_pages(size_t nr);
EFI_STATUS firmware_free_pages(void *pages, size_t nr);
/* The first `max` characters as ASCII into `out` (what is not becomes '?'), NUL at the end. */
void firmware_text(const CHAR16 *text, size_t max, char *out, size_t size);
/* A few words for a status: "out of resources". */
const char *firmware_status_name(EFI_STATUS status);
