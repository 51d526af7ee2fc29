/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "firmware.h"

/*
 * Files on volumes that the firmware knows (UEFI 2.10, 13.4 and 13.5). Names are plain text,
 * relative to a folder that is open. All of it needs the gate open; what is opened here the caller
 * closes with file_close().
 */

/* The root of the volume that the image came from; NULL: it came from none. */
EFI_FILE_HANDLE volume_boot(void);
/*
 * Connects all drives, and returns the root of the first volume that has \vmlab.cfg and is not the
 * one that the image came from; NULL: there is none. Changes the machine's timing for good.
 */
EFI_FILE_HANDLE volume_search(void);

/* Opens what is there. */
EFI_STATUS file_open(EFI_FILE_HANDLE folder, const char *name, bool write, EFI_FILE_HANDLE *file);
/* Opens a folder, made where it is not there. */
EFI_STATUS folder_make(EFI_FILE_HANDLE folder, const char *name, EFI_FILE_HANDLE *made);
/* A new file of `size` blank bytes: lines of blanks, so that it reads as text all the time. */
EFI_STATUS file_make(EFI_FILE_HANDLE folder, const char *name, size_t size, EFI_FILE_HANDLE *file);
/* NULL is let pass. */
void file_close(EFI_FILE_HANDLE file);
/* Deletes the file, or the empty folder, and closes it. */
EFI_STATUS file_delete(EFI_FILE_HANDLE file);

/* The size in bytes of an open file; 0 when the firmware does not say. */
uint64_t file_size(EFI_FILE_HANDLE file);
/* Writes `length` bytes at `at`; what is written is safe after file_flush(). */
EFI_STATUS file_write(EFI_FILE_HANDLE file, uint64_t at, const void *bytes, size_t length);
EFI_STATUS file_flush(EFI_FILE_HANDLE file);
/*
 * Cuts the file off behind `size` bytes, and flushes. Firmware that cannot cut leaves blanks there,
 * which the formats of all our files allow.
 */
EFI_STATUS file_trim(EFI_FILE_HANDLE file, uint64_t size);

/*
 * The contents of an open file in pages from firmware_pages(), as many as `*nr_pages`; NULL: empty,
 * larger than `max`, or it cannot be read.
 */
char *file_contents(EFI_FILE_HANDLE file, size_t max, size_t *size, size_t *nr_pages);

/* Calls `entry` for each name in the folder, but "." and "..". */
void folder_each(EFI_FILE_HANDLE folder, void (*entry)(void *context, const char *name),
		 void *context);
