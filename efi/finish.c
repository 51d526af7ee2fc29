/* SPDX-License-Identifier: BSD-2-Clause */
#include "finish.h"
#include "console.h"
#include "instructions.h"
#include "machine.h"

/* QEMU ends with (value << 1) | 1: 33, 35, 37, 39, none of which it uses itself. */
enum { DEBUG_EXIT_PORT = 0xf4, DEBUG_EXIT_FIRST = 16 };

const char *finish_word(enum outcome outcome)
{
	static const char *const words[] = {
		[OUTCOME_PASSED] = "passed",
		[OUTCOME_FAILED] = "failed",
		[OUTCOME_SKIPPED] = "skipped",
		[OUTCOME_CRASHED] = "crashed",
	};

	return words[outcome];
}

EFI_STATUS finish_status(enum outcome outcome)
{
	static const EFI_STATUS statuses[] = {
		[OUTCOME_PASSED] = EFI_SUCCESS,
		[OUTCOME_FAILED] = EFI_ABORTED,
		[OUTCOME_SKIPPED] = EFI_NOT_STARTED,
		[OUTCOME_CRASHED] = EFI_DEVICE_ERROR,
	};

	return statuses[outcome];
}

static void wait_for_key(unsigned int seconds)
{
	log_note("press a key to leave (by itself in %u seconds)", seconds);
	console_wait_key(seconds);
}

static void reset(EFI_RESET_TYPE type)
{
	efi_call(firmware.system->RuntimeServices, ResetSystem, type, EFI_SUCCESS, 0, NULL);
}

void finish(enum exit_way exit, unsigned int wait_seconds, enum outcome outcome)
{
	if (exit == EXIT_AUTO)
		exit = machine_is_qemu() ? EXIT_QEMU : EXIT_WAIT;
	if (exit == EXIT_QEMU)
		out32(DEBUG_EXIT_PORT, DEBUG_EXIT_FIRST + (uint32_t)outcome);
	else if (exit == EXIT_WAIT)
		wait_for_key(wait_seconds);
	else if (exit == EXIT_REBOOT)
		reset(EfiResetCold);
	else if (exit == EXIT_POWEROFF)
		reset(EfiResetShutdown);
}
