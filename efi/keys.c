/* SPDX-License-Identifier: BSD-2-Clause */
#include "keys.h"
#include "firmware.h"

static int key_of(const EFI_INPUT_KEY *key)
{
	static const struct {
		CHAR16 scan;
		int key;
	} keys[] = {
		{SCAN_UP, KEY_UP},	     {SCAN_DOWN, KEY_DOWN},
		{SCAN_LEFT, KEY_LEFT},	     {SCAN_RIGHT, KEY_RIGHT},
		{SCAN_PAGE_UP, KEY_PAGE_UP}, {SCAN_PAGE_DOWN, KEY_PAGE_DOWN},
		{SCAN_ESC, KEY_ESCAPE},
	};

	if (key->UnicodeChar)
		return key->UnicodeChar == '\n' ? KEY_ENTER : key->UnicodeChar;
	for (unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].scan == key->ScanCode)
			return keys[i].key;
	return KEY_OTHER;
}

static int read_key(SIMPLE_INPUT_INTERFACE *in)
{
	EFI_INPUT_KEY key;

	return EFI_ERROR(efi_call(in, ReadKeyStroke, in, &key)) ? KEY_NONE : key_of(&key);
}

int key_poll(void)
{
	SIMPLE_INPUT_INTERFACE *in = firmware.system->ConIn;

	if (!in || efi_call(firmware.boot, CheckEvent, in->WaitForKey) != EFI_SUCCESS)
		return KEY_NONE;
	return read_key(in);
}

/* The key's event is waited for together with a timer. */
int key_wait(unsigned int seconds)
{
	SIMPLE_INPUT_INTERFACE *in = firmware.system->ConIn;
	EFI_EVENT events[2];
	UINTN index = 0, nr = 0;

	if (EFI_ERROR(efi_call(firmware.boot, CreateEvent, EVT_TIMER, 0, NULL, NULL, &events[0])))
		return KEY_NONE;
	efi_call(firmware.boot, SetTimer, events[0], TimerRelative, seconds * 10000000ull);
	events[1] = in ? in->WaitForKey : NULL;
	nr = in ? 2 : 1;
	if (EFI_ERROR(efi_call(firmware.boot, WaitForEvent, nr, events, &index)))
		index = 0;
	efi_call(firmware.boot, CloseEvent, events[0]);
	return index == 1 ? read_key(in) : KEY_NONE;
}
