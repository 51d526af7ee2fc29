/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "firmware.h"
#include "options.h"

/*
 * The end of the application, once everything has been given back: told to QEMU (isa-debug-exit),
 * to the caller as a status, or to the person in front of it. Gate open.
 */

enum outcome { OUTCOME_PASSED, OUTCOME_FAILED, OUTCOME_SKIPPED, OUTCOME_CRASHED };

/* "passed", "failed", "skipped", "crashed". */
const char *finish_word(enum outcome outcome);
/* EFI_SUCCESS; EFI_ABORTED failed; EFI_NOT_STARTED all skipped; EFI_DEVICE_ERROR crashed. */
EFI_STATUS finish_status(enum outcome outcome);

/* What `exit` comes down to here: never EXIT_AUTO. */
enum exit_way finish_way(enum exit_way exit);

/* Restarts the machine, or switches it off. Returns where it cannot. */
void finish_reboot(bool power_off);

/*
 * Does what `exit` asks for. Returns where the application is to return to its caller: with
 * exit=shell and exit=menu, after the wait of exit=wait, or when the machine did not do as it was
 * told.
 */
void finish(enum exit_way exit, unsigned int wait_seconds, enum outcome outcome);
