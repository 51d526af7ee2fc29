/* SPDX-License-Identifier: BSD-2-Clause */
#include "serial.h"
#include "firmware.h"
#include "instructions.h"

enum { DEBUG_PORT = 0xe9 };

/* A 16550 at COM1's place (National Semiconductor PC16550D, 8.0). */
enum {
	COM1 = 0x3f8,
	COM1_DATA = COM1,
	COM1_INTERRUPTS = COM1 + 1,
	COM1_FIFO = COM1 + 2,
	COM1_LINE = COM1 + 3,
	COM1_MODEM = COM1 + 4,
	COM1_STATUS = COM1 + 5,
	COM1_SCRATCH = COM1 + 7,
	LINE_8N1 = 0x03,
	LINE_DIVISOR = 0x80,
	FIFO_ON_AND_CLEAR = 0x07,
	MODEM_DTR_RTS = 0x03,
	STATUS_ROOM = 0x20,
	DIVISOR_115200 = 1,
	TURNS_MAX = 100000, /* of waiting for room: about 0.1 s of port reads */
};

static enum { NOWHERE, TO_DEBUG_PORT, TO_COM1 } target;

static bool uart_keeps(uint8_t value)
{
	out8(COM1_SCRATCH, value);
	return in8(COM1_SCRATCH) == value;
}

static bool path_has_uart(const EFI_DEVICE_PATH *path)
{
	enum { NODES_MAX = 64 };

	for (int i = 0; path && i < NODES_MAX && path->Type != END_DEVICE_PATH_TYPE; i++) {
		unsigned int length = path->Length[0] | (unsigned int)path->Length[1] << 8;

		if (path->Type == MESSAGING_DEVICE_PATH && path->SubType == MSG_UART_DP)
			return true;
		if (length < sizeof(*path))
			return false;
		path = (const EFI_DEVICE_PATH *)((const uint8_t *)path + length);
	}
	return false;
}

/* Whether any of the firmware's text goes to a UART. */
static bool firmware_console_on_uart(void)
{
	static const EFI_GUID text_output = EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL_GUID;
	static const EFI_GUID device_path = EFI_DEVICE_PATH_PROTOCOL_GUID;
	EFI_HANDLE *handles = NULL;
	UINTN nr = 0;
	bool found = false;

	if (EFI_ERROR(efi_call(firmware.boot, LocateHandleBuffer, ByProtocol,
			       (EFI_GUID *)&text_output, NULL, &nr, &handles)))
		return false;
	for (UINTN i = 0; i < nr && !found; i++)
		found = path_has_uart(firmware_protocol(handles[i], &device_path));
	efi_call(firmware.boot, FreePool, handles);
	return found;
}

static void set_up_com1(void)
{
	out8(COM1_INTERRUPTS, 0);
	out8(COM1_LINE, LINE_DIVISOR);
	out8(COM1_DATA, DIVISOR_115200);
	out8(COM1_INTERRUPTS, 0);
	out8(COM1_LINE, LINE_8N1);
	out8(COM1_FIFO, FIFO_ON_AND_CLEAR);
	out8(COM1_MODEM, MODEM_DTR_RTS);
}

void serial_init(bool under_hypervisor)
{
	if (under_hypervisor && in8(DEBUG_PORT) == DEBUG_PORT) {
		target = TO_DEBUG_PORT;
	} else if (uart_keeps(0x5a) && uart_keeps(0xa5) && !firmware_console_on_uart()) {
		set_up_com1();
		target = TO_COM1;
	}
}

static void com1_byte(char byte)
{
	for (int turn = 0; turn < TURNS_MAX; turn++) {
		if (in8(COM1_STATUS) & STATUS_ROOM) {
			out8(COM1_DATA, (uint8_t)byte);
			return;
		}
	}
	target = NOWHERE; /* nobody takes it away; not waited for again */
}

void serial_line(const char *line, size_t length)
{
	if (target == TO_DEBUG_PORT) {
		out8_bytes(DEBUG_PORT, line, length);
		out8(DEBUG_PORT, '\n');
	}
	for (size_t i = 0; target == TO_COM1 && i < length; i++)
		com1_byte(line[i]);
	if (target == TO_COM1) {
		com1_byte('\r');
		com1_byte('\n');
	}
}

const char *serial_name(void)
{
	static const char *const names[] = {"none", "debug port 0xe9", "COM1"};

	return names[target];
}
