/* SPDX-License-Identifier: BSD-2-Clause */
#include "finish.h"
#include "instructions.h"
#include "keys.h"
#include "machine.h"
#include "screen.h"

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

/* Says nothing in the log: that is closed. */
static void wait_for_key(unsigned int seconds)
{
	screen_print(SCREEN_PLAIN, " ");
	screen_print(SCREEN_PLAIN, "  press a key to leave (by itself in %u seconds)", seconds);
	key_wait(seconds);
}

static void reset(EFI_RESET_TYPE type)
{
	efi_call(firmware.system->RuntimeServices, ResetSystem, type, EFI_SUCCESS, 0, NULL);
}

enum exit_way finish_way(enum exit_way exit)
{
	if (exit == EXIT_AUTO)
		return machine_is_qemu() ? EXIT_QEMU : EXIT_WAIT;
	return exit;
}

void finish_reboot(bool power_off)
{
	reset(power_off ? EfiResetShutdown : EfiResetCold);
}

void finish(enum exit_way exit, unsigned int wait_seconds, enum outcome outcome)
{
	enum exit_way way = finish_way(exit);

	if (way == EXIT_QEMU)
		out32(DEBUG_EXIT_PORT, DEBUG_EXIT_FIRST + (uint32_t)outcome);
	/* Started by hand, QEMU may have nothing at that port. */
	if (way == EXIT_WAIT || (way == EXIT_QEMU && exit == EXIT_AUTO))
		wait_for_key(wait_seconds);
	else if (way == EXIT_REBOOT || way == EXIT_POWEROFF)
		finish_reboot(way == EXIT_POWEROFF);
}
